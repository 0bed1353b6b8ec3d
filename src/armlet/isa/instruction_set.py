"""What all cores of one instruction set share, and the door to how their code is read.

Assembly and linking need only the table. Decoding, meaning and relocations need Capstone, so they stand in a module of
the set that is loaded when somebody reads code. A new set is a package beside `armlet.isa.thumb`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from armlet.isa.instruction import Instruction
from armlet.isa.semantics import IntegerStep, Step


class Decoder(Protocol):
    """Decodes the code of one core."""

    def decode(self, code: bytes, address: int) -> Iterator[Instruction]:
        """Every instruction of `code` in turn. Raises `ToolchainError` at bytes that are none."""
        ...


class Reading(Protocol):
    """How machine code of a set is read: the names that its module `reading` has."""

    @property
    def decoder(self) -> Callable[..., Decoder]:
        """A decoder, of a core."""
        ...

    @property
    def mnemonics(self) -> Callable[[bytes], set[tuple[str, int]]]:
        """The mnemonics in `code`, each with its bytes, up to the first bytes that are no instruction."""
        ...

    @property
    def compile_step(self) -> Callable[[Instruction], Step]:
        """What an instruction does to a symbolic machine. Raises `RefusalError` where that is not known."""
        ...

    @property
    def compile_integer_step(self) -> Callable[[Instruction], IntegerStep]:
        """The same for programs in integers, where the set has such."""
        ...

    @property
    def repeats_from(self) -> Callable[[Instruction], int | None]:
        """Where a counted loop begins whose last instruction this is; None for every other instruction."""
        ...

    @property
    def branch_of(self) -> Callable[[Instruction], tuple[bool, int] | None]:
        """Whether an instruction branches where flags tell of zero, or of another word, and where to; else None."""
        ...

    @property
    def register_names(self) -> Callable[[int], tuple[str, ...]]:
        """The registers of a set."""
        ...

    @property
    def relocate(self) -> Callable[[bytes, int, int, int, int], bytes]:
        """`content` with the place at `offset` filled, by its kind, for `target`, the content lying at `base`."""
        ...

    @property
    def relocation_problem(self) -> Callable[[bytes, int, int, bool], str]:
        """What is wrong with a relocation: of content, offset, kind, and whether its symbol is a function."""
        ...


@dataclass(frozen=True, slots=True)
class Emulator:
    """What Unicorn calls the parts of a core: names of its constants, with the prefixes that they have there."""

    constants: str  # module
    architecture: str
    mode: str
    model: str  # prefix
    register: str  # prefix
    counter: str  # the program counter
    link: str  # the register that holds the way back
    cleared: tuple[str, ...]  # registers that are zero at a call


@dataclass(frozen=True, slots=True)
class Corruption:
    """One bit of an instruction that changes what it does, and the mnemonics that it does so for."""

    bit: int  # from the first byte
    mnemonics: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class InstructionSet:
    """An instruction set as assemblers, ELF files and emulators know it."""

    name: str
    elf_machine: str  # as pyelftools calls it
    elf_class: int  # bits of an address
    elf_flags: Mapping[int, int]  # masks of e_flags, and what must stand there
    word: int  # bytes of a register, and what the prover moves at once
    code_mark: str  # the mapping symbol where instructions begin
    data_mark: str
    code_bit: int  # what the address of a function has set
    function_directives: tuple[str, ...]  # before the symbol of a function
    emulator: Emulator
    registers: frozenset[str]  # that a program may write
    nothing: Mapping[int, bytes]  # instructions without effect, by their size
    padding: tuple[bytes, ...]  # what assemblers put behind a function to fill its last word
    leaves: frozenset[str]  # mnemonics by which control may leave a function
    frame: frozenset[str]  # mnemonics that only the entry and exit of a function has
    destination: Corruption  # sends a result to another register
    held_exponent: Corruption  # makes a number that an instruction holds huge, or nearly nothing
    package: str

    def mark_of(self, symbol: str) -> bool | None:
        """Whether a mapping symbol says that code begins; None for every other symbol."""
        marks = {self.code_mark: True, self.data_mark: False}
        return marks.get(symbol.partition(".")[0])

    @property
    def reading(self) -> Reading:
        """How its code is read."""
        return cast(Reading, import_module(f"{self.package}.reading"))
