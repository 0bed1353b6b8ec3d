"""Networks in integers some of whose channels need not be computed."""

from dataclasses import replace

import numpy as np

from armlet.integer.layers import IntegerConv, IntegerDense, IntegerLayer
from armlet.integer.network import IntegerNetwork


def with_dead_channels(network: IntegerNetwork, seed: int) -> IntegerNetwork:
    """The network with channels that hold one value, at its zero or anywhere, and channels that nobody reads."""
    random, layers = np.random.default_rng(seed), list[IntegerLayer]()
    for i, layer in enumerate(network.layers):
        if isinstance(layer, IntegerConv) and i + 1 < len(network.layers):
            layers.append(replace(layer, body=_deadened(layer.body, random)))
        else:
            layers.append(layer)
    return replace(network, layers=tuple(layers))


def _deadened(body: IntegerDense, random: np.random.Generator) -> IntegerDense:
    low, high = body.low.copy(), body.high.copy()
    held = random.random(len(low)) < 0.4
    value = np.where(random.random(len(low)) < 0.5, body.zero, random.integers(-128, 128, len(low)))
    weight = body.weight.copy()
    weight[:, random.random(weight.shape[1]) < 0.3] = 0
    return replace(body, weight=weight, low=np.where(held, value, low), high=np.where(held, value, high))
