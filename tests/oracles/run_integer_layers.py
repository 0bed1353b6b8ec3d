"""Runs a network in integers one number at a time, written from the definitions: what the interpreter must equal.

Every sum is kept, for the proofs of intervals.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerLayer, IntegerPool
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier, Shift
from armlet.network.activation import Activation
from armlet.network.layers import Pair, Reduction, Sides


@dataclass
class Ran:
    """All that one run came to: of every layer the sums (outputs, positions), and every value, the input first."""

    values: list[np.ndarray]
    sums: list[np.ndarray | None] = field(default_factory=list)


def run_integer_layers(network: IntegerNetwork, row: np.ndarray) -> Ran:
    """A row of stored inputs through all layers."""
    ran = Ran([row.astype(int).reshape(network.shape)])
    for layer, sources, shape in zip(network.layers, network.sources, network.shapes[1:], strict=True):
        given, sums = _layer(layer, [ran.values[at] for at in sources])
        ran.values.append(np.array(given).reshape(shape))
        ran.sums.append(sums)
    return ran


def _layer(layer: IntegerLayer, taken: list[np.ndarray]) -> tuple[np.ndarray | list[int], np.ndarray | None]:
    match layer:
        case IntegerDense():
            sums = [sum(int(w) * int(q) for w, q in zip(row, taken[0].ravel())) for row in layer.weight]
            sums = [total + int(b) for total, b in zip(sums, layer.bias)]
            return [_store(layer, total, j) for j, total in enumerate(sums)], np.array(sums)[:, None]
        case IntegerConv():
            sums = np.array([[*_sums(layer, taken[0], j)] for j in range(layer.body.neurons)])
            if layer.residual is not None:
                pairs = zip(layer.residual, taken[1].reshape(sums.shape), strict=True)
                sums = sums + np.array([[int(times) * int(q) for q in row] for times, row in pairs])
            return np.array([[_store(layer.body, int(x), j) for x in row] for j, row in enumerate(sums)]), sums
        case IntegerPool():
            return [_pool(layer, seen) for seen in _pooled(layer, taken[0])], None
        case IntegerAdd():
            return [_add(layer, int(a), int(b)) for a, b in zip(taken[0].ravel(), taken[1].ravel())], None
        case _:
            return taken[0], None


def _corners(plane: tuple[int, ...], reach: Pair, stride: Pair, sides: Sides) -> Iterator[Pair]:
    """The first row and column of each window, counted in the plane without its padding."""
    top, left, bottom, right = sides
    rows = range(-top, plane[0] + bottom - reach[0] + 1, stride[0])
    yield from product(rows, range(-left, plane[1] + right - reach[1] + 1, stride[1]))


def _sums(layer: IntegerConv, planes: np.ndarray, j: int) -> Iterator[int]:
    """Of output channel j, position after position."""
    _, height, width = planes.shape
    each = layer.weight.shape[1]
    first = j // (layer.body.neurons // layer.groups) * each
    reach = ((layer.kernel[0] - 1) * layer.dilation[0] + 1, (layer.kernel[1] - 1) * layer.dilation[1] + 1)
    for y, x in _corners((height, width), reach, layer.stride, layer.padding):
        total = int(layer.body.bias[j])
        for channel, down, across in product(range(each), range(layer.kernel[0]), range(layer.kernel[1])):
            row, column = y + down * layer.dilation[0], x + across * layer.dilation[1]
            inside = 0 <= row < height and 0 <= column < width
            taken = int(planes[first + channel, row, column]) if inside else layer.border
            total += int(layer.weight[j, channel, down, across]) * taken
        yield total


def _pooled(layer: IntegerPool, planes: np.ndarray) -> Iterator[list[int]]:
    """The values in each window."""
    _, height, width = planes.shape
    size = layer.size or (height, width)
    for plane in planes:
        for y, x in _corners((height, width), size, layer.stride, layer.padding):
            rows = range(max(y, 0), min(y + size[0], height))
            yield [int(plane[row, column]) for row in rows for column in range(max(x, 0), min(x + size[1], width))]


def _pool(layer: IntegerPool, seen: list[int]) -> int:
    total, count = sum(seen), len(seen)
    if (by := layer.scaling) is not None:
        scaled = _scaled(by.by, total + by.bias, 0) + by.zero
        return min(max(scaled, layer.low), layer.high)
    average = (total + count // 2) // count if total > 0 else -((-total + count // 2) // count)
    return min(max(max(seen) if layer.reduction is Reduction.MAX else average, layer.low), layer.high)


def _add(layer: IntegerAdd, one: int, other: int) -> int:
    total = sum(_scaled(layer.scaling, (q + layer.offset[k]) << layer.raised, k) for k, q in enumerate((one, other)))
    return min(max(_scaled(layer.requantisation, total, 0) + layer.zero, layer.low), layer.high)


def _store(layer: IntegerDense, total: int, j: int) -> int:
    if layer.requantisation is None:
        return total
    scaled = _scaled(layer.requantisation, total, j)
    if layer.activation is Activation.LEAKY_RELU:
        scaled = max(scaled, scaled * layer.slope >> 15)
    if layer.table is not None:
        scaled = int(layer.table[min(max(scaled, -128), 127) + 128]) - layer.zero
    return min(max(scaled + layer.zero, int(layer.low[j])), int(layer.high[j]))


def _scaled(by: Shift | Multiplier, total: int, j: int) -> int:
    if isinstance(by, Shift):
        return total >> int(by.shift[j])
    multiplier, exponent = int(by.multiplier[j]), int(by.exponent[j])
    product_ = (total << max(exponent, 0)) * multiplier
    if by.once:  # a half is added before the last bits go, those below half a unit of the first shift having gone
        return ((product_ >> 30) + (1 << max(-exponent, 0))) >> 1 + max(-exponent, 0)
    high = product_ + (1 << 30) >> 31 if product_ >= 0 else -(-product_ + (1 << 30) - 1 >> 31)  # halves go up
    half = (1 << max(-exponent, 0)) >> 1  # and here away from zero
    return high + half >> max(-exponent, 0) if high >= 0 else -(-high + half >> max(-exponent, 0))
