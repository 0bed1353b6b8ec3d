"""Where each tensor lies in the block: those that live at one time apart, and as low as they fit.

A tensor lives from the step that makes it to the last that reads it. Tensors are placed one after the other, large ones
first, each at the lowest address where it meets none that lives with it. No block can be smaller than the most that
lives at one time (`bound`).
"""

from collections.abc import Sequence
from dataclasses import dataclass


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
    """The offset of each piece, in bytes."""
    found: dict[int, int] = {}
    for k in sorted(range(len(pieces)), key=lambda k: (-pieces[k].size, pieces[k].first, k)):
        taken = sorted((at, at + pieces[j].size) for j, at in found.items() if pieces[j].meets(pieces[k]))
        at = 0
        for begin, end in taken:
            if begin - at >= pieces[k].size:
                break
            at = max(at, end)
        found[k] = at
    return tuple(found[k] for k in range(len(pieces)))


def bound(pieces: Sequence[Lifetime]) -> int:
    """The most bytes that live at one time, and the step at which they do."""
    steps = {piece.first for piece in pieces}
    return max((sum(p.size for p in pieces if p.first <= step <= p.last) for step in steps), default=0)
