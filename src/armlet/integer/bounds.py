"""Intervals of every value and every sum on the declared inputs: the proof that 32 bits hold each sum.

Sums are exact, so the interval of a sum is that of its linear form; what wraps round on the way to a final sum that
fits is harmless, as additions wrap back.
"""

from dataclasses import dataclass

import numpy as np

from armlet.errors import InputError
from armlet.integer.formats import I64, INT32
from armlet.integer.interpret import store
from armlet.integer.layers import IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier


@dataclass(frozen=True, slots=True, eq=False)
class LayerBounds:
    """Closed intervals: of what a layer takes, of its sums, of what it stores."""

    taken_low: I64  # (inputs,)
    taken_high: I64
    sum_low: I64  # (neurons,)
    sum_high: I64
    low: I64  # (neurons,)
    high: I64


def integer_bounds(network: IntegerNetwork) -> tuple[LayerBounds, ...]:
    """The intervals of each layer. Raises `InputError` with the neuron whose sum could overflow, or for such keys."""
    low, high = network.input_ends
    found: list[LayerBounds] = []
    for i, layer in enumerate(network.dense):
        bounds = _bounds(layer, low, high)
        _check(bounds.sum_low, bounds.sum_high, i, "has sums")
        if isinstance(layer.requantisation, Multiplier):
            up = np.maximum(layer.requantisation.exponent, 0)
            _check(bounds.sum_low << up, bounds.sum_high << up, i, "has sums, with their exponent,")
        found.append(bounds)
        low, high = bounds.low, bounds.high
    if network.argmax is not None and (why := network.argmax.obstacle(low, high)):
        raise InputError("argmax", why, "give it less factors or more shift, or store outputs as int16 or int8")
    return tuple(found)


def _check(low: I64, high: I64, layer: int, what: str) -> None:
    """Raise `InputError` with the first neuron that goes beyond 32 bits."""
    over = (low < INT32.low) | (high > INT32.high)
    if over.any():
        neuron = int(np.argmax(over))
        span = f"{low[neuron]} to {high[neuron]}"
        raise InputError(f"layer {layer}, neuron {neuron}", f"{what} from {span}, beyond 32 bits", "scale it down")


def _bounds(layer: IntegerDense, low: I64, high: I64) -> LayerBounds:
    weight = layer.weight.astype(np.int64)
    up, down = np.maximum(weight, 0), np.minimum(weight, 0)
    sum_low = up @ low + down @ high + layer.bias
    sum_high = up @ high + down @ low + layer.bias
    stored = np.sort(store(layer, np.stack((sum_low, sum_high))), axis=0)  # no activation falls
    return LayerBounds(low, high, sum_low, sum_high, stored[0], stored[1])
