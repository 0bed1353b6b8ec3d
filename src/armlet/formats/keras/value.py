"""A tensor of a Keras model as armlet has it, with what is still to be folded into whatever takes it.

Keras has channels last: (height, width, channels), or (time, channels) for a signal. armlet has planes: (channels,
height, width). A value remembers Keras's shape, and where each of its numbers stands here once it has been flattened.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.network.frozen import F64
from armlet.network.layers import Sides
from armlet.network.shapes import Shape

NO_SIDES: Sides = (0, 0, 0, 0)


class UnreadError(Exception):
    """A layer that has no counterpart here: what it is, in words, and what to do."""

    def __init__(self, operator: str, hint: str) -> None:
        self.operator, self.hint = operator, hint
        super().__init__(operator)


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """What a layer of Keras gives: `scale x + shift`, then zeros around, where x is a value of the network."""

    number: int  # of x in the network's wiring
    shape: Shape  # Keras's, without the batch
    is_planes: bool  # whether x has channels, a height and a width; else it is a row
    is_shared: bool = False  # whether more than one layer takes it
    order: NDArray[np.int64] | None = None  # of a row: where Keras's k-th number stands in x; None is in its order
    scale: F64 | None = None  # for each channel of planes, for each number of a row in Keras's order
    shift: F64 | None = None
    padding: Sides = NO_SIDES  # zeros around the planes

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return int(np.prod(self.shape))

    @property
    def channels(self) -> int:
        """How many a scale has: channels of planes, numbers of a row."""
        return self.shape[-1] if self.is_planes else self.size

    @property
    def planes(self) -> Shape:
        """The shape of planes as armlet has it, with the zeros around."""
        *extents, channels = self.shape
        return (channels, *((1, *extents) if len(extents) == 1 else extents))

    @property
    def is_plain(self) -> bool:
        """Whether nothing is left to be folded."""
        return self.scale is None and self.padding == NO_SIDES


def flat_order(shape: Shape) -> NDArray[np.int64] | None:
    """Where the numbers of flattened (height, width, channels) stand in (channels, height, width); None: in order."""
    channels = shape[-1]
    if channels == 1 or channels == int(np.prod(shape)):
        return None
    here = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(channels, -1)
    return np.ascontiguousarray(here.T).reshape(-1)
