"""How far float32 may lie from the float64 network: a proven bound for any order of every sum.

A sum of n products and a bias, each operation rounded to nearest with unit u = 2^-24, differs from the exact sum of the
same operands by at most gamma(n + 1) (|b| + sum |w| |x|) + n 2^-150, gamma(k) = k u / (1 - k u), whatever the order and
whether or not multiply-adds are fused (Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, sections
2.1, for the subnormal term, and 3.1; sums never underflow). The error of the operands passes through |W|, and no
activation widens it, for none is steeper than one; what its program adds is stated with it (network/activation.py). The
yardstick's own float64 rounding is bounded the same way and added.

Where a build declares scales, all is in units of the network's values: weights and biases are then rounded twice more
at most, which is gamma(n + 3), and what is absolute in the program, the subnormal terms, is divided by the scale.

It is a worst case: rounding errors that never cancel, neither in a sum nor from layer to layer.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from armlet.arithmetic.number_format import NumberFormat
from armlet.build.scaling import Scaling, unscaled
from armlet.network.activation import Activation, activated, activation_error
from armlet.network.frozen import F64
from armlet.network.layers import Dense
from armlet.network.network import Network
from armlet.network.normalise import fold_normalisation

_DOUBLE = 2.0**-53


def error_bound(network: Network, x: ArrayLike, scaling: Scaling | None = None) -> F64:
    """At most how far `network` computed in float32 in any order lies from `network(x)`, for x (samples, inputs).

    Infinite where float32 may overflow. `x` are float32 values. Where the network has a normalisation, the bound
    includes folding it into the first layer. `scaling` is the build's, of its order.
    """
    values = np.asarray(x, np.float64)
    error = np.zeros_like(values)
    folded = fold_normalisation(network)
    given = scaling or unscaled(network)
    with np.errstate(all="ignore"):
        for i, (layer, before, scale) in enumerate(zip(folded.dense, given.layers, given.layers[1:])):
            after = _sums(layer, values)
            error = _layer_error(layer, values, error, before, scale, given)
            if i == 0 and folded is not network:
                error = error + _folding_error(network, values, given.format)
            values = activated(layer.activation, layer.slope, after)
            if layer.activation not in (Activation.LINEAR, Activation.RELU):
                within = activation_error(layer.activation, (np.abs(values) + error) * scale) / scale
                error = error + within * (1 + 2.0**-20)
    return np.where(np.isnan(error), np.inf, error)


def specified(network: Network, x: ArrayLike, scaling: Scaling | None = None) -> NDArray[np.bool_]:
    """(samples,) on which declared inputs no sum leaves float32, in any order: their results can be claimed."""
    if largest_sum(network, scaling) < np.inf:
        return np.ones(len(np.asarray(x)), bool)
    return np.asarray(np.isfinite(error_bound(network, x, scaling)).all(axis=1), bool)


def largest_sum(network: Network, scaling: Scaling | None = None) -> float:
    """At most how large any sum, or part of one, gets in float32 on the declared inputs.

    Infinite where that is beyond float32, and where no interval is declared.
    """
    if not network.domain.is_declared:
        return np.inf
    folded, given = fold_normalisation(network), scaling or unscaled(network)
    numbers = given.format
    size = np.maximum(np.abs(network.domain.low), np.abs(network.domain.high)) * (1 + numbers.unit_roundoff)
    largest = 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for layer, scale in zip(folded.dense, given.layers[1:]):
            size = np.abs(layer.weight.astype(np.float64)) @ size + np.abs(layer.bias.astype(np.float64))
            roundings = np.full(len(size), layer.inputs + 2 + 2 * given.rounds)
            size = size * (1 + _gamma(roundings, numbers.unit_roundoff)) + layer.inputs * _tiniest(numbers) / scale
            largest = max(largest, float((size * scale).max()))
            ends = np.abs(activated(layer.activation, layer.slope, np.stack((-size, size))))  # none decreases
            size = ends.max(axis=0) + activation_error(layer.activation, ends * scale).max(axis=0) / scale
    return largest if largest < numbers.largest else np.inf


def _sums(layer: Dense, values: F64) -> F64:
    return values @ layer.weight.T.astype(np.float64) + layer.bias


def _layer_error(layer: Dense, values: F64, error: F64, before: F64, scale: F64, given: Scaling) -> F64:
    """Of the layer's sums, given the values that float64 has and how far those of float32 may lie from them."""
    numbers, tiniest = given.format, _tiniest(given.format)
    weight = np.abs(layer.weight.astype(np.float64)).T
    bias = np.abs(layer.bias.astype(np.float64))
    terms = np.count_nonzero(layer.weight, axis=1)
    exact = np.abs(values) @ weight + bias
    passed = error @ weight
    gamma = _gamma(terms + 1 + 2 * given.rounds, numbers.unit_roundoff)
    rounded = (exact + passed) * gamma + terms * tiniest / scale
    if given.rounds:  # of a weight or bias that is subnormal after scaling
        sizes = ((np.abs(values) + error) * before) @ (weight > 0)
        rounded = rounded + (2 * sizes + 1) * tiniest / scale
    yardstick = exact * _gamma(np.full_like(terms, layer.inputs + 2), _DOUBLE)
    total = (passed + rounded + yardstick) * (1 + (layer.inputs + 16) * 2 * _DOUBLE)  # this line's own rounding
    return np.where((exact + passed) * (1 + gamma) * scale < numbers.largest, total, np.inf)


def _folding_error(network: Network, x: F64, numbers: NumberFormat) -> F64:
    """Of the first layer's sums: W / std and b - W mean / std are rounded to float32 once, after float64."""
    layer, domain = network.dense[0], network.domain
    weight = np.abs(layer.weight / domain.std).T
    bias = np.abs(layer.bias - (layer.weight / domain.std) @ domain.mean)
    size = np.abs(x)
    once = numbers.unit_roundoff * (size @ weight + bias)
    once += 2 * _tiniest(numbers) * (1 + size.sum(axis=1, keepdims=True))
    double = (layer.inputs + 16) * 2 * _DOUBLE * ((size + np.abs(domain.mean)) @ weight + np.abs(layer.bias))
    return (once + double) * (1 + 2.0**-20)


def _tiniest(numbers: NumberFormat) -> float:
    """What the rounding of one product may lose among subnormals."""
    return numbers.smallest_subnormal / 2


def _gamma(count: np.ndarray, unit: float) -> F64:
    return count * unit / (1 - count * unit)
