"""Any network of layers, in float64 and in plain loops over windows: the judge of readers of convolutions."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from armlet.network.activation import activated
from armlet.network.frozen import F32, F64
from armlet.network.layers import Add, Conv, Dense, Depthwise, Layer, Pair, Pool, Reduction, Reshape, Sides
from armlet.network.network import Network


def run_layers(network: Network, rows: ArrayLike, keep: Callable[[int, F64], F64] = lambda i, values: values) -> F64:
    """Outputs for raw inputs, (inputs,) or (samples, inputs); `keep` is how what layer i gives is stored."""
    given = np.asarray(rows, np.float64)
    return _run(network, given, keep) if given.ndim == 1 else np.stack([_run(network, row, keep) for row in given])


def _run(network: Network, row: F64, keep: Callable[[int, F64], F64]) -> F64:
    values = [((row - network.domain.mean) / network.domain.std).reshape(network.shape)]
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        values.append(keep(i, run_layer(layer, [values[source] for source in sources])))
    return values[-1].ravel()


def run_layer(layer: Layer, taken: list[F64]) -> F64:
    match layer:
        case Dense(weight, bias):
            sums = weight.astype(np.float64) @ taken[0].ravel() + bias
        case Conv(weight, bias):
            sums = _convolved(taken[0], weight, layer.stride, layer.padding, layer.dilation, layer.groups)
            sums = sums + bias[:, None, None]
        case Depthwise(weight, bias):
            kernel = weight[:, None]
            sums = _convolved(taken[0], kernel, layer.stride, layer.padding, layer.dilation, len(weight))
            sums = sums + bias[:, None, None]
        case Pool(reduction, size, stride, padding):
            return _pooled(taken[0], reduction, size or taken[0].shape[1:], stride, padding)
        case Add():
            sums = taken[0] + taken[1]
        case Reshape(shape):
            return taken[0].reshape(shape or (-1,))
    return activated(layer.activation, layer.slope, sums)


def _windows(planes: F64, size: Pair, stride: Pair, dilation: Pair = (1, 1)) -> F64:
    """(channels, down, across, height, width) of planes with their padding."""
    reach = [(extent - 1) * step + 1 for extent, step in zip(size, dilation)]
    seen = np.lib.stride_tricks.sliding_window_view(planes, reach, axis=(1, 2))
    return seen[:, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]


def _padded(planes: F64, sides: Sides, value: float) -> F64:
    top, left, bottom, right = sides
    return np.pad(planes, ((0, 0), (top, bottom), (left, right)), constant_values=value)


def _convolved(planes: F64, weight: F32, stride: Pair, sides: Sides, dilation: Pair, groups: int) -> F64:
    outputs, inputs, height, width = weight.shape
    windows = _windows(_padded(planes, sides, 0.0), (height, width), stride, dilation)
    split = windows.reshape(groups, inputs, *windows.shape[1:])
    kernels = weight.astype(np.float64).reshape(groups, outputs // groups, inputs, height, width)
    sums = np.einsum("gcyxij,gocij->goyx", split, kernels, optimize=True)
    return sums.reshape(outputs, *sums.shape[2:])


def _pooled(planes: F64, reduction: Reduction, size: Pair, stride: Pair, sides: Sides) -> F64:
    windows = _windows(_padded(planes, sides, np.nan), size, stride)
    return (np.nanmax if reduction is Reduction.MAX else np.nanmean)(windows, axis=(3, 4))
