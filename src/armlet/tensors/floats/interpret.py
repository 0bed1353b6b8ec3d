"""What a network with windows gives in float32, to the bit: every sum in its order (sums.py), every step rounded."""

from collections.abc import Sequence

import numpy as np

from armlet.arithmetic.arithmetic import Arithmetic, finish
from armlet.network.activation import Activation
from armlet.network.frozen import F32
from armlet.network.layers import Add, Conv, Dense, Depthwise, Pool, Reduction, Reshape
from armlet.network.network import Network
from armlet.network.normalise import fold_into_windows
from armlet.tensors.floats.planes import homes_of, plane_shapes
from armlet.tensors.floats.sums import Span, Sums, pool_spans, reciprocal, sums_of


def run_planes(network: Network, arithmetic: Arithmetic, x: F32) -> F32:
    """The outputs (samples, outputs) for raw inputs (samples, inputs)."""
    folded = fold_into_windows(network)
    network, shapes, homes, samples = folded.network, plane_shapes(network), homes_of(network), len(x)
    values = [np.asarray(x, np.float32).reshape(samples, *shapes[0])]
    for layer, sources, shape in zip(network.layers, network.sources, shapes[1:]):
        taken, border = [values[source] for source in sources], 0.0 if homes[sources[0]] else folded.border
        match layer:
            case Dense():
                given = _sums(arithmetic, sums_of(layer, _shape(taken[0])), taken[0], (layer.outputs, 1, 1), border)
            case Conv() | Depthwise():
                given = _sums(arithmetic, sums_of(layer, _shape(taken[0])), taken[0], shape, border)
            case Pool():
                given = _pooled(arithmetic, layer, taken[0], shape)
            case Add(activation, slope):
                total = arithmetic.numbers.add(taken[0], taken[1])
                given = _finished(arithmetic, activation, slope, total)
            case Reshape():
                given = taken[0]
        values.append(given.reshape(samples, *shape))
    return values[-1].reshape(samples, -1)


def _shape(planes: F32) -> tuple[int, int, int]:
    return planes.shape[1], planes.shape[2], planes.shape[3]


def _finished(arithmetic: Arithmetic, activation: Activation, slope: float, total: F32) -> F32:
    return finish(arithmetic, arithmetic.numbers, activation, np.float32(slope), total)


def _sums(arithmetic: Arithmetic, sums: Sums, planes: F32, shape: Sequence[int], border: float) -> F32:
    """All sums of a layer, activated, (samples, channels, height, width)."""
    _, height, width = shape
    (down, across), (top, left, *_), on = sums.stride, sums.padding, arithmetic.numbers
    rows = max([planes.shape[2], *(int(t.row.max()) + (height - 1) * down + 1 - top for t in sums.taps if len(t))])
    columns = max(
        [planes.shape[3], *(int(t.column.max()) + (width - 1) * across + 1 - left for t in sums.taps if len(t))]
    )
    wide = np.full((*planes.shape[:2], top + rows, left + columns), border, np.float32)
    wide[:, :, top : top + planes.shape[2], left : left + planes.shape[3]] = planes
    given = np.empty((len(planes), *shape), np.float32)
    for j, (taps, bias) in enumerate(zip(sums.taps, sums.bias)):
        total, is_first = None if bias == 0 else np.asarray(bias), True
        for row, channel, column, weight in zip(taps.row, taps.channel, taps.column, taps.weight):
            x = wide[:, channel, row : row + down * height : down, column : column + across * width : across]
            x = x[:, :height, :width]
            go_on = arithmetic.begin if is_first else arithmetic.accumulate
            total, is_first = go_on(on, total, weight, x), False
        if total is None or is_first:
            total = np.full(given[:, j].shape, bias, np.float32)
        given[:, j] = _finished(arithmetic, sums.activation, sums.slope, total)
    return given


def _pooled(arithmetic: Arithmetic, pool: Pool, planes: F32, shape: tuple[int, int, int]) -> F32:
    given = np.empty((len(planes), *shape), np.float32)
    down, across = pool_spans(pool, _shape(planes), shape)
    for rows in down:
        for columns in across:
            window = _window(pool, planes, rows, columns)
            total = window[0]
            for x in window[1:]:
                if pool.reduction is Reduction.MAX:
                    total = np.where(np.signbit(arithmetic.numbers.subtract(total, x)), x, total)
                else:
                    total = arithmetic.numbers.add(total, x)
            if pool.reduction is Reduction.AVERAGE:
                total = arithmetic.numbers.multiply(total, reciprocal(len(window)))
            here = slice(rows.first, rows.first + rows.count), slice(columns.first, columns.first + columns.count)
            given[:, :, here[0], here[1]] = total
    return given


def _window(pool: Pool, planes: F32, rows: Span, columns: Span) -> list[F32]:
    """The values of the windows of some positions, in their order."""
    found = list[F32]()
    for y in range(rows.begin, rows.end):
        for x in range(columns.begin, columns.end):
            first = rows.first * pool.stride[0] - pool.padding[0] + y
            left = columns.first * pool.stride[1] - pool.padding[1] + x
            end, right = first + (rows.count - 1) * pool.stride[0] + 1, left + (columns.count - 1) * pool.stride[1] + 1
            found.append(planes[:, :, first : end : pool.stride[0], left : right : pool.stride[1]])
    return found
