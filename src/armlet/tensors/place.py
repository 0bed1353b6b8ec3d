"""Where each tensor lies in the block: those that live at one time apart, and as low as they fit.

A tensor lives from the step that makes it to the last that reads it. Tensors are placed one after the other, each at
the lowest address where it meets none that lives with it; which comes first is searched for, from large ones first on.
No block can be smaller than the most that lives at one time (`bound`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_TRIES = 3000  # exchanges of two tensors in the order


@dataclass(frozen=True, slots=True)
class Lifetime:
    """A piece of memory that is wanted for some steps, the last one counted."""

    size: int  # bytes
    first: int
    last: int

    def meets(self, other: "Lifetime") -> bool:
        """Whether both live at one time."""
        return self.first <= other.last and other.first <= self.last


def place(pieces: Sequence[Lifetime]) -> tuple[int, ...]:
    """The offset of each piece, in bytes; the same for the same pieces."""
    order = sorted(range(len(pieces)), key=lambda k: (-pieces[k].size, pieces[k].first, k))
    places, random = _placed(pieces, order), np.random.default_rng(0)
    least, size = bound(pieces), _size(pieces, places)
    for _ in range(_TRIES if len(pieces) > 1 else 0):
        if size == least:
            break
        i, j = (int(k) for k in random.integers(0, len(order), 2))
        order[i], order[j] = order[j], order[i]
        tried = _placed(pieces, order)
        if _size(pieces, tried) <= size:
            places, size = tried, _size(pieces, tried)
        else:
            order[i], order[j] = order[j], order[i]
    return places


def _placed(pieces: Sequence[Lifetime], order: Sequence[int]) -> tuple[int, ...]:
    """Each piece as low as it fits beside those before it in the order."""
    found: dict[int, int] = {}
    for k in order:
        taken = sorted((at, at + pieces[j].size) for j, at in found.items() if pieces[j].meets(pieces[k]))
        at = 0
        for begin, end in taken:
            if begin - at >= pieces[k].size:
                break
            at = max(at, end)
        found[k] = at
    return tuple(found[k] for k in range(len(pieces)))


def _size(pieces: Sequence[Lifetime], places: Sequence[int]) -> int:
    return max((at + piece.size for at, piece in zip(places, pieces)), default=0)


def bound(pieces: Sequence[Lifetime]) -> int:
    """The most bytes that live at one time, and the step at which they do."""
    steps = {piece.first for piece in pieces}
    return max((sum(p.size for p in pieces if p.first <= step <= p.last) for step in steps), default=0)
