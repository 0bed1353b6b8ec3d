"""Scaling neurons and sharing twins keep what a network computes, and leave less to compute."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.arithmetic.arithmetics import ARITHMETICS
from armlet.build.scaling import scaling_of
from armlet.errors import InvariantError
from armlet.graph.build import build_graph
from armlet.graph.graph import Graph
from armlet.graph.merge_equivalents import merge_equivalents
from armlet.graph.rescale import FARTHEST, Rescale, rescale
from armlet.graph.text import show_graph
from armlet.network.activation import DEFINITIONS, Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Dense
from armlet.network.network import Network
from armlet.network.normalise import fold_normalisation
from armlet.prove.bound import error_bound, specified
from armlet.schedule.interpret import run_order
from armlet.schedule.order import Order
from armlet.verify.declaration import disagreement
from generators.graphs import natural_order
from generators.networks import inputs_for, networks
from oracles.run_graph import run_graph

HOWS = st.sampled_from((Rescale.FREE, Rescale.ANY))


def lean(network: Network, how: Rescale) -> Graph:
    raw = fold_normalisation(network)
    graph = rescale(merge_equivalents(build_graph(raw)), raw.domain, how)
    graph.check()
    return graph


def units(graph: Graph) -> int:
    return int(np.count_nonzero(np.abs(graph.weight) == 1))


def perceptron(hidden: Dense, last: np.ndarray, inputs: int) -> Network:
    ending = Dense(last, np.zeros(len(last), np.float32), Activation.LINEAR)
    return Network((hidden, ending), InputDomain.uniform(inputs), (inputs,))


@given(st.data(), HOWS)
def test_the_declared_order_is_the_networks(data: st.DataObject, how: Rescale):
    overflowing = data.draw(st.booleans())  # and nothing to fold then, which may leave float32
    network = data.draw(networks(overflowing=overflowing, normalised=True if overflowing else None))
    assert disagreement(natural_order(lean(network, how)), network) == ""


@given(st.data(), HOWS, st.sampled_from(ARITHMETICS))
def test_float32_stays_within_the_bound_of_its_scales(data: st.DataObject, how: Rescale, rounding: Arithmetic):
    network = data.draw(networks())
    x = data.draw(inputs_for(network))
    order = natural_order(replace(lean(network, how), arithmetic=rounding))
    scaling = scaling_of(order, network)
    told = specified(network, x, scaling)
    distance = np.abs(run_order(order, x).astype(np.float64) - network(x))
    assert (distance <= error_bound(network, x, scaling))[told].all()


@given(st.data())
def test_free_scales_round_nothing_anew(data: st.DataObject):
    network = data.draw(networks(normalised=True))
    x = data.draw(inputs_for(network))
    graph = merge_equivalents(build_graph(network))
    scaled = rescale(graph, network.domain, Rescale.FREE)
    assert (np.frexp(scaled.scale)[0] == 0.5).all()
    exact = run_graph(graph, x)
    assert np.array_equal(run_graph(scaled, x), exact)
    assert np.array_equal(np.frexp(scaled.weight)[0], np.frexp(graph.weight)[0])


@given(networks(), HOWS)
def test_rescaling_never_leaves_fewer_units(network: Network, how: Rescale):
    raw = fold_normalisation(network)
    graph = merge_equivalents(build_graph(raw))
    scaled = rescale(graph, raw.domain, how)
    assert units(scaled) >= units(graph)
    assert scaled.connections == graph.connections
    assert ((scaled.scale >= 1 / FARTHEST) & (scaled.scale <= FARTHEST)).all()


@given(st.integers(0, 1000))
def test_any_scale_gives_each_hidden_neuron_a_unit(seed: int):
    rng = np.random.default_rng(seed)
    first = rng.standard_normal((5, 7)) * (rng.random((5, 7)) < 0.5)
    first[:, 0] = rng.standard_normal(5)
    hidden = Dense(first.astype(np.float32), rng.standard_normal(5).astype(np.float32), Activation.RELU)
    network = perceptron(hidden, rng.standard_normal((3, 5)).astype(np.float32), 7)
    assert units(lean(network, Rescale.ANY)) >= 5
    assert units(lean(network, Rescale.FREE)) == 0


def test_weights_that_are_one_power_of_two_become_units():
    hidden = Dense(np.array([[4, -4, 0.3], [0.5, 0.5, 8]], np.float32), np.array([1, 2], np.float32), Activation.RELU)
    graph = lean(perceptron(hidden, np.array([[1.0, 0.5]], np.float32), 3), Rescale.FREE)
    assert graph.scale.tolist() == [1, 1, 1, 0.25, 2, 1]
    assert graph.weight.tolist() == [1, -1, np.float32(0.3) / 4, 1, 1, 16, 4, 0.25]
    assert graph.bias.tolist() == [0, 0, 0, 0.25, 4, 0]


@pytest.mark.parametrize("kind", [kind for kind in Activation if not DEFINITIONS[kind].is_homogeneous])
def test_what_does_not_pass_a_scale_on_keeps_its_own(kind: Activation):
    hidden = Dense(np.full((2, 3), 4, np.float32), np.array([1, 2], np.float32), kind)
    for how in Rescale:
        assert (lean(perceptron(hidden, np.ones((1, 2), np.float32), 3), how).scale == 1).all()


@given(networks())
def test_after_sharing_no_two_neurons_are_alike(network: Network):
    graph = merge_equivalents(build_graph(fold_normalisation(network)))
    graph.check()
    alone = replace(graph, twins=graph.twins[:0], twin_scale=graph.twin_scale[:0])
    assert len(merge_equivalents(alone).twins) == 0


@given(st.data())
def test_sharing_keeps_the_function(data: st.DataObject):
    network = data.draw(networks(normalised=True))
    x = data.draw(inputs_for(network))
    graph = build_graph(network)
    shared = merge_equivalents(graph)
    assert shared.nodes + len(shared.twins) == graph.nodes
    scale = error_bound(network, x, scaling_of(natural_order(shared), network))
    assert np.all(np.abs(run_graph(shared, x) - run_graph(graph, x)) <= scale)


def test_twins_up_to_a_power_of_two_are_computed_once():
    row = np.array([0.3, -0.7, 0.0], np.float32)
    hidden = Dense(np.stack((row, 4 * row, row + 1)), np.array([0.1, np.float32(0.1) * 4, 0]), Activation.RELU)
    network = perceptron(hidden, np.array([[1, 0.25, 3], [0, 0.5, 1]], np.float32), 3)
    graph = merge_equivalents(build_graph(network))
    assert graph.twins.tolist() == [[1, 1, 3]]
    assert graph.twin_scale.tolist() == [0.25]
    assert graph.weight[-4:].tolist() == [2, 3, 2, 1]
    assert disagreement(natural_order(graph), network) == ""


def test_the_text_of_a_graph_tells_scales_and_twins():
    hidden = Dense(np.full((2, 3), 4, np.float32) * np.array([[1], [2]]), np.array([1, 2], np.float32), Activation.RELU)
    graph = lean(perceptron(hidden, np.ones((1, 2), np.float32), 3), Rescale.FREE)
    assert "layer 1 unit 0 times 0x1p-2, also unit 1 times 0x1p-3" in show_graph(graph)


def test_twins_whose_weights_cancel_stay_apart():
    hidden = Dense(np.ones((2, 3), np.float32), np.ones(2, np.float32), Activation.RELU)
    network = perceptron(hidden, np.array([[1, -1]], np.float32), 3)
    assert len(merge_equivalents(build_graph(network)).twins) == 0


def faults(order: Order) -> dict[str, Graph]:
    graph = order.graph
    node = int(graph.twins[0, 2])
    scale, bits = graph.scale.copy(), graph.weight.copy()
    scale[node] *= 2
    out = int(np.flatnonzero(graph.source == node)[0])
    bits[out] = np.nextafter(bits[out], np.float32(9))
    return {
        "scale": replace(graph, scale=scale),
        "twin's scale": replace(graph, twin_scale=graph.twin_scale * 2),
        "twin's neuron": replace(graph, twins=graph.twins + np.array([0, 0, 1])),
        "no twin": replace(graph, twins=graph.twins[:0], twin_scale=graph.twin_scale[:0]),
        "sum of weights": replace(graph, weight=bits),
    }


def test_a_wrong_scale_or_twin_is_refused():
    row = np.array([0.3, -0.7, 0.0], np.float32)
    hidden = Dense(np.stack((row, 4 * row, row + 1)), np.array([0.1, np.float32(0.1) * 4, 0]), Activation.RELU)
    network = perceptron(hidden, np.array([[1, 0.25, 3], [0, 0.5, 1]], np.float32), 3)
    order = natural_order(lean(network, Rescale.ANY))
    assert disagreement(order, network) == ""
    for name, graph in faults(order).items():
        assert disagreement(replace(order, graph=graph), network), name


WOUNDS = {
    "input scaled": lambda graph: replace(graph, scale=np.r_[2.0, graph.scale[1:]]),
    "output scaled": lambda graph: replace(graph, scale=np.r_[graph.scale[:-1], 2.0]),
    "negative": lambda graph: replace(graph, scale=-graph.scale),
    "not a number": lambda graph: replace(graph, twin_scale=graph.twin_scale * np.nan),
    "of no neuron": lambda graph: replace(graph, twins=graph.twins * np.array([1, 1, 0])),
    "of another layer": lambda graph: replace(graph, twins=graph.twins + np.array([1, 0, 0])),
    "twice": lambda graph: replace(graph, twins=np.r_[graph.twins, graph.twins], twin_scale=np.ones(2)),
    "short": lambda graph: replace(graph, twin_scale=graph.twin_scale[:0]),
}


@pytest.mark.parametrize("wound", WOUNDS)
def test_a_wounded_scale_is_refused(wound: str):
    hidden = Dense(np.full((2, 3), 4, np.float32), np.array([1, 1], np.float32), Activation.RELU)
    graph = merge_equivalents(build_graph(perceptron(hidden, np.ones((1, 2), np.float32), 3)))
    graph.check()
    with pytest.raises(InvariantError, match="graph"):
        WOUNDS[wound](graph).check()
