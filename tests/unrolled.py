"""The plain way to prove a program with loops, and judge of the clever one: every trip executed on terms."""

from dataclasses import replace

import numpy as np

from armlet.isa.core import Memory
from armlet.isa.semantics import RefusalError, Term
from armlet.isa.thumb.reading import compile_step, register_names, repeats_from
from armlet.isa.thumb.thumb import THUMB
from armlet.prove.contract import Call, Contract, known_word
from armlet.prove.execute import MEMORY, RETURN, form_number
from armlet.prove.state import State, WordMemory
from armlet.prove.terms import Terms
from armlet.simulate.decoded import DecodedProgram
from armlet.toolchain.image import Image

MOST = 20_000  # instructions


def holds_unrolled(program: DecodedProgram, image: Image, entry: str, call: Call, contract: Contract) -> bool:
    """Whether the program leaves the declared terms in memory, and gives back what it must."""
    state, places = _start(image, call, contract)
    before = dict(state.registers)
    try:
        _run(state, program, image.address(entry))
    except RefusalError:
        return False
    value = {cell: state.terms.unknown("input", cell) for cell in range(contract.size)}
    for stencil in contract.stencils:
        for cell, operands in zip(contract.cells(stencil.tensor, stencil.cells).tolist(), stencil.operands.T.tolist()):
            words = [_word(state.terms, value, operand) for operand in operands]
            value[cell] = stencil.value(state.terms, words)
            if state.memory.load(places[cell], 4) != value[cell]:
                return False
    return all(state.registers.get(name) == before[name] for name in call.preserved)


def _word(terms: Terms, value: dict[int, Term], operand: int) -> Term:
    bits = known_word(operand)
    return value[operand] if bits is None else terms.constant(bits)


def _start(image: Image, call: Call, contract: Contract) -> tuple[State[Terms], dict[int, int]]:
    """What holds at the call, and the address of each cell."""
    terms = Terms(contract.arithmetic.identities)
    moved = {a.memory.base: a.memory.base + k * MEMORY for k, a in enumerate(call.areas, 1)}
    areas = [replace(a, memory=Memory(moved[a.memory.base], a.memory.size)) for a in call.areas]
    start = {area.what: area.memory for area in areas}
    registers = {name: terms.unknown("register", k) for k, name in enumerate(call.preserved)}
    registers |= {"sp": terms.pointer(start["stack"].end), "lr": terms.pointer(RETURN | 1)}
    registers |= {name: terms.pointer(start[what].base) for name, what in call.arguments.items()}
    places: dict[int, int] = {}
    given: dict[int, Term] = {}
    for tensor in contract.tensors:
        what, offset = call.places[tensor.name]
        for index, cell in enumerate(contract.cells(tensor.name, np.arange(tensor.words)).tolist()):
            places[cell] = start[what].base + offset + 4 * index
            if tensor.given:
                given[places[cell]] = terms.unknown("input", cell)
    return State(terms, THUMB, image, areas, start["stack"], registers, moved, WordMemory(given)), places


def _run(state: State[Terms], program: DecodedProgram, at: int) -> None:
    counted: int | None = None  # what set the flags last, where it is known
    for _ in range(MOST):
        if at == RETURN:
            return
        form = program.forms[form_number(program, at)]
        head = repeats_from(form)
        if head is None:
            to = compile_step(form)(state, at)
            counted = state.terms.bits(state.get(register_names(form.writes)[0])) if form.flags else counted
        elif counted is None:
            raise RefusalError("depends on data")
        else:
            to = head if counted else None
        at = at + form.size if to is None else to
    raise RefusalError("takes too long")
