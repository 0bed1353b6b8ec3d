"""A network is a value: it cannot be changed, knows its own figures, and its digest is all that it computes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from armlet.errors import InputError
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Dense
from armlet.network.network import Network, multilayer_perceptron, natural_shape
from generators.networks import inputs_for, networks


@given(networks())
def test_its_arrays_are_its_own_and_read_only(network: Network):
    theirs = network.dense[0].weight.copy()
    layer = Dense(theirs, network.dense[0].bias, Activation.RELU)
    theirs[0, 0] += 1
    assert layer.weight.tobytes() == network.dense[0].weight.tobytes()
    for array in (layer.weight, layer.bias, network.domain.low, network.domain.std):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@given(networks())
def test_sparsity_is_the_share_of_zero_weights_and_counts_no_bias(network: Network):
    flat = np.concatenate([layer.weight.ravel() for layer in network.dense])
    assert network.weights == flat.size
    assert network.connections == int((flat != 0).sum())
    assert network.sparsity == pytest.approx((flat == 0).mean())
    assert network.widths[1:] == tuple(len(layer.bias) for layer in network.dense)


@given(networks(deepest=2), st.data())
def test_the_digest_tells_networks_apart_by_any_bit(network: Network, data: st.DataObject):
    i = data.draw(st.integers(0, len(network.dense) - 1))
    bits = network.dense[i].weight.copy()
    at = data.draw(st.integers(0, bits.size - 1))
    bits.view(np.uint32).reshape(-1)[at] ^= np.uint32(1) << np.uint32(data.draw(st.integers(0, 31)))
    assume(np.isfinite(bits).all())
    layers = [*network.dense]
    layers[i] = Dense(bits, layers[i].bias, layers[i].activation)
    assert replace(network, layers=tuple(layers)).digest() != network.digest()
    assert replace(network, provenance={"seed": 1}).digest() == network.digest()


@given(networks(), st.data())
def test_many_samples_at_once_are_each_sample_alone(network: Network, data: st.DataObject):
    x = data.draw(inputs_for(network))
    together = network(x)
    assert together.dtype == np.float64
    for row, value in zip(x, together):
        assert np.allclose(network(row), value, rtol=1e-12, atol=1e-30)


@given(networks(), st.data())
def test_inputs_for_a_network_lie_in_its_domain(network: Network, data: st.DataObject):
    x = data.draw(inputs_for(network)).astype(np.float64)
    assert ((network.domain.low <= x) & (x <= network.domain.high)).all()


@given(st.integers(1, 10**6))
def test_the_natural_shape_holds_the_inputs_in_a_square_where_it_can(inputs: int):
    shape = natural_shape(inputs)
    assert int(np.prod(shape)) == inputs
    assert (len(shape) == 2) == (inputs > 1 and round(inputs**0.5) ** 2 == inputs)


def a_layer(outputs: int, inputs: int) -> Dense:
    return Dense(np.ones((outputs, inputs), np.float32), np.zeros(outputs, np.float32), Activation.RELU)


def test_layers_that_do_not_meet_are_refused_naming_both():
    with pytest.raises(InputError, match=r"layer 1: takes 4 values, layer 0 gives 3 \(W_1.npy\)"):
        Network((a_layer(3, 2), a_layer(1, 4)), InputDomain.uniform(2), (2,))


@pytest.mark.parametrize(
    ("domain", "shape", "says"),
    [
        (InputDomain.uniform(3), (2,), "describes 3 inputs, W_0 takes 2"),
        (InputDomain.uniform(2), (3,), "does not hold 2 inputs"),
        (InputDomain.uniform(2), (-1, -2), "does not hold 2 inputs"),
    ],
)
def test_a_network_that_does_not_fit_its_inputs_is_refused(domain: InputDomain, shape: tuple[int, ...], says: str):
    with pytest.raises(InputError, match=says):
        Network((a_layer(1, 2),), domain, shape)


@pytest.mark.parametrize(
    ("numbers", "says"),
    [((1.0, 0.0, 0.0, 1.0), "upside down"), ((0.0, 1.0, 0.0, 0.0), "std"), ((0.0, np.inf, 0.0, 1.0), "is not finite")],
)
def test_a_domain_that_makes_no_sense_is_refused(numbers: tuple[float, float, float, float], says: str):
    with pytest.raises(InputError, match=says):
        InputDomain.uniform(2, *numbers)


def test_a_perceptron_needs_a_layer_and_finite_weights():
    with pytest.raises(InputError, match="has no layer"):
        multilayer_perceptron([], [])
    with pytest.raises(InputError, match=r"weight\[0, 1\]: is not a finite float32"):
        multilayer_perceptron([np.array([[0, 1e39]])], [np.zeros(1)])


@pytest.mark.parametrize("shape", [[2, 2], (np.int64(2), 2)])
def test_a_shape_is_the_same_network_however_it_is_given(shape: Any):
    plain = multilayer_perceptron([np.ones((3, 4))], [np.zeros(3)], shape=(2, 2))
    given = multilayer_perceptron([np.ones((3, 4))], [np.zeros(3)], shape=shape)
    assert given.shape == (2, 2)
    assert given.digest() == plain.digest()


def test_a_shape_of_no_whole_numbers_is_refused():
    with pytest.raises(InputError, match="no whole number"):
        multilayer_perceptron([np.ones((3, 4))], [np.zeros(3)], shape=(2.0, 2))  # type: ignore[arg-type]
