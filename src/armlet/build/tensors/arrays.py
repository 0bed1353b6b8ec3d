"""Where the values of a network lie in the C arrays of NAME_run: row by row, the channels of a position together.

That is what frameworks for microcontrollers call NHWC. A network's own order has the planes one after the other.
"""

import math

import numpy as np

from armlet.integer.formats import I64
from armlet.network.shapes import Shape


def array_places(shape: Shape) -> I64:
    """For each value, in the network's order, its index in the C array."""
    if len(shape) != 3:
        return np.arange(math.prod(shape))
    channels, height, width = shape
    channel, row, column = np.indices(shape)
    return ((row * width + column) * channels + channel).reshape(channels * height * width)


def array_order(shape: Shape) -> I64:
    """For each element of the C array, the number of its value."""
    return np.argsort(array_places(shape), kind="stable")


def dimensions(shape: Shape) -> str:
    """What the C array is, in words: its extents from the slowest to the fastest."""
    if len(shape) != 3:
        count = math.prod(shape)
        return "one value" if count == 1 else f"{count} values"
    channels, height, width = shape
    return f"{height}x{width}x{channels} (height x width x channels)"
