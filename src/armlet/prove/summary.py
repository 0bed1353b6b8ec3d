"""What each loop of a program does, told without numbers: bases and their strides, trips, and accesses on bases.

A base is what a register holds when a trip begins: a pointer into memory of its own, so that what is told of the body
holds wherever the base stands. Accesses to tensors have a base and an offset; each word that is read is an unknown of
its own, and what is written is a term of these.
"""

from dataclasses import dataclass

from armlet.isa.semantics import Term
from armlet.prove.execute import MEMORY
from armlet.prove.terms import Terms

FIRST_BASE = 1 << 10  # number of the memory of the first base; areas and the way back have lower ones


@dataclass(frozen=True, slots=True)
class Base:
    """What a register holds when a trip begins: what it held before, and `stride` more for each trip."""

    repeat: int
    held: Term  # by the register when the loop is entered
    start: int  # its place, which may lie on a base of a loop around
    stride: int | None = None  # None where the register does not move by a fixed stride, so that it stands for nothing


@dataclass(frozen=True, slots=True)
class Repeat:
    """A loop as it is executed at one place of the walk; number 0 is the whole call, one trip."""

    outer: int  # number of the one around it, itself for 0
    head: int = 0
    start: int = 0  # instructions executed before it in a trip of the outer one
    trips: int = 1
    steps: int = 0  # instructions of one trip


@dataclass(frozen=True, slots=True)
class Access:
    """One word that an instruction reads or writes in a tensor or in constants, once in each trip."""

    at: int
    text: str
    area: int  # number
    place: int  # on a base or in the area
    term: Term  # what is written, or the unknown that is read
    stores: bool
    repeat: int
    step: int  # instructions executed before it in its trip


@dataclass(frozen=True, slots=True)
class Summary:
    """The whole call."""

    terms: Terms
    bases: tuple[Base, ...]
    repeats: tuple[Repeat, ...]
    accesses: tuple[Access, ...]  # in the order of the code


def base_place(number: int) -> int:
    """Where a base stands: in the middle of memory of its own, so that offsets of both signs stay there."""
    return (FIRST_BASE + number) * MEMORY + MEMORY // 2


def signed(place: int) -> int:
    """The bytes from a base to a place on it; what an instruction adds to a register wraps round."""
    return place % MEMORY - MEMORY // 2
