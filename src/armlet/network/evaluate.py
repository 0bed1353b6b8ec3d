"""Evaluate any network of layers in float64: windows become the rows of a matrix, so that BLAS does the sums."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from armlet.network.activation import Activation, activated
from armlet.network.frozen import F32, F64
from armlet.network.layers import Add, Conv, Dense, Depthwise, Layer, Pair, Pool, Reduction, Reshape, Sides
from armlet.network.shapes import Shape, Wiring, tensor_shapes

_AT_ONCE = 1 << 22  # numbers of a matrix of windows: 32 MB


def evaluate_layers(layers: Sequence[Layer], wiring: Wiring, shape: Shape, x: F64) -> F64:
    """What the last layer gives, (outputs,) or (samples, outputs), for normalised inputs in rows of as many numbers."""
    shapes = tensor_shapes(layers, wiring, shape)
    if x.ndim == 1 or all(isinstance(layer, Dense) for layer in layers):
        return _evaluate(layers, wiring, shape, x).reshape(*x.shape[:-1], math.prod(shapes[-1]))
    step = max(1, _AT_ONCE // max(_windows_of(layer, given) for layer, given in zip(layers, shapes[1:])))
    parts = [_evaluate(layers, wiring, shape, x[at : at + step]) for at in range(0, len(x), step)]
    return np.concatenate(parts).reshape(len(x), -1) if parts else np.empty((0, math.prod(shapes[-1])))


def last_activation(layers: Sequence[Layer], wiring: Wiring) -> Activation:
    """That of the layer whose values the network gives, in another shape perhaps; LINEAR behind a pool."""
    at = len(layers)
    while at and isinstance(layers[at - 1], Reshape):
        at = wiring[at - 1][0]
    layer = layers[at - 1] if at else None
    return Activation.LINEAR if layer is None or isinstance(layer, Pool | Reshape) else layer.activation


def _windows_of(layer: Layer, given: Shape) -> int:
    """The numbers in the windows of one sample, or in what the layer gives."""
    match layer:
        case Conv(weight):
            return math.prod(given[1:]) * layer.channels * math.prod(weight.shape[2:])
        case Depthwise(weight):
            return math.prod(given[1:]) * weight.size
        case Pool(size=(height, width)):
            return math.prod(given) * height * width
        case _:
            return math.prod(given)


def _evaluate(layers: Sequence[Layer], wiring: Wiring, shape: Shape, x: F64) -> F64:
    samples = x.shape[:-1]
    values = [x.reshape(*samples, *shape)]
    for layer, sources in zip(layers, wiring):
        values.append(_given(layer, [values[source] for source in sources], samples))
    return values[-1]


def _given(layer: Layer, taken: Sequence[F64], samples: Shape) -> F64:
    """What the layer gives for what it takes, each (samples, shape)."""
    match layer:
        case Dense(weight, bias):
            sums = taken[0].reshape(*samples, layer.inputs) @ weight.T.astype(np.float64) + bias
        case Conv(weight, bias):
            sums = _convolved(taken[0], weight, layer.groups, layer.stride, layer.padding, layer.dilation)
            sums += bias[:, None, None]
        case Depthwise(weight, bias):
            sums = _convolved(taken[0], weight[:, None], len(weight), layer.stride, layer.padding, layer.dilation)
            sums += bias[:, None, None]
        case Pool(reduction, size, stride, padding):
            return _pooled(taken[0], reduction, size or (taken[0].shape[-2], taken[0].shape[-1]), stride, padding)
        case Add():
            sums = taken[0] + taken[1]
        case Reshape(shape):
            return taken[0].reshape(*samples, *(shape or (-1,)))
    return activated(layer.activation, layer.slope, sums)


def _convolved(planes: F64, weight: F32, groups: int, stride: Pair, padding: Sides, dilation: Pair) -> F64:
    """Sums over windows, (..., outputs, height, width)."""
    outputs, inputs, height, width = weight.shape
    windows = _windows(_padded(planes, padding, 0.0), (height, width), stride, dilation)
    samples, (down, across) = windows.shape[:-5], windows.shape[-4:-2]
    split = windows.reshape(-1, groups, inputs, down, across, height, width).transpose(1, 0, 3, 4, 2, 5, 6)
    rows = split.reshape(groups, -1, inputs * height * width)
    columns = weight.reshape(groups, outputs // groups, -1).transpose(0, 2, 1).astype(np.float64)
    sums = (rows @ columns).reshape(groups, -1, down, across, outputs // groups).transpose(1, 0, 4, 2, 3)
    return sums.reshape(*samples, outputs, down, across)


def _pooled(planes: F64, reduction: Reduction, size: Pair, stride: Pair, padding: Sides) -> F64:
    """The largest or the mean of each window; padding takes no part."""
    if reduction is Reduction.MAX:
        return _windows(_padded(planes, padding, -np.inf), size, stride).max(axis=(-2, -1))
    sums = _windows(_padded(planes, padding, 0.0), size, stride).sum(axis=(-2, -1))
    counts = _windows(_padded(np.ones((1, *planes.shape[-2:])), padding, 0.0), size, stride).sum(axis=(-2, -1))
    return sums / counts


def _padded(planes: F64, sides: Sides, value: float) -> F64:
    top, left, bottom, right = sides
    around = [(0, 0)] * (planes.ndim - 2) + [(top, bottom), (left, right)]
    return np.pad(planes, around, constant_values=value)


def _windows(planes: F64, size: Pair, stride: Pair, dilation: Pair = (1, 1)) -> NDArray[np.float64]:
    """(..., channels, down, across, height, width) of planes with their padding, without a copy."""
    reach = [(extent - 1) * step + 1 for extent, step in zip(size, dilation)]
    seen = np.lib.stride_tricks.sliding_window_view(planes, reach, axis=(-2, -1))
    return seen[..., :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
