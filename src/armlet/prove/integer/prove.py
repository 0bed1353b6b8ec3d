"""The linked bytes compute a network in integers for every declared input: shown on exact linear forms.

The program is run from its entry with each input an unknown in its interval. Sums of 32 bits are linear forms modulo
2^32, so their order is nothing, and what leaves its field on the way is harmless where it wraps back; every shift to
the right, field and clamp must be shown by intervals to mean the same as on whole numbers. Where the program ends, each
output must be the form that the network declares. All else is as in `prove/prove.py`: nothing may be read that was not
written, nothing outside the declared memory may be touched, what may only be read is never written, no condition and no
address but that of a table's entry may depend on data, and the registers that a call preserves hold what they held.
"""

from collections.abc import Callable
from dataclasses import replace

from armlet.errors import InputError
from armlet.integer.forms.byte_memory import ByteMemory
from armlet.integer.forms.declared import declared_layers, input_forms
from armlet.integer.forms.difference import find_difference
from armlet.integer.forms.words import Words
from armlet.integer.network import IntegerNetwork
from armlet.isa.core import Memory
from armlet.isa.semantics import IntegerMachine, RefusalError
from armlet.prove.execute import MEMORY, RETURN, Walk, execute, instructions_of
from armlet.prove.integer.call import IntegerCall
from armlet.prove.prove import Proof
from armlet.prove.state import State
from armlet.simulate.decoded import DecodedProgram
from armlet.toolchain.image import Image

_MOST = 64  # instructions executed for each byte of constants, beside each instruction once: loops go over tables


def prove_integers(program: DecodedProgram, image: Image, call: IntegerCall, network: IntegerNetwork) -> Proof:
    """Whether the call computes `network` for all inputs in their intervals."""
    if call.entry not in image.functions:
        return Proof("is no function that other code can call", 0, 0)
    words, steps = Words(), 0
    try:
        state = _start(program, image, call, network, words)
        before = dict(state.registers)
        reading = program.isa.reading
        walk = Walk[IntegerMachine](program, image, words, reading.compile_integer_step)
        walk.most = instructions_of(program) + _MOST * image.constant_bytes
        for number, form in enumerate(program.forms):
            if (to := reading.repeats_from(form)) is not None:
                walk.known[number] = _branch(state, to)
        execute(state, walk, image.address(call.entry))
        steps = walk.steps
        _check_left(state, call, before)
        problem = _difference(state, walk, call, network)
    except (RefusalError, InputError) as refusal:
        return Proof(str(refusal), steps, 0)
    late = "" if state.late is None else f"reads the input at {state.late % MEMORY:#010x} after it wrote an output"
    return Proof(problem, steps, 0, late)


def _start(
    program: DecodedProgram, image: Image, call: IntegerCall, network: IntegerNetwork, words: Words
) -> State[Words]:
    """What holds at the call. Raises `RefusalError` where the prover cannot start."""
    call.check()
    areas = [
        replace(region, memory=Memory(region.memory.base + number * MEMORY, region.memory.size))
        for number, piece in enumerate(call.pieces, 1)
        for region in piece
    ]
    stack = next(area.memory for area in areas if area.what == "stack")
    registers = {name: words.unknown("register", k) for k, name in enumerate(call.preserved)}
    registers |= {"sp": words.pointer(stack.end), "lr": words.pointer(RETURN | program.isa.code_bit)}
    registers |= {f"r{k}": words.pointer(call.place(address)) for k, address in enumerate(call.arguments)}
    symbols = {piece[0].memory.base: call.place(piece[0].memory.base) for piece in call.pieces}
    memory = ByteMemory(words)
    for place in _zero_places(call):
        memory.write(place, 1, words.constant(0))
    forms = input_forms(network, words.unknowns)
    for address, held in call.inputs.items():
        memory.write(call.place(address), held.bytes, words.word(forms[held.index]))
    return State(words, program.isa, image, areas, stack, registers, symbols, memory)


def _branch(state: State[Words], to: int) -> Callable[[IntegerMachine, int], int | None]:
    """BNE, where the flags tell of a word that no input changes."""

    def step(_: IntegerMachine, at: int) -> int | None:
        left = None if state.flags is None else state.terms.bits(state.flags)
        if left is None:
            raise RefusalError("goes on by what depends on data")
        return to if left else None

    return step


def _zero_places(call: IntegerCall) -> list[int]:
    """The bytes that are zero at the call and afterwards."""
    filled = {address + k for address, held in call.inputs.items() for k in range(held.bytes)}
    return [call.place(at) for zero in call.zeros for at in range(zero.base, zero.end) if at not in filled]


def _check_left(state: State[Words], call: IntegerCall, before: dict[str, int]) -> None:
    """Raise `RefusalError` where the call does not give back registers, or zeros that the next call counts on."""
    words, zero = state.terms, state.terms.constant(0)
    held = state.registers
    lost = [name for name in call.preserved if name not in held or not words.same(held[name], before[name])]
    if lost:
        raise RefusalError(f"does not give back {', '.join(lost)}")
    for place in _zero_places(call):
        byte = state.memory.load(place, 1)
        if byte is None or not words.same(byte, zero):
            raise RefusalError(f"leaves something at {place % MEMORY:#010x}, which must stay zero")


def _difference(state: State[Words], walk: Walk[IntegerMachine], call: IntegerCall, network: IntegerNetwork) -> str:
    """Where the program first leaves the network, in words; empty where every output is the declared one."""
    words = state.terms
    made = len(words.unknowns.definitions)
    is_signed = network.result_format.low < 0
    left = [state.memory.load(call.place(at), call.output_bytes, is_signed) for at in call.outputs]
    found = find_difference(words, network, declared_layers(network, words.unknowns), left, made)
    if found is None:
        return ""
    at = f", last made at {walk.maker[found.near]:#010x}" if found.near in walk.maker else ""
    return found.problem + at
