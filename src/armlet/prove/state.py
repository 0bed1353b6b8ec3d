"""A core that computes with terms: registers and words of memory, each holding a term or nothing.

An address or anything else that decides the path must be a known word, so a program that gets through has one path for
all inputs. What was never written cannot be read, and nothing outside the declared areas can be touched. Memory is
reached by pointers alone: those that the call was given, and those that the linker makes of the program's symbols. They
have no number, so that nothing can be right by where a piece happens to lie.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from armlet.isa.core import Memory
from armlet.isa.instruction_set import InstructionSet
from armlet.isa.semantics import RefusalError, Term, WordAlgebra
from armlet.simulate.runner import INPUT_ARRAY, OUTPUT_ARRAY, MemoryRegion
from armlet.toolchain.image import Image


class Places(WordAlgebra, Protocol):
    """Words as terms, of which some are addresses."""

    def place(self, a: Term) -> int | None:
        """The address that a word is, where it is one."""
        ...


class Stored(Protocol):
    """What a program has written."""

    def load(self, address: int, size: int, signed: bool = False) -> Term | None:
        """The bytes at an address as a word; None where one was never written."""
        ...

    def write(self, address: int, size: int, word: Term) -> None:
        """Store the lowest bytes of a word."""
        ...


@dataclass(slots=True)
class WordMemory:
    """Memory of whole words, each by its address."""

    words: dict[int, Term] = field(default_factory=dict)

    def load(self, address: int, size: int, signed: bool = False) -> Term | None:
        """The word at an address."""
        return self.words.get(address)

    def write(self, address: int, size: int, word: Term) -> None:
        """Store a word."""
        self.words[address] = word


Algebra = TypeVar("Algebra", bound=Places)


@dataclass(slots=True)
class State(Generic[Algebra]):
    """One core in the middle of a program, its values terms."""

    terms: Algebra
    isa: InstructionSet
    image: Image
    areas: Sequence[MemoryRegion]
    stack: Memory
    registers: dict[str, Term]
    symbols: Mapping[int, int] = field(default_factory=dict)  # address of each piece of the image, and its place here
    memory: Stored = field(default_factory=WordMemory)
    has_given: bool = False  # whether an output has been written to the caller's array
    flags: Term | None = None  # the word of which they tell whether it is zero
    late: int | None = None  # the address of the first input that is read from the caller's array after that

    def get(self, register: str) -> Term:
        """What a register holds; nothing may be read before it was written."""
        if register not in self.registers:
            raise RefusalError(f"reads {register}, which holds nothing")
        return self.registers[register]

    def put(self, register: str, term: Term) -> None:
        """Write a register; the program counter is written by jumps only."""
        if register not in self.isa.registers:
            raise RefusalError(f"writes {register}, which the prover does not follow")
        if register == "sp":
            self._check_stack_pointer(term)
        self.registers[register] = term

    def target(self, term: Term) -> int:
        """Where a jump to a word goes: the way back of a call, whose lowest bit says Thumb."""
        place = self.terms.place(term) if self.terms.bits(term) is None else None
        bit = self.isa.code_bit
        if place is None or place & bit != bit:
            raise RefusalError(f"jumps where no known {self.isa.name} code is")
        return place & ~bit

    def known(self, register: str) -> int:
        """An address that must not depend on data."""
        place = self.terms.place(self.get(register))
        if place is None:
            raise RefusalError(f"takes {register} as an address, which depends on data")
        return place

    def linked(self, at: int) -> int | None:
        """The place of the symbol whose address the linker filled into the instruction at `at`, if it did."""
        return self.symbols.get(self.image.filled[at]) if at in self.image.filled else None

    def is_linked_call(self, at: int, to: int) -> bool:
        """Whether the linker filled `to` into the call at `at`."""
        return self.image.filled.get(at) == to

    def move(self, register: str, by: int) -> None:
        """An address some bytes on."""
        self.known(register)
        moved = self.terms.moved(self.get(register), by)
        if moved is not None:
            self.put(register, moved)

    def flag(self, term: Term) -> None:
        """The flags tell of a word."""
        self.flags = term

    def load(self, address: int) -> Term:
        """A word of memory: written before, or a constant. What variables start with holds for the first call only."""
        return self.load_part(address, self.isa.word, False)

    def load_part(self, address: int, size: int, signed: bool) -> Term:
        """The bytes at an address as a word, with their sign where `signed`."""
        area = self._allowed(address, size, False)
        if area.what == INPUT_ARRAY and self.has_given and self.late is None:
            self.late = address
        found = self.memory.load(address, size, signed)
        return self.terms.constant(self._content(area, address, size, signed)) if found is None else found

    def held(self, address: int, size: int, signed: bool) -> int:
        """A constant of the program."""
        area = self._allowed(address, size, False)
        if area.writable:
            raise RefusalError(f"takes {address:#010x} as an entry of a table, which is no constant")
        return self._content(area, address, size, signed)

    def store(self, address: int, term: Term) -> None:
        """Write a word of memory."""
        self.store_part(address, self.isa.word, term)

    def store_part(self, address: int, size: int, term: Term) -> None:
        """Write the lowest bytes of a word."""
        self.has_given |= self._allowed(address, size, True).what == OUTPUT_ARRAY
        self.memory.write(address, size, term)

    def _content(self, area: MemoryRegion, address: int, size: int, signed: bool) -> int:
        at = address - area.memory.base
        if at + size > len(area.content):
            raise RefusalError(f"reads {address:#010x}, which was never written")
        return int.from_bytes(area.content[at : at + size], "little", signed=signed)

    def _check_stack_pointer(self, term: Term) -> None:
        """Interrupts push below it at any time."""
        place = self.terms.place(term)
        if place is None or not self.stack.base <= place <= self.stack.end or place % self.isa.word:
            raise RefusalError("moves the stack pointer out of the stack that is declared")

    def _allowed(self, address: int, size: int, writes: bool) -> MemoryRegion:
        """The area that holds so many bytes."""
        if address % size:
            raise RefusalError(f"accesses {address:#010x}, which is not aligned")
        if self.stack.base <= address < self.stack.end and address < self.known("sp"):
            raise RefusalError(f"accesses {address:#010x} below the stack pointer, which interrupts overwrite")
        for area in self.areas:
            if area.memory.base <= address and address + size <= area.memory.end and (area.writable or not writes):
                return area
        raise RefusalError(f"{'writes' if writes else 'reads'} {address:#010x}, outside its memory")
