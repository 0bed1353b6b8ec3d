"""Channels that are left out change no output: constant ones of all kinds, and unread ones."""

import numpy as np
import pytest

from armlet.integer.drop_channels import drop_channels
from armlet.integer.interpret import run_integers
from generators.dead_channels import with_dead_channels
from generators.windows import windowed_network


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
