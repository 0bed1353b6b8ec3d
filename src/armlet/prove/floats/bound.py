"""How far a network with windows in float32 may lie from float64: a proven bound for any order of every sum.

As in `prove/bound.py`, layer by layer: a sum of n products errs by gamma(n + 1) of the sum of its sizes, and the error
of its operands passes through |W|. The largest of a window errs no more than the worst of its values; an average of n
is a sum of n values whose factor 1 / n is rounded once. Products with the zeros of a border are among the n.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from armlet.arithmetic.number_format import FLOAT32_FORMAT
from armlet.network.activation import Activation, activated, activation_error
from armlet.network.evaluate import evaluate_layers
from armlet.network.frozen import F64
from armlet.network.layers import Add, Conv, Dense, Depthwise, Layer, Pool, Reduction, Reshape, Weighted
from armlet.network.network import Network
from armlet.network.normalise import fold_into_windows
from armlet.network.shapes import Shape

_DOUBLE = 2.0**-53
_UNIT, _LARGEST, _TINIEST = (
    FLOAT32_FORMAT.unit_roundoff,
    FLOAT32_FORMAT.largest,
    FLOAT32_FORMAT.smallest_subnormal / 2,
)


def plane_error_bound(network: Network, x: ArrayLike) -> F64:
    """At most how far `network` computed in float32 lies from `network(x)`, for x (samples, inputs).

    Infinite where float32 may overflow. `x` are float32 values. The bound includes folding a normalisation.
    """
    given, domain, folded = np.asarray(x, np.float64), network.domain, fold_into_windows(network)
    shapes = network.shapes
    values, errors = [(given - domain.mean) / domain.std], [np.zeros_like(given)]
    with np.errstate(all="ignore"):
        for layer, raw, sources in zip(network.layers, folded.network.layers, network.sources):
            taken = [(values[source], errors[source]) for source in sources]
            value, error = _passed(layer, shapes[sources[0]], taken)
            if raw is not layer:
                assert isinstance(raw, Weighted)
                error = _first(raw, shapes[sources[0]], given, domain.mean, value)
            values.append(value)
            errors.append(np.where(np.isnan(error), np.inf, error))
    return errors[-1]


def planes_specified(network: Network, x: ArrayLike) -> NDArray[np.bool_]:
    """(samples,) on which inputs no sum leaves float32, in any order: their results can be claimed."""
    return np.asarray(np.isfinite(plane_error_bound(network, x)).all(axis=1), bool)


def _passed(layer: Layer, shape: Shape, taken: Sequence[tuple[F64, F64]]) -> tuple[F64, F64]:
    """What a layer gives in float64, and how far float32 may lie from it."""
    (value, error), *others = taken
    match layer:
        case Reshape():
            return value, error
        case Pool(Reduction.MAX):
            return _one(layer, shape, value), _one(layer, shape, error)
        case Pool():
            count = float(shape[1] * shape[2]) if layer.size is None else float(layer.size[0] * layer.size[1])
            size, passed = _one(layer, shape, np.abs(value)), _one(layer, shape, error)
            within = np.where(
                (size + passed) * count * 1.01 < _LARGEST, passed + _rounded(size + passed, count), np.inf
            )
            return _one(layer, shape, value), within
        case Add(activation, slope):
            (other, more), *_ = others
            total, size = value + other, np.abs(value) + np.abs(other) + error + more
            return _activated(activation, slope, total, error + more + _rounded(size, 2.0))
        case Dense() | Conv() | Depthwise():
            return _weighted(layer, shape, value, error)


def _weighted(layer: Weighted, shape: Shape, value: F64, error: F64) -> tuple[F64, F64]:
    plain = replace(layer, activation=Activation.LINEAR)
    sizes = replace(plain, weight=np.abs(layer.weight), bias=np.abs(layer.bias))
    count = float(np.count_nonzero(layer.weight.reshape(len(layer.weight), -1), axis=1).max())
    exact, total = _one(sizes, shape, np.abs(value)), _one(plain, shape, value)
    passed = _one(replace(sizes, bias=np.zeros_like(layer.bias)), shape, error)
    return _activated(layer.activation, layer.slope, total, passed + _rounded(exact + passed, count))


def _first(layer: Weighted, shape: Shape, x: F64, mean: F64, value: F64) -> F64:
    """How far a layer lies from its value into which mean and std are folded, of raw inputs.

    Its weights, bias and border are rounded once; they make up sums of larger sizes, of which the means are a part.
    """
    plain = replace(layer, weight=np.abs(layer.weight), bias=np.abs(layer.bias), activation=Activation.LINEAR)
    wide = np.abs(x) + np.abs(mean)
    flat, most = np.abs(layer.weight.reshape(len(layer.weight), -1).astype(np.float64)), float(np.abs(mean).max())
    sizes = _one(plain, shape, wide)  # a border adds weights times a mean, each window at most all of them
    positions = sizes.shape[1] // len(layer.weight)
    sizes = sizes + 2 * most * np.repeat(flat.sum(axis=1), positions)
    count = float(np.count_nonzero(flat, axis=1).max())
    lost = count * 2 * _TINIEST * (1 + wide.max(axis=1, keepdims=True))
    error = _rounded(sizes, count) + 4 * _UNIT * sizes + lost
    return _with_activation(layer.activation, value, error)


def _rounded(size: F64, count: float) -> F64:
    """What roundings add to a sum of so many products of these sizes in all; infinite where it may overflow."""
    gamma = (count + 3) * _UNIT / (1 - (count + 3) * _UNIT)
    yardstick = (count + 16) * 4 * _DOUBLE
    within = size * (gamma + yardstick) * (1 + 2.0**-20) + (count + 2) * _TINIEST
    return np.where(size * (1 + gamma) < _LARGEST, within, np.inf)


def _activated(activation: Activation, slope: float, total: F64, error: F64) -> tuple[F64, F64]:
    value = activated(activation, slope, total)
    return value, _with_activation(activation, value, error)


def _with_activation(activation: Activation, value: F64, error: F64) -> F64:
    """The error of a sum, and what its activation adds, whose exact value is known."""
    if activation in (Activation.LINEAR, Activation.RELU):
        return error
    return error + activation_error(activation, np.abs(value) + error) * (1 + 2.0**-20)


def _one(layer: Layer, shape: Shape, x: F64) -> F64:
    return evaluate_layers((layer,), ((0,),), shape, x)
