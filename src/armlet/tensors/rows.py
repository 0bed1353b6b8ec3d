"""Rows of words with a border around: what layouts of one value and of two values in a word have in common."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from armlet.network.layers import Pair, Sides
from armlet.network.shapes import Shape

WORD = 4


class BorderedRows(ABC):
    """Words as [row][channel][column], in bytes from the start. Who inherits it has these fields, and says `rows`."""

    __slots__ = ()

    shape: Shape  # channels, height, width
    top: int  # rows of the border
    bottom: int
    left: int  # words of the border
    right: int

    @property
    @abstractmethod
    def rows(self) -> int:
        """Of words, without the border."""

    @property
    def channels(self) -> int:
        return self.shape[0]

    @property
    def height(self) -> int:
        return self.shape[1]

    @property
    def width(self) -> int:
        return self.shape[2]

    @property
    def pitch(self) -> int:
        """Words from a row to that of the next channel; the border at the end of one is that before the next."""
        return self.width + max(self.left, self.right)

    @property
    def row(self) -> int:
        """Words from a row of words to the next."""
        return self.channels * self.pitch

    @property
    def words(self) -> int:
        """All of them."""
        return (self.top + self.rows + self.bottom) * self.row + self.left

    @property
    def size(self) -> int:
        """Bytes."""
        return self.words * WORD

    def at(self, row: int, channel: int, column: int) -> int:
        """Where a word begins; rows and columns of the border are below 0 and beyond the last."""
        return (((row + self.top) * self.channels + channel) * self.pitch + column + self.left) * WORD


@dataclass(frozen=True, slots=True)
class Windows:
    """How a layer goes over a plane."""

    size: Pair
    stride: Pair = (1, 1)
    padding: Sides = (0, 0, 0, 0)
    dilation: Pair = (1, 1)


Layout = TypeVar("Layout", bound=BorderedRows)


def bordered(layout: Layout, windows: Windows, made: Pair) -> Layout:
    """The layout with a border as wide as the windows over it need that make so many rows of so many words."""
    top, left = windows.padding[:2]
    reach = [(size - 1) * step + 1 for size, step in zip(windows.size, windows.dilation)]
    bottom = (made[0] - 1) * windows.stride[0] + reach[0] - top - layout.rows
    right = (made[1] - 1) * windows.stride[1] + reach[1] - left - layout.width
    return replace(
        cast(Any, layout),
        top=max(layout.top, top),
        bottom=max(layout.bottom, bottom),
        left=max(layout.left, left),
        right=max(layout.right, right),
    )
