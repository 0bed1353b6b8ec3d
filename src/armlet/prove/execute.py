"""A program executed on terms, one instruction after the other, from its entry until the call returns.

In floating point nothing is executed twice: where code is repeated, what repeats it is a matter of `prove/record.py`,
which follows the walk and says what the branches back mean. In integers every trip of a loop is executed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, TypeVar

import numpy as np

from armlet.isa.core import Memory
from armlet.isa.instruction import Instruction
from armlet.isa.semantics import CoreMachine, RefusalError, Term
from armlet.prove.terms import Terms
from armlet.simulate.decoded import DecodedProgram
from armlet.simulate.runner import MemoryRegion
from armlet.toolchain.image import Image

MEMORY = 1 << 32  # this many times a number tells one piece of memory from the others; code has the number 0
RETURN = 15 * MEMORY  # where the call returns to


def relocated(areas: Sequence[MemoryRegion]) -> list[MemoryRegion]:
    """Each area of a call in a place of its own, in the order given."""
    moved = ((area.memory.base + number * MEMORY, area) for number, area in enumerate(areas, 1))
    return [replace(area, memory=Memory(base, area.memory.size)) for base, area in moved]


def roundings(terms: Terms) -> int:
    """How many different values a program rounds."""
    return sum(key[0] in ("multiply", "add", "fused") for key in terms.keys)


class Numbered(Protocol):
    """Terms that are numbered as they are made."""

    @property
    def keys(self) -> Sequence[object]:
        """One for each term."""
        ...


Machine = TypeVar("Machine", bound=CoreMachine)


@dataclass(slots=True)
class Walk(Generic[Machine]):
    """A program on its way."""

    program: DecodedProgram
    image: Image
    terms: Numbered
    meaning: Callable[[Instruction], Callable[[Machine, int], int | None]]  # of an instruction
    steps: int = 0
    known: dict[int, Callable[[Machine, int], int | None]] = field(default_factory=dict)  # by number of form
    maker: dict[Term, int] = field(default_factory=dict)  # the address at which a term was first made
    follow: Callable[[int, Instruction], None] | None = None  # is told each instruction before it is executed
    most: int | None = None  # instructions that may be executed; None: each once


def execute(machine: Machine, walk: Walk[Machine], start: int) -> None:
    """Run until the call returns. Raises `RefusalError` with the address and text of the instruction."""
    at, inside, keys = start, function_at(walk.image, start), walk.terms.keys
    most = instructions_of(walk.program) if walk.most is None else walk.most
    while at != RETURN:
        number = form_number(walk.program, at)
        form, made = walk.program.forms[number], len(keys)
        try:
            if walk.follow is not None:
                walk.follow(at, form)
            if number not in walk.known:
                walk.known[number] = walk.meaning(form)
            to = walk.known[number](machine, at)
        except RefusalError as refusal:
            raise RefusalError(f"{form.text} at {at:#010x} {refusal}") from None
        for term in range(made, len(keys)):
            walk.maker[term] = at
        before, at = at, at + form.size if to is None else to
        if at not in inside and at != RETURN:
            if form.name not in walk.program.isa.leaves:
                raise RefusalError(f"{form.text} at {before:#010x} goes on at {at:#010x}, in another function")
            inside = function_at(walk.image, at)
        walk.steps += 1
        if walk.steps > most:
            raise RefusalError(f"goes round in a loop at {at:#010x}")


def instructions_of(program: DecodedProgram) -> int:
    """How many instructions a program has."""
    return int(np.count_nonzero(program.form_at >= 0))


def form_number(program: DecodedProgram, at: int) -> int:
    """The number of the form that stands at an address. Raises `RefusalError` where there is none."""
    slot = (at - program.base) // 2
    if at % 2 or not 0 <= slot < len(program.form_at) or program.form_at[slot] < 0:
        raise RefusalError(f"goes to {at:#010x}, where no instruction is")
    return int(program.form_at[slot])


def function_at(image: Image, address: int) -> range:
    """The addresses of the function that holds `address`; of none, where there is none."""
    for symbol in image.functions:
        if image.symbols[symbol] <= address < image.symbols[symbol] + image.sizes[symbol]:
            return range(image.symbols[symbol], image.symbols[symbol] + image.sizes[symbol])
    return range(0)
