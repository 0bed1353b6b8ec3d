"""Networks of any layers are evaluated as the plain loops over windows do it."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.evaluate import last_activation
from armlet.network.layers import Add, Conv, Dense, Depthwise, Pool, Reduction, Reshape
from armlet.network.network import Network
from generators.layered import LINEAR, RELU, layered_networks, zeros
from oracles.run_layers import run_layers


@given(layered_networks(), st.integers(0, 2**32 - 1))
def test_any_network_gives_what_the_plain_loops_give(network: Network, seed: int):
    rows = np.random.default_rng(seed).standard_normal((3, network.inputs))
    wanted = run_layers(network, rows)
    scale = max(1.0, float(np.abs(wanted).max()))
    assert np.abs(network(rows) - wanted).max() <= 1e-12 * scale
    assert np.abs(network(rows[0]) - wanted[0]).max() <= 1e-12 * scale


@given(layered_networks())
def test_no_rows_give_no_outputs(network: Network):
    assert network(np.zeros((0, network.inputs))).shape == (0, network.outputs)


def test_the_normalisation_comes_first():
    layer = Conv(np.ones((1, 1, 1, 1), np.float32), zeros(1), LINEAR)
    network = Network((layer,), InputDomain.uniform(2, 0, 255, 100, 50), (1, 1, 2))
    assert network([100, 200]).tolist() == [0.0, 2.0]


def test_rows_beyond_one_part_of_the_memory_are_the_same_as_one_by_one():
    random = np.random.default_rng(0)
    weight = random.standard_normal((2, 8, 3, 3)).astype(np.float32)
    network = Network((Conv(weight, zeros(2), RELU),), InputDomain.uniform(8 * 64 * 64), (8, 64, 64))
    rows = random.random((40, 8 * 64 * 64))  # windows of 276,768 numbers each: parts of 15
    assert np.allclose(network(rows), [network(row) for row in rows], rtol=0, atol=1e-12)


def test_forty_images_through_a_stack_of_convolutions_take_no_time():
    """12 million products each, in seconds of the processor; loops over windows take minutes."""
    random = np.random.default_rng(0)
    weights = [(random.standard_normal((16, channels, 3, 3)) / 20).astype(np.float32) for channels in (3, 16, 16)]
    layers = [Conv(weight, zeros(16), RELU, padding=(1, 1, 1, 1)) for weight in weights]
    network = Network((*layers, Pool(Reduction.AVERAGE)), InputDomain.uniform(3072), (3, 32, 32))
    rows, began = random.random((40, 3072)), time.process_time()
    assert network(rows).shape == (40, 16)
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    ("behind", "wanted"),
    [
        ((), Activation.RELU),
        ((Reshape(),), Activation.RELU),
        ((Pool(Reduction.MAX), Reshape()), Activation.LINEAR),
        ((Add(Activation.TANH), Reshape((2, 1, 1)), Reshape()), Activation.TANH),
        ((Dense(zeros(1, 2), zeros(1), Activation.SIGMOID),), Activation.SIGMOID),
    ],
)
def test_the_last_activation_is_that_of_the_values(behind: tuple, wanted: Activation):
    layers = (Depthwise(zeros(2, 1, 1), zeros(2), RELU), *behind)
    wiring = tuple((i, i) if isinstance(layer, Add) else (i,) for i, layer in enumerate(layers))
    assert last_activation(layers, wiring) is wanted
