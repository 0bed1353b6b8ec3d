"""What every byte of memory holds, by name: a constant, a value of the network and what it has more, or anything.

A name is a kind in the upper half and the number of a value in the lower one. Kinds 0 to 255 are constants. A byte that
the proof knows nothing of, that was never written too, is anything: nothing that must be right can be made of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from armlet.integer.formats import I64
from armlet.isa.core import Memory
from armlet.isa.semantics import RefusalError
from armlet.prove.tensors.contract import PlacedValues, TensorCall
from armlet.simulate.runner import MemoryRegion

ANYTHING = 256  # the kind of bytes that nothing is known of
OUTSIDE = -1  # the name of what is no memory that may be read
_HALF = 32


@dataclass(frozen=True, slots=True)
class Kind:
    """Bytes that are a value and something more."""

    value: int
    added: int  # modulo 256
    readings: tuple[tuple[bool, int], ...]  # as a byte with a sign or without: what the number has more than the value


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a loaded byte is in all trips: a constant, or a number with a sign or without, with more than the value.

    Where it is not known what it has more, there is no value in it yet.
    """

    constant: int | None
    signed: bool
    offset: int | None = None

    @property
    def interval(self) -> tuple[int, int]:
        """Of the number."""
        return (-128, 127) if self.signed else (0, 255)

    def number(self, byte: int) -> int:
        """A byte as the number that it is here."""
        return byte - 256 if self.signed and byte > 127 else byte


@dataclass(slots=True)
class Kinds:
    """All kinds so far."""

    ends: Sequence[tuple[int, int]]  # of the values of each tensor
    known: list[Kind] = field(default_factory=list)
    numbers: dict[tuple[int, int], int] = field(default_factory=dict)

    def number(self, value: int, added: int) -> int:
        """The number of a kind."""
        key = value, added % 256
        if key not in self.numbers:
            low, high = self.ends[value]
            readings = [
                (signed, more)
                for more in (key[1], key[1] - 256)
                for signed, least, most in ((False, 0, 255), (True, -128, 127))
                if least <= low + more and high + more <= most
            ]
            self.numbers[key] = ANYTHING + 1 + len(self.known)
            self.known.append(Kind(*key, tuple(readings)))
        return self.numbers[key]

    def kind(self, number: int) -> Kind | None:
        """The kind with a number; None for constants and anything."""
        return self.known[number - ANYTHING - 1] if number > ANYTHING else None

    def first(self, number: int, signed: bool, inner: bool) -> Leaf:
        """What a byte of a kind is. A zero inside a word stays one; other constants are the values of a border."""
        leaf = Leaf(0, signed) if inner and number == 0 else self.joined(Leaf(None, signed), number, signed)
        assert leaf is not None
        return leaf

    def joined(self, leaf: Leaf, number: int, signed: bool) -> Leaf | None:
        """What a byte is that may also be of a kind; None where one number cannot be both."""
        kind = self.kind(number)
        if kind is None:
            return leaf if leaf.constant in (None, number) else Leaf(None, leaf.signed)
        if leaf.offset is not None:
            return leaf if (leaf.signed, leaf.offset) in kind.readings else None
        signed = leaf.signed if leaf.constant is None else signed
        for reading in sorted(kind.readings, key=lambda reading: reading[0] != signed):
            return Leaf(None, *reading)
        return Leaf(None, signed)

    def covered(self, leaf: Leaf, number: int) -> Leaf | None:
        """A leaf that holds for a byte of a kind too, with the same form; None where there is none."""
        found = self.joined(leaf, number, leaf.signed)
        return found if found is not None and (found.constant, found.signed) == (leaf.constant, leaf.signed) else None


def kinds_of(names: I64) -> I64:
    """The kind of each name."""
    return names >> _HALF


def cells_of(names: I64) -> I64:
    """The number of the value in each name."""
    return names & ((1 << _HALF) - 1)


def taken_apart(name: int) -> tuple[int, int]:
    """The kind and the number of the value in a name."""
    return name >> _HALF, name & ((1 << _HALF) - 1)


def name_of(kind: int, cell: int = 0) -> int:
    """A name."""
    return kind << _HALF | cell


@dataclass(frozen=True, slots=True)
class Piece:
    """Memory in one run of bytes, from its lowest region to its highest."""

    base: int
    end: int
    start: int  # of its bytes among those of all pieces
    regions: tuple[MemoryRegion, ...]

    @property
    def is_constant(self) -> bool:
        """Whether all of it is known."""
        return all(region.content and not region.writable for region in self.regions)

    @property
    def is_stack(self) -> bool:
        """Whether it is the stack."""
        return any(region.what == "stack" for region in self.regions)

    def region(self, memory: Memory) -> MemoryRegion | None:
        """The region that holds some bytes."""
        holding = (region for region in self.regions if region.memory.holds(memory.base, memory.size))
        return next(holding, None)


@dataclass(slots=True)
class Contents:
    """The bytes of all pieces."""

    pieces: tuple[Piece, ...]  # numbered from 1
    names: I64
    writable: NDArray[np.bool_]

    def flat(self, piece: int, address: int) -> int:
        """The number of a byte among those of all pieces."""
        found = self.pieces[piece - 1]
        return found.start + address - found.base

    def flats(self, call: TensorCall, addresses: I64) -> I64:
        """The numbers of bytes. Raises `RefusalError` where one lies in no memory."""
        found = np.full(addresses.shape, -1, np.int64)
        for piece in self.pieces:
            inside = (addresses >= piece.base) & (addresses < piece.end)
            found[inside] = addresses[inside] - piece.base + piece.start
        if (found < 0).any():
            raise RefusalError(f"{int(addresses[found < 0][0]):#010x} lies in no memory of {call.entry}")
        return found

    def place(self, call: TensorCall, kinds: Kinds, value: int, placed: PlacedValues) -> None:
        """Put values where they lie."""
        at = self.flats(call, placed.addresses)
        numbers = {more: kinds.number(value, more) for more in np.unique(placed.added).tolist()}
        self.names[at] = [
            name_of(numbers[more], cell) for more, cell in zip(placed.added.tolist(), placed.cells.tolist())
        ]


def contents_of(call: TensorCall) -> Contents:
    """Memory as it is at the call, but for inputs."""
    pieces, start = list[Piece](), 0
    for regions in call.pieces:
        base = min(region.memory.base for region in regions)
        pieces.append(Piece(base, max(region.memory.end for region in regions), start, regions))
        start += pieces[-1].end - base
    names, writable = np.full(start, OUTSIDE, np.int64), np.zeros(start, np.bool_)
    for piece in pieces:
        for region in piece.regions:
            first = region.memory.base - piece.base + piece.start
            part = slice(first, first + region.memory.size)
            names[part], writable[part] = name_of(ANYTHING), region.writable
            if region.content and not region.writable:
                held = np.frombuffer(region.content, np.uint8).astype(np.int64)
                names[first : first + len(held)] = held << _HALF
    return Contents(tuple(pieces), names, writable)
