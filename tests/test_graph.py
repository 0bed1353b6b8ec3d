"""A graph means its network, and each rewriting keeps what it means."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from armlet.arithmetic.arithmetics import ARITHMETICS
from armlet.errors import InvariantError
from armlet.graph.bounds import node_bounds
from armlet.graph.build import build_graph
from armlet.graph.graph import Graph
from armlet.graph.simplify import simplify
from armlet.graph.text import show_graph
from armlet.network.activation import Activation, activation_error
from armlet.network.domain import InputDomain
from armlet.network.layers import Dense
from armlet.network.network import Network
from armlet.network.normalise import fold_normalisation
from armlet.schedule.interpret import run_order
from generators.graphs import natural_order
from generators.networks import inputs_for, networks
from generators.perceptrons import tiny
from oracles.run_graph import run_graph


def size(network: Network, x: np.ndarray) -> np.ndarray:
    """The sum of all absolute terms behind each output: the scale on which roundings count.

    A constant neuron is folded by its activation's recipe, whose stated error counts as so many roundings.
    """
    value = np.abs((x - network.domain.mean) / network.domain.std) + np.abs(network.domain.mean / network.domain.std)
    for layer in network.dense:
        value = value @ np.abs(layer.weight.T.astype(np.float64)) + np.abs(layer.bias)
        value = value + activation_error(layer.activation, value) / 2.0**-24
    return value + 1e-30


@given(st.data())
def test_a_graph_means_its_network(data: st.DataObject):
    network = data.draw(networks(normalised=True))
    x = data.draw(inputs_for(network))
    graph = build_graph(network)
    graph.check()
    assert graph.connections == network.connections
    assert np.all(np.abs(run_graph(graph, x) - network(x)) <= 1e-13 * size(network, x))


@given(st.data())
def test_folding_the_normalisation_changes_only_the_rounding_of_parameters(data: st.DataObject):
    network = data.draw(networks(normalised=False))
    x = data.draw(inputs_for(network))
    folded = fold_normalisation(network)
    assert folded.domain.is_normalised
    assert np.array_equal(folded.domain.low, network.domain.low)
    assert np.all(np.abs(folded(x) - network(x)) <= 4 * 2.0**-24 * size(network, x))


@given(st.data())
def test_simplifying_keeps_the_function_on_the_declared_inputs(data: st.DataObject):
    network = fold_normalisation(data.draw(networks()))
    x = data.draw(inputs_for(network))
    graph = build_graph(network)
    found = simplify(graph, network.domain)
    found.graph.check()
    assert np.all(np.abs(run_graph(found.graph, x) - run_graph(graph, x)) <= 8 * 2.0**-24 * size(network, x))
    assert found.graph.connections == graph.connections - found.dropped_connections


@given(networks())
def test_simplifying_twice_finds_nothing_more_to_drop(network: Network):
    raw = fold_normalisation(network)
    once = simplify(build_graph(raw), raw.domain).graph
    again = simplify(once, raw.domain)
    assert again.dropped_connections == again.dead_neurons == 0
    assert again.graph.inputs == once.inputs


@given(networks())
def test_after_simplifying_every_neuron_is_fed_and_everything_reaches_an_output(network: Network):
    raw = fold_normalisation(network)
    graph = simplify(build_graph(raw), raw.domain).graph
    fed = np.bincount(graph.target, minlength=graph.nodes) > 0
    read = np.bincount(graph.source, minlength=graph.nodes) > 0
    outputs = np.isin(np.arange(graph.nodes), graph.outputs)
    hidden = (np.arange(graph.nodes) >= graph.inputs) & ~outputs
    assert fed[hidden].all()
    assert (read | outputs).all()


@given(st.data())
def test_interval_bounds_hold_for_every_node_in_float32(data: st.DataObject):
    network = data.draw(networks(normalised=True))
    x = data.draw(inputs_for(network))
    graph = build_graph(network)
    bounds = node_bounds(graph, network.domain)
    rounding = data.draw(st.sampled_from(ARITHMETICS))
    everything = replace(graph, outputs=np.arange(graph.inputs, graph.nodes), arithmetic=rounding)
    assume(np.isfinite(bounds.high).all())
    value = run_order(natural_order(everything), x)
    assert np.all(value >= bounds.low[graph.inputs :])
    assert np.all(value <= bounds.high[graph.inputs :])


def test_a_relu_that_never_opens_is_a_constant_and_one_that_never_clips_is_linear():
    weight = np.array([[-1.0, -1.0], [1.0, 1.0], [1.0, -1.0]], np.float32)
    bias = np.array([-0.5, 0.5, 0.0], np.float32)
    last = Dense(np.ones((1, 3), np.float32), np.zeros(1, np.float32), Activation.LINEAR)
    network = Network((Dense(weight, bias, Activation.RELU), last), InputDomain.uniform(2), (2,))
    found = simplify(build_graph(network), network.domain)
    assert found.constant_neurons == 1
    assert found.decided_relus == 1
    assert found.graph.nodes == 2 + 2 + 1


def test_a_network_without_connections_is_its_folded_biases():
    layers = (
        Dense(np.zeros((2, 3), np.float32), np.array([2.0, -2.0], np.float32), Activation.RELU),
        Dense(np.array([[3.0, 5.0]], np.float32), np.array([0.5], np.float32), Activation.LINEAR),
    )
    found = simplify(build_graph(Network(layers, InputDomain.uniform(3), (3,))), InputDomain.uniform(3))
    assert found.graph.inputs == found.graph.connections == 0
    assert run_graph(found.graph, np.zeros((1, 3))) == 6.5


def wounds(graph: Graph) -> dict[str, Graph]:
    swapped = graph.target[::-1]
    return {
        "backwards": replace(graph, source=graph.target, target=graph.source),
        "unsorted": replace(graph, source=graph.source[::-1], target=swapped, weight=graph.weight[::-1]),
        "zero": replace(graph, weight=graph.weight * 0),
        "infinite": replace(graph, bias=graph.bias + np.inf),
        "output is an input": replace(graph, outputs=graph.outputs * 0),
        "no such node": replace(graph, source=graph.source + graph.nodes),
        "unknown activation": replace(graph, activation=graph.activation + 9),
        "short": replace(graph, weight=graph.weight[1:]),
        "inputs twice": replace(graph, used=graph.used * 0),
    }


@pytest.mark.parametrize("wound", list(wounds(build_graph(tiny()))))
def test_a_wounded_graph_is_refused(wound: str):
    with pytest.raises(InvariantError, match="graph"):
        wounds(build_graph(tiny()))[wound].check()


def test_graph_text(golden):
    golden.check(show_graph(build_graph(tiny())))
