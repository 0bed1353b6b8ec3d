"""A value in a word: how a tensor of float32 lies in memory, with a border of zeros that windows find beside it.

Words lie as [row][channel][column]. What a window reaches beyond the planes is a stored zero, so that all positions of
a row are computed by the same instructions. A row of values is one plane of one row.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.network.layers import Add, Conv, Depthwise, Reshape
from armlet.network.network import Network
from armlet.tensors.rows import WORD, BorderedRows, Windows, bordered

Places: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PlaneLayout(BorderedRows):
    """Where the words of a tensor lie, in bytes from its start."""

    shape: tuple[int, int, int]  # channels, height, width
    top: int = 0  # rows of the border
    bottom: int = 0
    left: int = 0  # words of the border
    right: int = 0

    @property
    def rows(self) -> int:
        return self.height

    @property
    def places(self) -> Places:
        """Where each value lies, (channels, height, width)."""
        channel, row, column = np.indices(self.shape)
        return (((row + self.top) * self.channels + channel) * self.pitch + column + self.left) * WORD

    @property
    def border(self) -> Places:
        """Where the words of the border lie."""
        inside = np.zeros(self.words, bool)
        inside[self.places.ravel() // WORD] = True
        return np.flatnonzero(~inside) * WORD


@dataclass(frozen=True, slots=True)
class PlacedPlanes:
    """A layout, and where it begins in the block."""

    layout: PlaneLayout
    start: int

    @property
    def places(self) -> Places:
        """Where each value lies in the block, in the network's order, (values,)."""
        return self.start + self.layout.places.ravel()


def homes_of(network: Network) -> tuple[int, ...]:
    """For each value the one in whose place it lies: a reshape moves nothing."""
    homes = [0]
    for k, (layer, sources) in enumerate(zip(network.layers, network.sources), 1):
        homes.append(homes[sources[0]] if isinstance(layer, Reshape) else k)
    return tuple(homes)


def lifetimes(network: Network) -> dict[int, tuple[int, int]]:
    """For each value that has memory of its own, the layers from which on and up to which it lives; -1 is before all.

    The outputs live to the end, behind the last layer.
    """
    homes, last = homes_of(network), dict[int, int]()
    for i, sources in enumerate(network.sources):
        last |= {homes[source]: i for source in sources}
    last[homes[-1]] = len(network.layers)
    return {home: (home - 1, last[home]) for home in sorted({*homes})}


def plane_shapes(network: Network) -> tuple[tuple[int, int, int], ...]:
    """For each value the planes as which it lies in memory: its own, or those of the value in whose place it lies.

    Raises `InputError` where one place would have to be planes of two shapes.
    """
    homes, found = homes_of(network), dict[int, tuple[int, int, int]]()
    shapes = network.shapes
    for number, (home, shape) in enumerate(zip(homes, shapes)):
        if len(shape) == 3:
            wanted = (shape[0], shape[1], shape[2])
            if found.setdefault(home, wanted) != wanted:
                told = "reshapes planes to other planes, which is not compiled yet"
                raise InputError(f"layer {number - 1}", told, "give a network without it")
    planes = tuple(found.get(home, (1, 1, int(math.prod(shape)))) for home, shape in zip(homes, shapes))
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        if isinstance(layer, Add) and len({planes[i + 1], *(planes[source] for source in sources)}) > 1:
            told = "adds what lies as planes and what lies as a row, which is not compiled yet"
            raise InputError(f"layer {i}", told, "add before the reshape")
    return planes


def plan_planes(network: Network) -> dict[int, PlaneLayout]:
    """The layout of each value that has a place of its own, with a border for all windows over it."""
    homes, shapes = homes_of(network), plane_shapes(network)
    found = {home: PlaneLayout(shapes[home]) for home in sorted({*homes})}
    for i, layer, source in _windowed(network):
        height, width = layer.weight.shape[-2:]
        windows = Windows((height, width), layer.stride, layer.padding, layer.dilation)
        found[homes[source]] = bordered(found[homes[source]], windows, shapes[i + 1][1:])
    return found


def _windowed(network: Network) -> Iterator[tuple[int, Conv | Depthwise, int]]:
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        if isinstance(layer, Conv | Depthwise):
            yield i, layer, sources[0]
