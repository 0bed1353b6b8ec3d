"""Networks some of whose channels need not be computed."""

from dataclasses import replace

import numpy as np

from armlet.integer.layers import IntegerConv, IntegerDense, IntegerLayer
from armlet.integer.network import IntegerNetwork
from armlet.network.layers import Depthwise, Layer, Weighted
from armlet.network.network import Network


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


def with_dead_planes(network: Network, seed: int) -> Network:
    """A network in single precision with channels of zeros, of another constant, and channels that nobody reads."""
    random, layers = np.random.default_rng(seed), list[Layer]()
    for layer in network.layers:
        layers.append(_emptied(layer, random) if isinstance(layer, Weighted) else layer)
    return replace(network, layers=tuple(layers))


def _emptied(layer: Weighted, random: np.random.Generator) -> Weighted:
    weight, bias = layer.weight.copy(), layer.bias.copy()
    empty = random.random(len(weight)) < 0.4
    weight[empty] = 0
    bias[empty] = np.where(random.random(len(bias)) < 0.7, -0.0, bias)[empty]
    if not isinstance(layer, Depthwise):
        weight[:, random.random(weight.shape[1]) < 0.3] = 0
    return replace(layer, weight=weight, bias=bias)
