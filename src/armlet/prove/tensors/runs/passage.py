"""What a straight run of instructions does to addresses, counters and memory, for every trip through it.

A run begins where a branch may lead, or behind one, and ends with the next. What it finds in registers and words of the
stack are its symbols: numbers and addresses of which it is known in what memory they point, not where, or exact ones.
Everything else that control is made of is a symbol and something more, so that a trip costs a few additions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from armlet.integer.formats import I64

Key: TypeAlias = str | int  # a register, or a word of the stack by its address
Value: TypeAlias = tuple[int, int]  # the piece of memory, and the address; of plain numbers, the piece is NUMBER
Standing: TypeAlias = dict[Key, Value]  # registers and words of the stack that hold a number or an address

NUMBER = -1
_MASK = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Symbol:
    """What a run finds in a register or a word of the stack."""

    key: Key
    piece: int
    exact: int | None  # the address, where the run holds for that one alone


@dataclass(frozen=True, slots=True)
class Affine:
    """A sum of symbols, each times a number, of addresses of pieces, and of a number."""

    constant: int
    symbols: tuple[tuple[int, int], ...] = ()  # number of a symbol, how many times
    pieces: tuple[tuple[int, int], ...] = ()  # of memory, how many times the address where it lies

    def value(self, symbols: tuple[Symbol, ...], numbers: list[int]) -> Value | None:
        """What it is in a trip; None where it is neither a number nor an address."""
        total, bases = self.constant, dict(self.pieces)
        for number, times in self.symbols:
            total += times * numbers[number]
            piece = symbols[number].piece
            if piece != NUMBER:
                bases[piece] = bases.get(piece, 0) + times
        left = [(piece, times & _MASK) for piece, times in bases.items() if times & _MASK]
        if not left:
            return NUMBER, total & _MASK
        return (left[0][0], total & _MASK) if len(left) == 1 and left[0][1] == 1 else None


@dataclass(frozen=True, slots=True)
class Access:
    """Bytes that a run reads or writes: a symbol, or none for a place that is the same in all trips, and an offset."""

    symbol: int  # -1 for none: the offset counts all bytes of memory
    offset: int
    size: int
    at: int  # address of the instruction
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Phase:
    """Loads of bytes, then stores: what is stored later is not read before."""

    symbols: I64  # (bytes,) of each byte that is loaded
    offsets: I64
    first: int  # number of the leaf that the first of these bytes is
    stores: tuple[Access, ...]

    def is_like(self, other: "Phase") -> bool:
        """Whether two phases load and store at the same places."""
        loads = zip((self.symbols, self.offsets), (other.symbols, other.offsets))
        return self.stores == other.stores and all(one.tobytes() == two.tobytes() for one, two in loads)


@dataclass(frozen=True, slots=True)
class Exit:
    """Where control goes: on, or to another place where what the flags tell of is zero, or is not."""

    to: int
    zero: Affine | None = None
    otherwise: int = 0
    is_equal: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """A run for one set of symbols."""

    start: int
    symbols: tuple[Symbol, ...]
    phases: tuple[Phase, ...]
    reach: Mapping[int, tuple[int, int, int, int]]  # of a symbol: least and greatest offset, and what aligns it
    finals: tuple[tuple[Key, Affine | None], ...]  # None is data
    exit: Exit
    steps: int
    leaves: int

    def is_like(self, other: "Passage") -> bool:
        """Whether two runs do the same to control, and load and store at the same places."""
        same = (self.symbols, self.reach, self.finals, self.exit) == (
            other.symbols,
            other.reach,
            other.finals,
            other.exit,
        )
        return same and len(self.phases) == len(other.phases) and all(map(Phase.is_like, self.phases, other.phases))

    def numbers(self, standing: Standing) -> list[int] | None:
        """The address or number in each symbol, where the run holds for them; otherwise None."""
        found = list[int]()
        for symbol in self.symbols:
            value = standing.get(symbol.key)
            if value is None or value[0] != symbol.piece or symbol.exact not in (None, value[1]):
                return None
            found.append(value[1])
        return found

    def leave(self, standing: Standing, numbers: list[int]) -> None:
        """Registers and the stack behind the run."""
        left = [(key, None if final is None else final.value(self.symbols, numbers)) for key, final in self.finals]
        for key, value in left:
            if value is None:
                standing.pop(key, None)
            else:
                standing[key] = value
