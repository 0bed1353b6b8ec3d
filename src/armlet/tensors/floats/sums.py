"""The order of every sum of a network with windows: rounding makes it part of the result.

A sum begins with the bias, or with the first product where the bias is zero. Then one product after the other is added:
those of the window's first row first, in it those of channel after channel, in a channel those of column after column.
A dense layer takes planes so, too. Weights that are zero are absent. What a window finds beyond the planes is +0, and
its products are added as all others are: that may turn a sum that is -0 into +0 and changes nothing else.

An average is the sum of the values inside the planes, in the order of rows and columns, times the reciprocal of their
count rounded to float32. The larger of a and b is a where a - b has no sign, otherwise b; a pool takes the values of a
window in the same order, so a is the largest before b.
"""

from dataclasses import dataclass

import numpy as np

from armlet.network.activation import Activation
from armlet.network.frozen import F32
from armlet.network.layers import Conv, Dense, Depthwise, Pair, Pool, Sides, Weighted
from armlet.tensors.floats.planes import Places


@dataclass(frozen=True, slots=True, eq=False)
class Taps:
    """What the sum of one output channel takes, in its order; rows and columns count from the window's first."""

    row: Places
    channel: Places
    column: Places
    weight: F32

    def __len__(self) -> int:
        return len(self.weight)


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """All sums of a layer of weights: one of each output channel at each position."""

    taps: tuple[Taps, ...]
    bias: F32
    activation: Activation
    slope: float
    stride: Pair = (1, 1)
    padding: Sides = (0, 0, 0, 0)


def sums_of(layer: Weighted, taken: tuple[int, int, int]) -> Sums:
    """The sums of a layer on planes of this shape."""
    match layer:
        case Dense(weight, bias, activation, slope):
            shape = (layer.outputs, *taken)
            taps = [_taps(each.reshape(taken), 0, (1, 1)) for each in weight.reshape(shape)]
            return Sums(tuple(taps), bias, activation, slope)
        case Conv(weight, bias, activation, slope, stride, padding, dilation, groups):
            each, inputs = len(weight) // groups, weight.shape[1]
            taps = [_taps(own, j // each * inputs, dilation) for j, own in enumerate(weight)]
            return Sums(tuple(taps), bias, activation, slope, stride, padding)
        case Depthwise(weight, bias, activation, slope, stride, padding, dilation):
            taps = [_taps(own[None], j, dilation) for j, own in enumerate(weight)]
            return Sums(tuple(taps), bias, activation, slope, stride, padding)


def _taps(weight: F32, first: int, dilation: Pair) -> Taps:
    """Of a weight (channels, height, width), whose first channel has a number."""
    row, channel, column = np.nonzero(weight.transpose(1, 0, 2))
    return Taps(row * dilation[0], channel + first, column * dilation[1], weight[channel, row, column])


@dataclass(frozen=True, slots=True)
class Span:
    """Positions in a row or column whose windows lie alike in the plane, and which part of the window lies inside."""

    first: int
    count: int
    begin: int  # of the window, in rows or columns from its first
    end: int


def spans_of(extent: int, positions: int, size: int, stride: int, before: int) -> tuple[Span, ...]:
    """How the windows of a pool lie along one extent; `before` is the padding at its beginning."""
    found = list[Span]()
    for position in range(positions):
        start = position * stride - before
        begin, end = max(0, -start), min(size, extent - start)
        if found and (found[-1].begin, found[-1].end) == (begin, end):
            last = found.pop()
            found.append(Span(last.first, last.count + 1, begin, end))
        else:
            found.append(Span(position, 1, begin, end))
    return tuple(found)


def pool_spans(pool: Pool, taken: tuple[int, int, int], made: tuple[int, int, int]) -> tuple[tuple[Span, ...], ...]:
    """The spans of a pool, down and across."""
    size = pool.size or (taken[1], taken[2])
    return tuple(spans_of(taken[k + 1], made[k + 1], size[k], pool.stride[k], pool.padding[k]) for k in range(2))


def reciprocal(count: int) -> np.float32:
    """What the sum of so many values is multiplied by for their average."""
    return np.float32(1.0 / count)
