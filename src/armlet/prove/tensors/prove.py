"""The linked bytes of a program on tensors compute a network with windows for every declared input.

The call is followed on numbers for all that decides its path and its addresses, which no input may change. Each byte of
memory has a name: a constant, or a value of the network and what the byte has more. A straight run of instructions is
executed once on forms, its loaded bytes unknowns, and holds for all trips through it in which these are of one kind; no
data is carried from run to run but in memory. What a run makes of values must be the very value that the network
declares at that place: the same function (`compare.py`) of the same values, in every trip. By induction over time every
byte holds what it is named for, and at the end the outputs must be named right.
"""

import numpy as np

from armlet.errors import InputError
from armlet.integer.formats import I64
from armlet.isa.semantics import RefusalError
from armlet.prove.execute import RETURN, instructions_of
from armlet.prove.prove import Proof
from armlet.prove.tensors.compare import Judge
from armlet.prove.tensors.contents import ANYTHING, Contents, Kinds, contents_of, name_of
from armlet.prove.tensors.contract import PlacedValues, TensorCall, TensorContract
from armlet.prove.tensors.learn import Learner
from armlet.prove.tensors.runs.ground import Ground
from armlet.prove.tensors.runs.passage import Standing
from armlet.prove.tensors.values import Values
from armlet.prove.tensors.walk import Walk
from armlet.simulate.decoded import DecodedProgram
from armlet.toolchain.image import Image

_CALLER = 16  # numbers from here on are what preserved registers hold at the call
_EACH = 64  # times that each instruction may be executed on forms


def prove_tensors(program: DecodedProgram, image: Image, call: TensorCall, contract: TensorContract) -> Proof:
    """Whether the call computes the network of the contract for all inputs in their intervals."""
    if call.entry not in image.functions:
        return Proof("is no function that other code can call", 0, 0)
    walk: Walk | None = None
    try:
        call.check()
        walk = _start(program, image, call, contract)
        before = dict(walk.standing)
        walk.run(image.address(call.entry))
        lost = [name for name in call.preserved if walk.standing.get(name) != before[name]]
        if lost:
            raise RefusalError(f"does not give back {', '.join(lost)}")
        problem = _difference(walk, call, contract.outputs)
    except (RefusalError, InputError) as refusal:
        return Proof(str(refusal), walk.steps if walk else 0, 0)
    late = "" if walk.late is None else f"reads inputs in the run at {walk.late:#010x} after it wrote an output"
    return Proof(problem, walk.steps, 0, late)


def _start(program: DecodedProgram, image: Image, call: TensorCall, contract: TensorContract) -> Walk:
    """What holds at the call."""
    contents, values = contents_of(call), Values(contract.network)
    wide = (-(1 << 31), (1 << 31) - 1)  # of the bytes of a value of more than one there is no reading
    kinds = Kinds([*values.ends(), *[wide] * (3 * len(values.names))])
    for zero in contract.zeros:
        contents.names[contents.flats(call, np.arange(zero.base, zero.end))] = name_of(0)
    for placed in contract.inputs:
        contents.place(call, kinds, values.roots[placed.value], placed)
    stack = next(number for number, piece in enumerate(contents.pieces, 1) if piece.is_stack)
    linked = {piece[0].memory.base: number for number, piece in enumerate(call.pieces, 1)}
    ground = Ground(program, image, contents, kinds, stack, linked, _targets(program))
    judge = Judge(values, kinds)
    places = _places(contents, call, judge, contract)
    learner = Learner(ground, judge, places, _EACH * instructions_of(program))
    return Walk(ground, judge, _standing(program, call, contents, stack), learner)


def _standing(program: DecodedProgram, call: TensorCall, contents: Contents, stack: int) -> Standing:
    """Registers at the call."""
    found: Standing = {name: (_CALLER + k, 0) for k, name in enumerate(call.preserved)}
    found |= {"sp": (stack, contents.pieces[stack - 1].end), "lr": (RETURN >> 32, program.isa.code_bit)}
    found |= {f"r{k}": (call.piece(address), address) for k, address in enumerate(call.arguments)}
    return found


def _targets(program: DecodedProgram) -> frozenset[int]:
    """Where branches under a condition lead."""
    found = (program.isa.reading.branch_of(form) for form in program.forms)
    return frozenset(branch[1] for branch in found if branch is not None)


def _places(contents: Contents, call: TensorCall, judge: Judge, contract: TensorContract) -> dict[int, I64]:
    """By tensor the name of its value at each byte; the further bytes of wide values are tensors of their own."""
    found = dict[int, I64]()
    tensors = judge.tensors
    for placed in (*contract.places, contract.outputs):
        for byte in range(judge.values.format(placed.value).bytes):
            value = judge.values.roots[placed.value] + byte * tensors
            names = found.setdefault(value, np.full(len(contents.names), name_of(ANYTHING), np.int64))
            at = contents.flats(call, placed.addresses + byte)
            numbers = [judge.kinds.number(value, more) for more in placed.added.tolist()]
            names[at] = [name_of(number, cell) for number, cell in zip(numbers, placed.cells.tolist())]
    return found


def _difference(walk: Walk, call: TensorCall, outputs: PlacedValues) -> str:
    """The first output that is another value, in words; empty where all are right."""
    contents, judge = walk.ground.contents, walk.judge
    values, tensors = judge.values, judge.tensors
    for byte in range(values.format(outputs.value).bytes):
        at = contents.flats(call, outputs.addresses + byte)
        for cell, more, name in zip(outputs.cells.tolist(), outputs.added.tolist(), contents.names[at].tolist()):
            if not judge.answer.is_byte(name, values.roots[outputs.value] + byte * tensors, cell, more):
                told = f"{values.tell(outputs.value, cell)} is not what is left as output"
                return walk.learner.doubts.reason(name) or told
    return ""
