"""How far a network in float32 may lie from the same in exact arithmetic: the bound of the sums, in any order.

A sum of n products lies within gamma = k u / (1 - k u) of its size, the same sum of absolute values, where k counts the
roundings that one term meets: n + 1 of product and additions, one of a weight into which something was folded (Higham,
Accuracy and Stability of Numerical Algorithms, section 3.1). What a layer takes wrongly goes through absolute weights.
"""

from dataclasses import replace

import numpy as np

from armlet.network.activation import Activation
from armlet.network.frozen import F64
from armlet.network.layers import Add, Conv, Dense, Depthwise, Layer, Pool, Reduction, Reshape, Weighted
from armlet.network.network import Network
from oracles.run_layers import run_layer, run_layers

_UNIT = 2.0**-24
_CURVES = 2.0**-20  # of sigmoid and tanh, docs/compiler.md


def rounding_bound(network: Network, row: F64, computed: bool = True) -> F64:
    """Of each output, for one row of raw inputs, (inputs,); with `computed` False, of the rounding of weights alone."""
    values = [((row - network.domain.mean) / network.domain.std).reshape(network.shape)]
    run_layers(network, row, lambda i, given: _kept(values, given))
    size = (np.abs(row) + np.abs(network.domain.mean)) / network.domain.std
    bounds = [3 * _UNIT * size.reshape(network.shape)]  # mean and std, and what is subtracted and divided
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        wrong = [bounds[source] for source in sources]
        sizes = [np.abs(values[source]) + bounds[source] for source in sources]
        bounds.append(_layer(layer, wrong, sizes, values[i + 1], _UNIT if computed else 0.0))
    return bounds[-1].ravel()


def _kept(values: list[F64], given: F64) -> F64:
    values.append(given)
    return given


def _layer(layer: Layer, wrong: list[F64], sizes: list[F64], given: F64, unit: float) -> F64:
    match layer:
        case Dense() | Conv() | Depthwise():
            spread = _gamma(1 + (layer.weight[0].size + 1) * bool(unit)) * run_layer(
                _absolute(layer, np.abs(layer.bias)), sizes
            )
            bound = run_layer(_absolute(layer, 0 * layer.bias), wrong) + spread
        case Pool(Reduction.AVERAGE, size):
            terms = int(np.prod(size or sizes[0].shape[1:]))
            return run_layer(layer, wrong) + _gamma((terms + 1) * bool(unit)) * run_layer(layer, sizes)
        case Add():
            plain = replace(layer, activation=Activation.LINEAR)
            bound = run_layer(plain, wrong) + unit * run_layer(plain, sizes)
        case Pool() | Reshape():
            return run_layer(layer, wrong)
    match layer.activation:
        case Activation.SIGMOID | Activation.TANH:
            return bound + _CURVES * bool(unit)
        case Activation.LEAKY_RELU:
            return bound + unit * (np.abs(given) + bound)
        case _:
            return bound


def _gamma(roundings: int) -> float:
    return roundings * _UNIT / (1 - roundings * _UNIT)


def _absolute(layer: Weighted, bias: np.ndarray) -> Weighted:
    return replace(layer, weight=np.abs(layer.weight), bias=bias, activation=Activation.LINEAR)
