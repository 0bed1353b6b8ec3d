"""What a network of any kinds of layers computes, one value after the other in float64: the judge of readers."""

from collections.abc import Callable

import numpy as np

from armlet.network.activation import activated
from armlet.network.frozen import F64
from armlet.network.layers import Add, Conv, Dense, Depthwise, Layer, Pair, Pool, Reduction, Reshape, Sides
from armlet.network.network import Network


def run_layers(network: Network, row: F64) -> F64:
    """The outputs for one row of raw inputs."""
    values = [((row - network.domain.mean) / network.domain.std).reshape(network.shape)]
    for layer, sources in zip(network.layers, network.sources):
        values.append(_layer(layer, *(values[source] for source in sources)))
    return values[-1].reshape(-1)


def _layer(layer: Layer, x: F64, other: F64 | None = None) -> F64:
    match layer:
        case Dense(weight, bias):
            sums = weight.astype(np.float64) @ x.reshape(-1) + bias
        case Conv(weight, bias):
            sums = _conv(layer, x)
        case Depthwise(weight, bias):
            kernel = weight[:, None]
            grouped = Conv(kernel, bias, layer.activation, layer.slope, layer.stride, layer.padding, layer.dilation)
            planes = [_conv(_of_channel(grouped, c), x[c : c + 1]) for c in range(len(weight))]
            sums = np.concatenate(planes)
        case Pool():
            return _pool(layer, x)
        case Add():
            assert other is not None
            sums = x + other
        case Reshape(shape):
            return x.reshape(shape or -1)
    return activated(layer.activation, layer.slope, sums)


def _of_channel(conv: Conv, c: int) -> Conv:
    weight, bias = conv.weight[c : c + 1], conv.bias[c : c + 1]
    return Conv(weight, bias, conv.activation, conv.slope, conv.stride, conv.padding, conv.dilation)


def _conv(layer: Conv, x: F64) -> F64:
    outputs, per_group, height, width = layer.weight.shape
    each = outputs // layer.groups
    padded = _padded(x, layer.padding, 0.0)

    def at(output: int, row: int, column: int) -> float:
        total, group = float(layer.bias[output]), output // each
        for c in range(per_group):
            for i in range(height):
                for j in range(width):
                    taken = padded[group * per_group + c, row + i * layer.dilation[0], column + j * layer.dilation[1]]
                    total += float(layer.weight[output, c, i, j]) * taken
        return total

    reach = (height - 1) * layer.dilation[0] + 1, (width - 1) * layer.dilation[1] + 1
    return _windows(padded, outputs, reach, layer.stride, at)


def _pool(layer: Pool, x: F64) -> F64:
    size = layer.size or (x.shape[1], x.shape[2])
    padded = _padded(x, layer.padding, np.nan)
    reduce = np.nanmax if layer.reduction is Reduction.MAX else np.nanmean

    def at(channel: int, row: int, column: int) -> float:
        return float(reduce(padded[channel, row : row + size[0], column : column + size[1]]))

    return _windows(padded, len(x), size, layer.stride, at)


def _padded(x: F64, padding: Sides, fill: float) -> F64:
    top, left, bottom, right = padding
    return np.pad(x, ((0, 0), (top, bottom), (left, right)), constant_values=fill)


def _windows(padded: F64, outputs: int, reach: Pair, stride: Pair, at: Callable[[int, int, int], float]) -> F64:
    rows = range(0, padded.shape[1] - reach[0] + 1, stride[0])
    columns = range(0, padded.shape[2] - reach[1] + 1, stride[1])
    return np.array([[[at(o, row, column) for column in columns] for row in rows] for o in range(outputs)])
