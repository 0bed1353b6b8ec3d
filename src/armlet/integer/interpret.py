"""Runs a network in integers: the definition, to the bit, of what every program for it must give."""

import numpy as np
from numpy.typing import ArrayLike

from armlet.integer.formats import I64
from armlet.integer.network import SLOPE_BITS, IntegerLayer, IntegerNetwork
from armlet.integer.requantise import requantise
from armlet.network.activation import Activation
from armlet.network.frozen import F64

_CHUNK = 1 << 22  # numbers held at once


def run_integers(network: IntegerNetwork, stored: ArrayLike) -> I64:
    """Results (samples, results) for stored inputs (samples, inputs): stored outputs, or which one is the largest."""
    values = np.atleast_2d(np.asarray(stored, np.int64))
    step = max(1, _CHUNK // max(network.widths))
    parts = [_run(network, values[i : i + step]) for i in range(0, len(values), step)]
    return np.concatenate(parts) if parts else np.zeros((0, network.results), np.int64)


def evaluate(network: IntegerNetwork, x: ArrayLike) -> F64:
    """What the network says of raw inputs (samples, inputs), in real numbers."""
    return network.real(run_integers(network, network.quantise(x)))


def store(layer: IntegerLayer, sums: I64) -> I64:
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


def _run(network: IntegerNetwork, values: I64) -> I64:
    for layer in network.layers:
        # Exact: |weight| <= 2^15, |value| < 2^31 and the sum is proved to fit 32 bits, so doubles would do, too.
        values = store(layer, values @ layer.weight.T.astype(np.int64) + layer.bias)
    return values if network.argmax is None else network.argmax.answers(values)
