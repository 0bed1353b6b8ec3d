"""Networks of any kinds of layers by their definitions, window by window, in float64; multiplications are counted."""

import itertools

import numpy as np
from numpy.typing import ArrayLike, NDArray

from armlet.network.activation import activated
from armlet.network.layers import Add, Conv, Dense, Depthwise, Layer, Pool, Reduction, Reshape
from armlet.network.network import Network

F64 = NDArray[np.float64]


def values_and_products(network: Network, x: ArrayLike) -> tuple[list[F64], list[int]]:
    """Every value for raw inputs (inputs,), the input's first, and the multiplications by weights of each layer."""
    start = (np.asarray(x, np.float64) - network.domain.mean) / network.domain.std
    values, counts = [start.reshape(network.shape)], list[int]()
    for layer, sources in zip(network.layers, network.sources):
        given, count = _run(layer, [values[source] for source in sources])
        values.append(given)
        counts.append(count)
    return values, counts


def _run(layer: Layer, taken: list[F64]) -> tuple[F64, int]:
    match layer:
        case Dense(weight, bias):
            sums, count = weight.astype(np.float64) @ taken[0].reshape(-1) + bias, weight.size
        case Conv(weight):
            each = [_conv(layer, at, taken[0]) for at in range(len(weight))]
            sums, count = np.stack(each), weight[0].size * np.stack(each).size
        case Depthwise(weight):
            each = [_depthwise(layer, at, taken[0]) for at in range(len(weight))]
            sums, count = np.stack(each), weight[0].size * np.stack(each).size
        case Add():
            sums, count = taken[0] + taken[1], 0
        case Pool():
            return np.stack([_pool(layer, plane) for plane in taken[0]]), 0
        case Reshape(shape):
            return taken[0].reshape(shape or -1), 0
    return activated(layer.activation, layer.slope, sums), count


def _windows(plane: F64, size: tuple[int, int], layer: Conv | Depthwise | Pool, outside: float) -> F64:
    """(down, across, *size): the windows of one plane, `outside` where they reach into padding."""
    top, left, bottom, right = layer.padding
    padded = np.pad(plane, ((top, bottom), (left, right)), constant_values=outside)
    dilation = (1, 1) if isinstance(layer, Pool) else layer.dilation
    reach = [(extent - 1) * step + 1 for extent, step in zip(size, dilation)]
    starts = [
        range(0, extent - reaching + 1, stride) for extent, reaching, stride in zip(padded.shape, reach, layer.stride)
    ]
    found = np.empty((len(starts[0]), len(starts[1]), *size))
    for (row, down), (column, across) in itertools.product(enumerate(starts[0]), enumerate(starts[1])):
        here = padded[down : down + reach[0] : dilation[0], across : across + reach[1] : dilation[1]]
        found[row, column] = here
    return found


def _conv(layer: Conv, at: int, planes: F64) -> F64:
    """The sums of one output channel."""
    weight = layer.weight[at].astype(np.float64)
    first = at // (len(layer.weight) // layer.groups) * len(weight)
    parts = [_windows(planes[first + i], kernel.shape, layer, 0.0) * kernel for i, kernel in enumerate(weight)]
    return np.sum([part.sum(axis=(2, 3)) for part in parts], axis=0) + float(layer.bias[at])


def _depthwise(layer: Depthwise, at: int, planes: F64) -> F64:
    kernel = layer.weight[at].astype(np.float64)
    return (_windows(planes[at], kernel.shape, layer, 0.0) * kernel).sum(axis=(2, 3)) + float(layer.bias[at])


def _pool(layer: Pool, plane: F64) -> F64:
    windows = _windows(plane, layer.size or plane.shape, layer, np.nan)
    reduce = np.nanmax if layer.reduction is Reduction.MAX else np.nanmean
    return reduce(windows, axis=(2, 3))
