"""Networks in integers with every kind of layer: the interpreter against single numbers, and the proved intervals."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.errors import InputError
from armlet.integer.bounds import integer_bounds, tensor_bounds
from armlet.integer.formats import INT8, INT32
from armlet.integer.interpret import run_integers
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerLayer, IntegerPool, integer_kind_of
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier, Shift
from armlet.integer.shapes import integer_shapes
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Reduction, Reshape
from armlet.network.shapes import Shape, chain
from generators.integer_planes import draw_integer_planes, integer_planes, stored_planes
from generators.integers import draw_integer_network
from oracles.run_integer_layers import run_integer_layers

seeds = st.integers(0, 2**32 - 1)


@given(integer_planes(), seeds)
def test_the_interpreter_gives_what_single_numbers_give(network: IntegerNetwork, seed: int):
    rows = stored_planes(network, np.random.default_rng(seed), 4)
    expected = [run_integer_layers(network, row).values[-1].ravel() for row in rows]
    assert np.array_equal(run_integers(network, rows), expected)


@given(integer_planes(), seeds)
def test_no_value_and_no_sum_leaves_its_proved_interval(network: IntegerNetwork, seed: int):
    bounds = tensor_bounds(network)
    for row in stored_planes(network, np.random.default_rng(seed), 5):
        ran = run_integer_layers(network, row)
        for value, interval in zip(ran.values, bounds.values, strict=True):
            by_channel = value.reshape(len(interval.low), -1)
            assert (interval.low <= by_channel.min(axis=1)).all()
            assert (by_channel.max(axis=1) <= interval.high).all()
        for sums, interval in zip(ran.sums, bounds.sums, strict=True):
            assert (sums is None) == (interval is None)
            if sums is not None and interval is not None:
                assert (interval.low <= sums.min(axis=1)).all()
                assert (sums.max(axis=1) <= interval.high).all()


def test_a_seed_draws_every_kind_of_layer_and_most_of_them_alive():
    kinds, alive, outputs, depthwise, wired = set[str](), 0, 0, 0, 0
    for number in range(200):
        rng = np.random.default_rng([7, number])
        network = draw_integer_planes(rng)
        found = run_integers(network, stored_planes(network, rng, 24))
        alive, outputs = alive + int((found != found[0]).any(axis=0).sum()), outputs + network.outputs
        kinds |= {integer_kind_of(layer) for layer in network.layers}
        depthwise += sum(isinstance(at, IntegerConv) and at.groups == at.channels > 1 for at in network.layers)
        wired += bool(network.wiring)
    assert kinds == {"dense", "conv", "max_pool", "average_pool", "scaled_average_pool", "add", "reshape"}
    assert min(depthwise, wired) > 20
    assert alive > outputs / 3


@given(seeds)
def test_the_ends_of_a_dense_layers_sums_are_reached(seed: int):
    network = draw_integer_network(np.random.default_rng(seed), deepest=1)
    (sums,), (low, high) = tensor_bounds(network).sums, network.input_ends
    weight, bias = network.dense[0].weight.astype(int), network.dense[0].bias
    assert sums is not None
    for j in range(len(bias)):
        least, most = np.where(weight[j] > 0, low, high), np.where(weight[j] > 0, high, low)
        assert (weight[j] @ least + bias[j], weight[j] @ most + bias[j]) == (sums.low[j], sums.high[j])


def plain(weight: np.ndarray, bias: list[int], by: Shift | Multiplier | None = None) -> IntegerDense:
    """A layer of int8 that is clamped to its format."""
    outputs = len(bias)
    by = by or Shift(np.zeros(outputs, np.int64))
    ends = np.full(outputs, INT8.low), np.full(outputs, INT8.high)
    flat = weight.reshape(outputs, -1).astype(np.int16)
    return IntegerDense(flat, np.array(bias), by, Activation.LINEAR, INT8, *ends)


def network_of(*layers: IntegerLayer, shape: Shape, ends: tuple[int, int] = (-128, 127)) -> IntegerNetwork:
    inputs, outputs = int(np.prod(shape)), int(np.prod(integer_shapes(layers, chain(len(layers)), shape)[-1]))
    domain = InputDomain.uniform(inputs, *ends)
    scales = np.ones(inputs), np.zeros(inputs, np.int32), np.ones(outputs), np.zeros(outputs, np.int32)
    return IntegerNetwork(layers, domain, shape, INT8, *scales)


def test_the_border_counts_where_a_weight_meets_the_padding_and_nowhere_else():
    weight = np.array([[[[1, 10, 100]]]])  # the last one meets the padding only where the plane ends
    conv = IntegerConv(plain(weight, [0]), (1, 3), padding=(0, 0, 0, 2), border=-50)
    (sums,) = tensor_bounds(network_of(conv, shape=(1, 1, 4), ends=(0, 2))).sums
    assert sums is not None
    assert (sums.low[0], sums.high[0]) == (10 * -50 + 100 * -50, 2 * 111)


def test_a_weight_that_meets_nothing_but_padding_is_one_number():
    weight = np.ones((1, 1, 3, 1))
    conv = IntegerConv(plain(weight, [0]), (3, 1), padding=(1, 0, 1, 0), border=-7)
    (sums,) = tensor_bounds(network_of(conv, shape=(1, 1, 4), ends=(0, 2))).sums
    assert sums is not None
    assert (sums.low[0], sums.high[0]) == (-14, -12)


def test_behind_a_reshape_each_value_has_the_interval_of_its_channel():
    conv = IntegerConv(plain(np.array([[[[1]]], [[[2]]]]), [0, 0]), (1, 1))
    network = network_of(conv, Reshape(), plain(np.eye(8), [0] * 8), shape=(1, 2, 2), ends=(0, 3))
    bounds = tensor_bounds(network)
    assert bounds.values[2].high.tolist() == [3] * 4 + [6] * 4
    assert bounds.values[3].high.tolist() == [3] * 4 + [6] * 4


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        (IntegerConv(plain(np.full((2, 1, 1, 1), 9), [0, (1 << 31) - 9]), (1, 1)), "layer 0, channel 1: has sums"),
        (
            IntegerConv(plain(np.ones((1, 1, 1, 1)), [0], Multiplier(np.array([1 << 30]), np.array([30]))), (1, 1)),
            "layer 0, channel 0: has sums, with their exponent,",
        ),
    ],
)
def test_a_sum_of_a_convolution_beyond_32_bits_is_refused_with_its_channel(layer: IntegerConv, says: str):
    with pytest.raises(InputError, match=says) as refused:
        tensor_bounds(network_of(layer, shape=(1, 2, 2)))
    assert "beyond 32 bits" in str(refused.value)


def added(offset: int, raised: int, exponent: int) -> IntegerNetwork:
    """A tensor and itself, behind a convolution that changes nothing."""
    by = Multiplier(np.full(2, (1 << 31) - 1), np.zeros(2, int)), Multiplier(np.array([1 << 30]), np.array([exponent]))
    add = IntegerAdd((offset, offset), raised, *by, INT8, -128, 127)
    conv = IntegerConv(plain(np.ones((1, 1, 1, 1)), [0]), (1, 1))
    return replace(network_of(conv, shape=(1, 2, 2)), layers=(conv, add), wiring=((0,), (0, 1)))


@pytest.mark.parametrize(
    ("network", "says"),
    [
        (added(1 << 24, 20, 0), "layer 1, channel 0: raises what it adds to numbers from"),
        (added(1 << 10, 20, 0), "layer 1, channel 0: has sums from"),
        (added(0, 20, 8), "layer 1, channel 0: has sums from"),
    ],
)
def test_an_addition_beyond_32_bits_is_refused_with_its_channel(network: IntegerNetwork, says: str):
    with pytest.raises(InputError, match=says):
        tensor_bounds(network)


def test_a_chain_of_dense_layers_alone_has_bounds_layer_by_layer():
    conv = IntegerConv(plain(np.ones((1, 1, 1, 1)), [0]), (1, 1))
    with pytest.raises(InputError, match="layer 0 is a convolution 1x1x1x1, this armlet computes dense layers"):
        integer_bounds(network_of(conv, shape=(1, 2, 2)))


def test_the_average_of_a_plane_whose_sum_32_bits_do_not_hold_is_refused():
    by = Multiplier(np.array([(1 << 31) - 1]), np.array([0]))
    body = replace(plain(np.ones((1, 1, 1, 1)), [0], by), stored=INT32, high=np.array([1 << 30]), low=np.array([0]))
    conv, pool = IntegerConv(replace(body, bias=np.array([1 << 29])), (1, 1)), IntegerPool(Reduction.AVERAGE)
    assert tensor_bounds(network_of(conv, pool, shape=(1, 1, 2))).values[2].high.tolist() == [(1 << 29) + 127]
    with pytest.raises(InputError, match="layer 1, channel 0: has sums from"):
        tensor_bounds(network_of(conv, pool, shape=(1, 2, 2)))
