"""The largest output in place of all: which class a network answers, exactly, in integers.

Stored outputs q stand for real scores whose scales may differ. They are compared as
`factor * ((q + offset) >> shift)`, and the answer is the number of the largest, the first of equals. A program compares
keys, `score * 2^bits - number`: no two are equal, and the lowest bits of the largest are the answer, turned.
"""

from dataclasses import dataclass

import numpy as np

from armlet.errors import InputError
from armlet.integer.formats import I64, INT32
from armlet.network.frozen import frozen

LARGEST_FACTOR = (1 << 15) - 1
_MOST = 1 << 15  # outputs


@dataclass(frozen=True, slots=True, eq=False)
class Argmax:
    """How the scores of outputs are made of what is stored."""

    factor: I64  # (outputs,) 1 to 2^15 - 1
    offset: I64  # (outputs,)
    shift: int  # bits, 0 to 31

    def __post_init__(self) -> None:
        for name in ("factor", "offset"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int64))
        if self.factor.shape != self.offset.shape or not 2 <= len(self.factor) <= _MOST:
            raise InputError("argmax", f"is of {len(self.factor)} outputs", f"it takes 2 to {_MOST}")
        if not ((self.factor >= 1) & (self.factor <= LARGEST_FACTOR)).all():
            raise InputError("argmax", f"has factors outside 1 to {LARGEST_FACTOR}")
        if (abs(self.offset) > INT32.high).any() or not 0 <= self.shift < 32:
            raise InputError("argmax", "has an offset beyond 32 bits or a shift outside 0 to 31")

    @property
    def bits(self) -> int:
        """The lowest bits of a key, which hold the number of an output."""
        return (len(self.factor) - 1).bit_length()

    def scores(self, stored: I64) -> I64:
        """What is compared, (samples, outputs)."""
        return self.factor * ((stored + self.offset) >> self.shift)

    def answers(self, stored: I64) -> I64:
        """The number of the largest score of each row, (samples, 1)."""
        return self.scores(stored).argmax(axis=1)[:, None]

    def keys(self, stored: I64) -> I64:
        """What a program compares, (samples, outputs)."""
        return (self.scores(stored) << self.bits) - np.arange(len(self.factor))

    def obstacle(self, low: I64, high: I64) -> str:
        """Why 32 bits do not hold all keys and their differences, for stored outputs (outputs,) between these ends."""
        if (low + self.offset < INT32.low).any() or (high + self.offset > INT32.high).any():
            return "its outputs with their offsets are beyond 32 bits"
        least, most = self.keys(np.stack((low, high)))
        ends = int(least.min()) - int(most.max()), int(most.max()) - int(least.min())
        count = len(self.factor)  # what a program keeps is as much as `count` above the key
        if ends[1] + count > INT32.high or least.min() < INT32.low or most.max() + count > INT32.high:
            return f"keys from {least.min()} to {most.max()} and their differences are beyond 32 bits"
        return ""
