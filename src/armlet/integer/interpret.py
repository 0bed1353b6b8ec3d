"""Runs a network in integers: the definition, to the bit, of what every program for it must give."""

import math

import numpy as np
from numpy.typing import ArrayLike

from armlet.integer.formats import I64
from armlet.integer.layers import SLOPE_BITS, IntegerAdd, IntegerConv, IntegerDense, IntegerLayer, IntegerPool
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import requantise
from armlet.network.activation import Activation
from armlet.network.frozen import F64
from armlet.network.layers import Pair, Reduction, Reshape, Sides

_CHUNK = 1 << 22  # numbers held at once


def run_integers(network: IntegerNetwork, stored: ArrayLike) -> I64:
    """Results (samples, results) for stored inputs (samples, inputs): stored outputs, or which one is the largest."""
    values = np.atleast_2d(np.asarray(stored, np.int64))
    step = max(1, _CHUNK // (max(network.widths) * max(map(_window, network.layers))))
    parts = [_run(network, values[i : i + step]) for i in range(0, len(values), step)]
    return np.concatenate(parts) if parts else np.zeros((0, network.results), np.int64)


def evaluate(network: IntegerNetwork, x: ArrayLike) -> F64:
    """What the network says of raw inputs (samples, inputs), in real numbers."""
    return network.real(run_integers(network, network.quantise(x)))


def store(layer: IntegerDense, sums: I64) -> I64:
    """What `layer` stores for its sums, (samples, neurons)."""
    if layer.requantisation is None:
        return sums
    scaled = requantise(layer.requantisation, sums)
    match layer.activation:
        case Activation.LEAKY_RELU:
            scaled = np.maximum(scaled, scaled * layer.slope >> SLOPE_BITS)
        case Activation.SIGMOID | Activation.TANH:
            assert layer.table is not None
            scaled = layer.table[np.clip(scaled, -128, 127) + 128].astype(np.int64) - layer.zero
        case _:
            pass  # the clamp is the activation
    return np.clip(scaled + layer.zero, layer.low, layer.high)


def _window(layer: IntegerLayer) -> int:
    """How often a value is held at once."""
    return math.prod(layer.kernel) if isinstance(layer, IntegerConv) else 1


def _run(network: IntegerNetwork, stored: I64) -> I64:
    shapes = network.shapes
    values = [stored.reshape(-1, *network.shape)]
    for layer, taken, shape in zip(network.layers, network.sources, shapes[1:]):
        values.append(_apply(layer, [values[k] for k in taken]).reshape(-1, *shape))
    outputs = values[-1].reshape(len(stored), -1)
    return outputs if network.argmax is None else network.argmax.answers(outputs)


def _apply(layer: IntegerLayer, taken: list[I64]) -> I64:
    """What a layer stores for the tensors (samples, ...) that it takes."""
    match layer:
        case IntegerDense():
            return _dense(layer, taken[0].reshape(len(taken[0]), -1))
        case IntegerConv():
            return _convolved(layer, *taken)
        case IntegerPool():
            return _pooled(layer, taken[0])
        case IntegerAdd():
            return added(layer, *taken)
        case Reshape():
            return taken[0]


def _dense(layer: IntegerDense, rows: I64) -> I64:
    """Exact in doubles: a sum is proved to fit 32 bits, and what stands on the way to it has less than 53."""
    sums = rows.astype(np.float64) @ layer.weight.T.astype(np.float64)
    return store(layer, sums.astype(np.int64) + layer.bias)


def _convolved(layer: IntegerConv, planes: I64, other: I64 | None = None) -> I64:
    seen = _windows(planes, layer.kernel, layer.stride, layer.dilation, layer.padding, layer.border)
    samples, _, down, across = seen.shape[:4]
    rows = seen.reshape(samples, layer.groups, -1, down, across, *layer.kernel)
    rows = rows.transpose(1, 0, 3, 4, 2, 5, 6).reshape(layer.groups, samples * down * across, -1)
    weight = layer.body.weight.reshape(layer.groups, -1, rows.shape[2]).astype(np.float64)
    sums = (rows.astype(np.float64) @ weight.transpose(0, 2, 1)).astype(np.int64)
    sums = sums.transpose(1, 0, 2).reshape(samples * down * across, -1)
    if layer.residual is not None and other is not None:
        sums = sums + other.transpose(0, 2, 3, 1).reshape(sums.shape) * layer.residual.astype(np.int64)
    stored = store(layer.body, sums + layer.body.bias)
    return stored.reshape(samples, down, across, -1).transpose(0, 3, 1, 2)


def _pooled(layer: IntegerPool, planes: I64) -> I64:
    size = layer.size or (planes.shape[2], planes.shape[3])
    if layer.reduction is Reduction.MAX:
        seen = _windows(planes, size, layer.stride, (1, 1), layer.padding, int(np.iinfo(np.int64).min))
        return np.clip(seen.max(axis=(4, 5)), layer.low, layer.high)
    sums = _windows(planes, size, layer.stride, (1, 1), layer.padding, 0).sum(axis=(4, 5))
    count = _windows(np.ones_like(planes[:1]), size, layer.stride, (1, 1), layer.padding, 0).sum(axis=(4, 5))
    return averaged(layer, sums, count)


def averaged(layer: IntegerPool, sums: I64, count: I64 | int) -> I64:
    """What an average pool stores for sums of `count` values: the average, halves away from 0, or those scaled."""
    if layer.scaling is None:
        whole = np.sign(sums) * ((np.abs(sums) + count // 2) // count)
    else:
        whole = requantise(layer.scaling.by, sums + layer.scaling.bias) + layer.scaling.zero
    return np.clip(whole, layer.low, layer.high)


def added(layer: IntegerAdd, one: I64, other: I64) -> I64:
    """What `layer` stores for two values, of any shape."""
    both = np.stack([one + layer.offset[0], other + layer.offset[1]], axis=-1) << layer.raised
    total = requantise(layer.scaling, both).sum(axis=-1, keepdims=True)
    scaled = requantise(layer.requantisation, total)[..., 0]
    return np.clip(scaled + layer.zero, layer.low, layer.high)


def _windows(planes: I64, size: Pair, stride: Pair, dilation: Pair, sides: Sides, value: int) -> I64:
    """(samples, channels, down, across, height, width) of planes with their padding."""
    top, left, bottom, right = sides
    wide = np.pad(planes, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=value)
    reach = [(extent - 1) * step + 1 for extent, step in zip(size, dilation)]
    seen = np.lib.stride_tricks.sliding_window_view(wide, reach, axis=(2, 3))
    return seen[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
