"""Networks in integers, as drawn for tests and figures: proved to fit, within their proof, and what they stand for."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.errors import InputError
from armlet.integer.bounds import integer_bounds
from armlet.integer.formats import I64, UINT8
from armlet.integer.interpret import evaluate, run_integers, store
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier
from generators.integer_survivors import ALPHABETS, REFERENCE, integer_survivors
from generators.integers import draw_integer_network, integer_networks, stored_inputs
from generators.survivors import survivors


def require_inside(network: IntegerNetwork, values: I64):
    """Every sum and every stored value lies in its proved interval."""
    low, high = network.input_ends
    for layer, bounds in zip(network.dense, integer_bounds(network), strict=True):
        assert np.array_equal((bounds.taken_low, bounds.taken_high), (low, high))
        assert ((low <= values) & (values <= high)).all()
        sums = values @ layer.weight.T.astype(np.int64) + layer.bias
        assert ((bounds.sum_low <= sums) & (sums <= bounds.sum_high)).all()
        values = store(layer, sums)
        assert ((bounds.low <= values) & (values <= bounds.high)).all()
        assert ((layer.stored.low <= values) & (values <= layer.stored.high)).all()
        low, high = bounds.low, bounds.high


@given(integer_networks(), st.integers(0, 2**32 - 1))
def test_whatever_the_inputs_no_value_leaves_its_proved_interval(network: IntegerNetwork, seed: int):
    require_inside(network, stored_inputs(network, np.random.default_rng(seed), 12))


def test_a_seed_draws_every_kind_of_layer_and_most_of_them_alive():
    kinds, alive, neurons = set[str](), 0, 0
    for number in range(200):
        rng = np.random.default_rng([5, number])
        network = draw_integer_network(rng)
        inputs = stored_inputs(network, rng, 12)
        require_inside(network, inputs)
        outputs = run_integers(network, inputs)
        alive, neurons = alive + int((outputs != outputs[0]).any(0).sum()), neurons + network.outputs
        for layer in network.dense:
            kinds |= {layer.activation.value, layer.stored.name, type(layer.requantisation).__name__}
    assert {"relu", "leaky_relu", "relu6", "sigmoid", "tanh", "uint8", "int8", "int16", "int32"} <= kinds
    assert {"Shift", "Multiplier", "NoneType"} <= kinds
    assert alive > neurons / 3


@pytest.mark.parametrize("alphabet", ALPHABETS)
@pytest.mark.parametrize("name", ["mlpnet784", "seed196", "wide196"])
def test_reference_networks_keep_to_their_alphabet_and_their_field(name: str, alphabet: str):
    letters, network = ALPHABETS[alphabet], integer_survivors(REFERENCE[name], 0.9, alphabet)
    original = survivors(REFERENCE[name], 0.9)
    for layer, dense, bounds in zip(network.dense, original.dense, integer_bounds(network)):
        assert ((layer.weight == 0) == (dense.weight == 0)).all()
        assert set(np.abs(layer.weight[layer.weight != 0]).tolist()) <= set(letters.magnitudes)
        assert bounds.sum_low.min() >= -(1 << (letters.field - 1))
        assert bounds.sum_high.max() < 1 << (letters.field - 1)
    assert network.input_ends[1].max() == letters.top


@pytest.mark.parametrize("seed", [1, 2])
def test_in_int8_the_reference_networks_compute_nearly_what_they_do_in_float(seed: int):
    widths = REFERENCE["mlp196"]
    random = np.random.default_rng(seed)
    rows = random.random((40, widths[0])) * (random.random((40, widths[0])) < 0.2)
    exact = survivors(widths, 0.95, seed)(rows)
    found = evaluate(integer_survivors(widths, 0.95, "int8", seed), rows)
    assert np.linalg.norm(found - exact) < 0.05 * np.linalg.norm(exact - exact.mean(0))


def test_a_sum_that_its_exponent_moves_out_of_32_bits_is_refused_with_its_neuron():
    network = integer_survivors(REFERENCE["seed196"], 0.9, "int8")
    layer = network.dense[-1]
    by = Multiplier(np.full(layer.neurons, 1 << 30), np.full(layer.neurons, 30))
    low, high = np.zeros(layer.neurons, np.int32), np.full(layer.neurons, 255, np.int32)
    moved = replace(layer, bias=layer.bias | 4, requantisation=by, stored=UINT8, low=low, high=high)
    with pytest.raises(InputError, match=r"layer \d+, neuron \d+: has sums, with their exponent, from -?\d+"):
        integer_bounds(replace(network, layers=(*network.dense[:-1], moved)))
