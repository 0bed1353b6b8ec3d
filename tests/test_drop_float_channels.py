"""Channels of networks in single precision that are left out change no output: zero ones, and unread ones."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.arithmetic.float32 import FLOAT32
from armlet.build.floats.manifest import read_float_manifest
from armlet.build.tensors.manifest import DroppedEntry
from armlet.errors import InputError
from armlet.network.domain import InputDomain
from armlet.network.drop_channels import drop_channels
from armlet.network.layers import Add, Conv, Depthwise, Layer, Pool, Reduction
from armlet.network.network import Network
from armlet.pipeline import write_build
from armlet.tensors.floats.interpret import run_planes
from armlet.verify.verify import verify_build
from armlet.windows.compile import compile_float_network
from generators.builds import broken
from generators.dead_channels import with_dead_planes
from generators.layered import LINEAR, RELU, layered_networks, zeros


@given(layered_networks(), st.integers(0, 1000))
def test_outputs_stay_to_the_bit_but_for_the_sign_of_zero(network: Network, seed: int) -> None:
    network = with_dead_planes(network, seed)
    found = drop_channels(network)
    inputs = np.random.default_rng(seed).uniform(-1, 1, (3, network.inputs)).astype(np.float32)
    try:
        wanted = run_planes(network, FLOAT32, inputs)
    except InputError:  # planes reshaped to other planes, which is not compiled
        wanted = None
    if wanted is not None:
        assert np.array_equal(run_planes(found.network, FLOAT32, inputs), wanted)
    assert np.allclose(found.network(inputs), network(inputs), rtol=1e-12, atol=1e-12)
    assert drop_channels(found.network).network.digest() == found.network.digest()


def separable(bias: float, mean: float = 0.0) -> Network:
    """A first layer whose channel 1 has no weights, a depthwise one, a pool, and one that does not read channel 2."""
    random = np.random.default_rng(0)
    first, last = (random.standard_normal(shape).astype(np.float32) for shape in ((4, 2, 3, 3), (3, 4, 1, 1)))
    biases = zeros(4) + np.float32(0.5)
    first[1], biases[1], last[:, 2] = 0, bias, 0
    depthwise = Depthwise(random.standard_normal((4, 3, 3)).astype(np.float32), zeros(4), RELU, padding=(1, 1, 1, 1))
    layers: tuple[Layer, ...] = (
        Conv(first, biases, RELU, padding=(1, 1, 1, 1)),
        depthwise,
        Pool(Reduction.MAX, (2, 2), (2, 2)),
        Conv(last, zeros(3), LINEAR),
    )
    return Network(layers, InputDomain.uniform(72, 0, 255, mean, 50.0), (2, 6, 6))


@pytest.mark.parametrize("mean", [0.0, 120.0])
def test_a_channel_without_weights_goes_if_it_is_0_behind_its_activation(mean: float) -> None:
    assert [kept.tolist() for kept in drop_channels(separable(-0.5, mean)).channels[1:4]] == [[0, 3]] * 3
    assert [kept.tolist() for kept in drop_channels(separable(0.5, mean)).channels[1:4]] == [[0, 1, 3]] * 3


def test_what_an_addition_needs_of_either_side_stays() -> None:
    random = np.random.default_rng(0)
    one, other = (random.standard_normal((3, 3, 1, 1)).astype(np.float32) for _ in range(2))
    one[0] = one[1] = other[0] = 0
    layers: tuple[Layer, ...] = (Conv(one, zeros(3), LINEAR), Conv(other, zeros(3), LINEAR), Add(RELU))
    end = Conv(np.ones((1, 3, 1, 1), np.float32), zeros(1), LINEAR)
    network = Network((*layers, end), InputDomain.uniform(12), (3, 2, 2), wiring=((0,), (0,), (1, 2), (3,)))
    assert [kept.tolist() for kept in drop_channels(network).channels] == [[0, 1, 2], [1, 2], [1, 2], [1, 2], [0]]


@pytest.mark.parametrize("mean", [0.0, 120.0])
def test_a_build_without_them_is_smaller_and_verified(mean: float, tmp_path: Path) -> None:
    network = separable(-0.5, mean)
    write_build(compile_float_network(network, "net"), tmp_path / "net")
    assert broken(verify_build(tmp_path / "net", random=3)) == []
    told = read_float_manifest(tmp_path / "net" / "net.json")
    assert told.simplified == DroppedEntry(2 * 3, drop_channels(network).network.connections)
    assert [entry.shape[0] for entry in told.values] == [2, 2, 2, 2, 3]
    whole = compile_float_network(separable(0.5, mean), "net").bundle.manifest
    assert told.cycles < whole.cycles
    assert told.memory.ram < whole.memory.ram
