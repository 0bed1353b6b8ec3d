"""Leaves out of a network in integers what need not be computed: constant neurons, and neurons that nobody reads.

Each step is exact: a constant goes into the sums of those who read it, a value that is not read is not made. Inputs
stay where they are; one that nobody reads has a column of zeros.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from armlet.integer.bounds import integer_bounds
from armlet.integer.formats import I64, INT32
from armlet.integer.layers import IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier, Requantisation, Shift


@dataclass(frozen=True, slots=True, eq=False)
class SimplifiedIntegers:
    """A network with the same outputs, and which neurons of the first one its neurons are."""

    network: IntegerNetwork
    neurons: tuple[I64, ...]  # for each layer, the numbers of those that are left
    constant_neurons: int
    dead_neurons: int


def simplify_integers(network: IntegerNetwork) -> SimplifiedIntegers:
    """The network without constant and dead neurons; outputs stay, constant or not."""
    layers = list(network.dense)
    kept = [np.arange(layer.neurons) for layer in layers]
    constant = _fold_constants(network, layers, kept)
    dead = 0
    for i in range(len(layers) - 2, -1, -1):
        read = (layers[i + 1].weight != 0).any(axis=0)
        read[0] |= not read.any()  # a layer has one neuron at least
        dead += int(np.count_nonzero(~read))
        _keep(layers, kept, i, read)
    return SimplifiedIntegers(replace(network, layers=tuple(layers)), tuple(kept), constant, dead)


def _fold_constants(network: IntegerNetwork, layers: list[IntegerDense], kept: list[I64]) -> int:
    """Take neurons that store one number only out of all layers but the last; gives how many."""
    found = 0
    for i, bounds in enumerate(integer_bounds(network)[:-1]):
        value = bounds.low
        fixed = bounds.low == bounds.high
        after = layers[i + 1]
        bias = after.bias + after.weight.astype(np.int64)[:, fixed] @ value[fixed]
        fits = bool(((bias >= INT32.low) & (bias <= INT32.high)).all())
        if fixed.all() or not fixed.any() or not fits:
            continue
        layers[i + 1] = replace(after, bias=bias)
        found += int(np.count_nonzero(fixed))
        _keep(layers, kept, i, ~fixed)
    return found


def _keep(layers: list[IntegerDense], kept: list[I64], i: int, stay: NDArray[np.bool_]) -> None:
    """Drop the neurons of layer i that do not stay, and the next layer's weights on them."""
    layers[i] = neurons_of(layers[i], stay)
    layers[i + 1] = replace(layers[i + 1], weight=layers[i + 1].weight[:, stay])
    kept[i] = kept[i][stay]


def neurons_of(layer: IntegerDense, stay: NDArray[np.bool_]) -> IntegerDense:
    """The layer with those of its neurons that stay."""
    return replace(
        layer,
        weight=layer.weight[stay],
        bias=layer.bias[stay],
        low=layer.low[stay],
        high=layer.high[stay],
        requantisation=_rows_of(layer.requantisation, stay),
    )


def _rows_of(by: Requantisation | None, stay: NDArray[np.bool_]) -> Requantisation | None:
    match by:
        case Shift(shift):
            return Shift(shift[stay])
        case Multiplier(multiplier, exponent, once):
            return Multiplier(multiplier[stay], exponent[stay], once)
        case None:
            return None
