"""The bound of moves is never above the optimum, which looks at all programs; the planner is never below it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.anneal.engine import Annealing
from armlet.graph.graph import Graph
from armlet.schedule.allocate import Registers, allocate
from armlet.schedule.bound import layer_bound, move_bound
from armlet.schedule.layers import layers_of
from armlet.schedule.plan import OrderPlan, plan_order
from generators.graphs import any_order, graph_of
from generators.perceptrons import random_network
from oracles.fewest_moves import fewest_moves, is_tiny

QUICK = Annealing(moves=100)


def weighted_bounds(graph: Graph) -> tuple[int, int]:
    """The least and the most reads and writes where weights and biases count: W + N + S and 2 (W + N - I).

    W connections, N nodes of which I are inputs, S outputs (Gleinig, Ben-Nun, Hoefler, arXiv 2301.01048). The upper
    one holds for the best order on any machine with three registers or more, where every neuron has a connection.
    """
    return graph.connections + graph.nodes + len(graph.outputs), 2 * (graph.connections + graph.nodes - graph.inputs)


@pytest.mark.parametrize("registers", [2, 3, 4])
def test_no_program_at_all_moves_less_than_the_bound(registers: int):
    """All programs of tiny graphs are searched; with three registers or more the planner mostly finds the best."""
    planned = least = counted = 0
    for seed in range(60):
        graph = graph_of(random_network([int(w) for w in np.random.default_rng(seed).integers(2, 4, 3)], 0.7, seed))
        if not is_tiny(graph, 7):
            continue
        optimum = fewest_moves(graph, registers)
        assert move_bound(graph, registers) <= optimum
        counts = range(1, registers)
        found = min(
            allocate(plan_order(graph, registers, OrderPlan(count), QUICK), Registers(registers, 1)).moves
            for count in counts
        )
        assert optimum <= found
        planned, least, counted = planned + found, least + optimum, counted + 1
    assert counted >= 8
    assert planned <= (1.35 if registers == 2 else 1.1) * least


@given(st.lists(st.integers(2, 40), min_size=2, max_size=4), st.floats(0.05, 1), st.integers(0, 999), st.integers(2, 9))
def test_no_order_and_no_allocation_moves_less_than_the_bound(widths: list[int], density: float, seed: int, count: int):
    graph = graph_of(random_network(widths, density, seed))
    bound = move_bound(graph, count)
    assert bound >= len(graph.outputs)
    for order in (any_order(graph, seed), plan_order(graph, count, OrderPlan(1), QUICK)):
        for batch in (1, 4):
            assert allocate(order, Registers(count, batch)).moves >= bound


def test_a_dense_layer_needs_about_its_connections_over_twice_the_registers():
    """The bound of Hong and Kung, of which dense layers are the classical case."""
    layer = layers_of(graph_of(random_network([400, 200], 1.0, 1), simplified=False))[0]
    assert layer_bound(layer, 20) >= 0.9 * 400 * 200 / (2 * 20)


@given(st.lists(st.integers(2, 12), min_size=2, max_size=4), st.floats(0.2, 1), st.integers(0, 999))
def test_reads_and_writes_with_weights_counted_stay_between_their_bounds(widths: list[int], density: float, seed: int):
    graph = graph_of(random_network(widths, density, seed))
    if (np.bincount(graph.target, minlength=graph.nodes)[graph.inputs :] == 0).any() or graph.connections == 0:
        return
    code = allocate(plan_order(graph, 12, OrderPlan(1), QUICK), Registers(12, 1))
    least, most = weighted_bounds(graph)
    assert least <= graph.connections + graph.nodes - graph.inputs + code.moves <= most
