"""What the meaning of an instruction is given on: a machine whose registers and memory hold terms.

A term is a value by its number: two with one number are the same for every input. The instruction sets say what each
instruction does to such a machine; the prover has one (`armlet.prove.state`).
"""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from armlet.arithmetic.algebra import Algebra
from armlet.errors import ArmletError
from armlet.integer.forms.words import Words

Term: TypeAlias = int


class RefusalError(ArmletError):
    """What keeps a program from being proved."""


class WordAlgebra(Protocol):
    """Words as terms, and what is known of them."""

    def constant(self, bits: int) -> Term:
        """A word whose bits are known."""
        ...

    def pointer(self, place: int) -> Term:
        """An address in memory whose place is the caller's choice."""
        ...

    def unknown(self, what: str, index: int) -> Term:
        """A word that only the caller knows."""
        ...

    def bits(self, a: Term) -> int | None:
        """The word, where it is known."""
        ...

    def moved(self, a: Term, by: int) -> Term | None:
        """A known word or a pointer, some bytes on; None for what depends on data."""
        ...


class TermAlgebra(Algebra[Term], WordAlgebra, Protocol):
    """Arithmetic of floating point on terms, and what is known of them."""

    def negate(self, a: Term) -> Term:
        """a with its sign turned."""
        ...

    def whole_sum(self, a: Term, b: Term) -> Term:
        """The words a and b as whole numbers, added; they wrap round."""
        ...

    def whole_difference(self, a: Term, b: Term) -> Term:
        """The word a as a whole number, b less; they wrap round."""
        ...

    def kept(self, a: Term, by: Term) -> Term:
        """The word a where the sign of `by` is clear, otherwise 0."""
        ...


class CoreMachine(Protocol):
    """Registers and words of memory that hold terms. What breaks its rules raises `RefusalError`."""

    @property
    def terms(self) -> WordAlgebra:
        """All terms so far."""
        ...

    def get(self, register: str) -> Term:
        """What a register holds."""
        ...

    def put(self, register: str, term: Term) -> None:
        """Write a register that is not the program counter."""
        ...

    def target(self, term: Term) -> int:
        """The address that a jump to `term` goes to."""
        ...

    def known(self, register: str) -> int:
        """The address in a register, which must not depend on data."""
        ...

    def linked(self, at: int) -> int | None:
        """The place of the symbol whose address the linker filled into the instruction at `at`, if it did."""
        ...

    def is_linked_call(self, at: int, to: int) -> bool:
        """Whether the linker filled `to` into the call at `at`."""
        ...

    def move(self, register: str, by: int) -> None:
        """Add a known number to the address in a register."""
        ...

    def flag(self, term: Term) -> None:
        """Set the condition flags: from now on they tell whether `term` is zero."""
        ...

    def load(self, address: int) -> Term:
        """The word at an address."""
        ...

    def store(self, address: int, term: Term) -> None:
        """Write the word at an address."""
        ...


class SymbolicMachine(CoreMachine, Protocol):
    """A machine that computes in floating point."""

    @property
    def terms(self) -> TermAlgebra:
        """All terms so far."""
        ...


class IntegerMachine(CoreMachine, Protocol):
    """A machine that computes in integers, on parts of words too."""

    @property
    def terms(self) -> Words:
        """All words so far, as linear forms."""
        ...

    def load_part(self, address: int, size: int, signed: bool) -> Term:
        """The bytes at an address as a word, with their sign where `signed`."""
        ...

    def store_part(self, address: int, size: int, term: Term) -> None:
        """Write the lowest bytes of a word."""
        ...

    def held(self, address: int, size: int, signed: bool) -> int:
        """A constant of the program."""
        ...


CoreStep: TypeAlias = Callable[[CoreMachine, int], int | None]
"""One instruction, given the machine and its own address; gives the next address where that is elsewhere."""

Step: TypeAlias = Callable[[SymbolicMachine, int], int | None]
"""The same, where it computes in floating point."""

IntegerStep: TypeAlias = Callable[[IntegerMachine, int], int | None]
"""The same, where it computes in integers."""
