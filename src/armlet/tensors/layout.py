"""Two values in a word: how a tensor of bytes lies in memory, so that one long multiplication serves both.

The rows of a plane are cut in two halves of `split` rows. Word row r of a channel holds row r in the lowest byte, its
lane 0, and row r + split in the highest, its lane 1: both are the same number of rows away from what lies around them,
so a window over words is a window in both halves. A word is

    (q0 + 128) + 2^24 q1

as a signed number. Inputs without a sign are taken as int8, 128 less. Words lie as [word row][channel][column], with
words of the border around: what a window finds there stands for 0, or belongs to the other half.
"""

from dataclasses import dataclass

import numpy as np

from armlet.integer.formats import I64
from armlet.network.shapes import Shape
from armlet.tensors.rows import WORD, BorderedRows

LIFT = 128  # that lane 0 has more than the value, so that it has no sign
UPPER = 24  # bits below lane 1
UPPER_BYTE = 3
_BYTE = 255


@dataclass(frozen=True, slots=True)
class LaneLayout(BorderedRows):
    """Where the words of a tensor lie, in bytes from its start."""

    shape: Shape  # channels, height, width
    split: int  # rows in lane 0, at least half of all
    top: int = 0  # word rows of the border
    bottom: int = 0
    left: int = 0  # words of the border
    right: int = 0
    above: int = 0  # what a value is more than that in the word: 128 where it has no sign

    @property
    def rows(self) -> int:
        return self.split

    def lane(self, row: int) -> tuple[int, int]:
        """The word row of a row of the plane, and its lane there."""
        return (row, 0) if row < self.split else (row - self.split, 1)

    @property
    def places(self) -> I64:
        """Where the byte of each value lies, (channels, height, width)."""
        channel, row, column = np.indices(self.shape)
        upper = row >= self.split
        word = (row - self.split * upper + self.top) * self.channels + channel
        return (word * self.pitch + column + self.left) * WORD + UPPER_BYTE * upper

    @property
    def lifts(self) -> I64:
        """What each byte has more than the value, modulo 256, (channels, height, width)."""
        return np.where(np.indices(self.shape)[1] >= self.split, 0, LIFT) - self.above & _BYTE
