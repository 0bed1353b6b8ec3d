"""What layers store for given sums, and for what no input changes."""

from dataclasses import replace

import numpy as np

from armlet.integer.formats import I64
from armlet.integer.interpret import added, averaged, store
from armlet.integer.layers import IntegerAdd, IntegerDense, IntegerLayer, IntegerPool, body_of
from armlet.integer.requantise import Multiplier, Shift
from armlet.network.layers import Reduction
from armlet.prove.tensors.names import Taps, constants_of

_FAR = 1 << 40


def stored_of(layer: IntegerLayer, channel: int, sums: I64, count: I64) -> I64:
    """What is stored for sums of what is taken; `count` is of how many values an average is."""
    if isinstance(layer, IntegerPool):
        return averaged(layer, sums, count)
    body = body_of(layer)
    assert body is not None
    return store(one_neuron(body, channel), (sums + body.bias[channel])[:, None])[:, 0]


def stored_of_constants(layer: IntegerLayer, channel: int, taps: Taps) -> I64:
    """What is stored where all that is taken is constant."""
    taken = constants_of(taps.names)
    match layer:
        case IntegerAdd():
            return added(layer, taken[:, 0], taken[:, 1])
        case IntegerPool(reduction=Reduction.MAX, low=low, high=high):
            return np.clip(np.where(taps.inside, taken, -_FAR).max(axis=1), low, high)
        case _:
            return stored_of(layer, channel, taken @ taps.weights, taps.count)


def one_neuron(body: IntegerDense, neuron: int) -> IntegerDense:
    """A layer of one of its neurons."""
    at, by = slice(neuron, neuron + 1), body.requantisation
    match by:
        case Shift(shift):
            by = Shift(shift[at])
        case Multiplier(multiplier, exponent, once):
            by = Multiplier(multiplier[at], exponent[at], once)
        case None:
            pass
    ends = {"low": body.low[at], "high": body.high[at]}
    return replace(body, weight=body.weight[at], bias=body.bias[at], requantisation=by, **ends)
