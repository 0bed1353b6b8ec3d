"""Channels that are left out change no output: constant ones of all kinds, and unread ones."""

from dataclasses import replace

import numpy as np
import pytest

from armlet.integer.drop_channels import drop_channels
from armlet.integer.interpret import run_integers
from armlet.integer.layers import IntegerConv, IntegerDense, IntegerLayer
from armlet.integer.network import IntegerNetwork
from generators.windows import windowed_network


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


@pytest.mark.parametrize("seed", range(120))
def test_outputs_stay(seed: int) -> None:
    network = with_dead_channels(windowed_network(seed), seed)
    found = drop_channels(network)
    inputs = np.random.default_rng(seed).integers(-128, 128, (5, network.inputs))
    assert np.array_equal(run_integers(found.network, inputs), run_integers(network, inputs))
    assert [len(kept) for kept in found.channels[1:]] == [shape[0] for shape in found.network.shapes[1:]]


def test_some_channels_go() -> None:
    gone = kept = 0
    for seed in range(60):
        network = with_dead_channels(windowed_network(seed), seed)
        found = drop_channels(network)
        gone += network.weights - found.network.weights
        kept += found.network.weights
    assert gone > kept / 4


def test_what_is_left_has_nothing_to_drop() -> None:
    for seed in range(30):
        once = drop_channels(with_dead_channels(windowed_network(seed), seed)).network
        assert drop_channels(once).network.digest() == once.digest()
