"""The linked bytes of a program with counted loops hold to their contract, for every input.

The body of each loop is executed once, on bases without numbers (`prove/record.py`). The trips are integers: how many
there are, and where each base stands in each, follows from the counters alone, which start as numbers and never meet
data. Out of that come the cell and the time of every access (`prove/instances.py`): all lie inside their tensors, each
declared cell is written once and read only after that (`prove/cover.py`), and what is written is declared
(`prove/compare.py`). A program without a loop is the case of one trip.
"""

from collections.abc import Callable

import numpy as np

from armlet.isa.semantics import RefusalError
from armlet.prove.compare import compare
from armlet.prove.contract import I64, Call, Contract, words
from armlet.prove.cover import check_cover, check_held
from armlet.prove.execute import MEMORY, RETURN, Walk, execute, relocated, roundings
from armlet.prove.instances import Instances
from armlet.prove.prove import Proof
from armlet.prove.record import Recorder
from armlet.prove.skeleton import find_nest
from armlet.prove.state import State
from armlet.prove.summary import Access
from armlet.prove.terms import Terms
from armlet.simulate.decoded import DecodedProgram
from armlet.simulate.runner import MemoryRegion
from armlet.toolchain.image import Image


def prove_loops(program: DecodedProgram, image: Image, entry: str, call: Call, contract: Contract) -> Proof:
    """Whether `entry`, called as `call` says, makes what `contract` declares, for all inputs.

    It is assumed that the areas of the call lie apart from each other, and that the given tensors hold what they are
    meant to hold.
    """
    if entry not in image.functions:
        return Proof("is no function that other code can call", 0, 0)
    terms = Terms(contract.arithmetic.identities)
    try:
        recorder = _start(program, image, call, contract, terms)
        before = dict(recorder.state.registers)
        _run(recorder, program, image, entry)
        lost = [name for name in call.preserved if recorder.state.registers.get(name) != before[name]]
        if lost:
            raise RefusalError(f"does not give back {', '.join(lost)}")
        summary, areas = recorder.summary, tuple(recorder.state.areas)
        instances = Instances(summary, areas, _tables(call, contract))
        late = check_cover(instances, contract)
        check_held(instances, contract, call)
        compare(instances, contract)
    except RefusalError as refusal:
        return Proof(str(refusal), 0, 0)
    said = "reads an input after it wrote an output" if late else ""
    return Proof("", summary.repeats[0].steps, roundings(terms), said)


def _start(program: DecodedProgram, image: Image, call: Call, contract: Contract, terms: Terms) -> Recorder:
    """What holds at the call. Raises `RefusalError` where the prover cannot start."""
    areas = relocated(call.areas)
    if len(areas) * MEMORY >= RETURN:
        raise RefusalError(f"has {len(areas)} areas of memory, more than the prover tells apart")
    if block := _block(program):
        raise RefusalError(f"has an IT block at {block:#010x}: behind one that is jumped over, flags are told wrongly")
    start = {area.what: area.memory.base for area in areas}
    stack = next(area.memory for area in areas if area.what == "stack")
    registers = {name: terms.unknown("register", k) for k, name in enumerate(call.preserved)}
    registers |= {"sp": terms.pointer(stack.end), "lr": terms.pointer(RETURN | program.isa.code_bit)}
    registers |= {name: terms.pointer(start[what]) for name, what in call.arguments.items()}
    symbols = {area.memory.base: start[area.what] for area in call.areas}
    tensors = [k for k, area in enumerate(call.areas, 1) if area.what in {what for what, _ in call.places.values()}]
    constants = [k for k, area in enumerate(call.areas, 1) if area.content and not area.writable]
    state = State(terms, program.isa, image, areas, stack, registers, symbols)
    return Recorder(state, find_nest(program), program.base, frozenset(tensors), frozenset(constants))


def _block(program: DecodedProgram) -> int:
    """The address of the first IT block; 0 where there is none."""
    blocks = [number for number, form in enumerate(program.forms) if form.name == "it"]
    slots = np.flatnonzero(np.isin(program.form_at, blocks))
    return program.base + 2 * int(slots[0]) if slots.size else 0


def _run(recorder: Recorder, program: DecodedProgram, image: Image, entry: str) -> None:
    """Execute everything once."""
    meaning = program.isa.reading.compile_step
    walk = Walk(program, image, recorder.terms, meaning, follow=recorder.follow)
    for number, form in enumerate(program.forms):
        if program.isa.reading.repeats_from(form) is not None:
            walk.known[number] = lambda _, at: recorder.repeat(at)
    execute(recorder, walk, image.address(entry))
    if recorder.open:
        raise RefusalError(f"{recorder.text} at {recorder.at:#010x} returns out of a loop")


def _tables(call: Call, contract: Contract) -> Callable[[Access], I64]:
    """What the words are that an access may find."""
    known = dict[tuple[int, int], I64]()

    def table(access: Access) -> I64:
        key = access.area, call.phase(access.at)
        if key not in known:
            known[key] = _table(call, contract, call.areas[access.area - 1], key[1])
        return known[key]

    return table


def _table(call: Call, contract: Contract, area: MemoryRegion, phase: int) -> I64:
    """What each word of an area is in a phase: a cell, or a known word of constants."""
    cells = call.cells_of(contract, area, phase)
    return cells if len(cells) or area.writable else words(area.content)
