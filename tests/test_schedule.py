"""An order rounds like float32, and code computes its order to the bit, for any order and few registers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.anneal.engine import Annealing
from armlet.arithmetic.arithmetics import ARITHMETICS
from armlet.errors import CapacityError, InvariantError
from armlet.network.network import Network
from armlet.schedule.allocate import Registers, allocate
from armlet.schedule.check import check_code
from armlet.schedule.code import Code, Op
from armlet.schedule.interpret import run_order
from armlet.schedule.order import Order
from armlet.schedule.plan import OrderPlan, plan_order
from armlet.schedule.text.code_text import show_code
from generators.graphs import any_order, graph_of, natural_order
from generators.networks import inputs_for, networks
from generators.perceptrons import random_network, tiny
from oracles.next_use import moves_by_next_use
from oracles.run_code import run_code

QUICK = Annealing(moves=50)
arithmetics = st.sampled_from(ARITHMETICS)
registers = st.builds(Registers, st.integers(2, 9), st.integers(1, 4))
plans = st.integers(2, 9).flatmap(
    lambda count: st.tuples(st.just(count), st.builds(OrderPlan, st.integers(1, count - 1)))
)


@given(st.data(), st.booleans())
def test_code_means_its_order_to_the_bit_for_any_order_and_any_registers(data: st.DataObject, simplified: bool):
    network = data.draw(networks())
    graph = replace(graph_of(network, simplified), arithmetic=data.draw(arithmetics))
    order = any_order(graph, data.draw(st.integers(0, 99)))
    order.check()
    code = allocate(order, data.draw(registers))
    check_code(code)
    x = data.draw(inputs_for(network))
    assert run_code(code, x).tobytes() == run_order(order, x).tobytes()


@given(st.data())
def test_a_planned_order_computes_every_connection_for_any_registers(data: st.DataObject):
    graph = graph_of(data.draw(networks(widest=12)))
    order = plan_order(graph, *data.draw(plans), QUICK)
    order.check()
    check_code(allocate(order, data.draw(registers)))


@given(st.data())
def test_without_batches_the_compiled_allocator_moves_what_the_plain_rule_moves_but_for_ties(data: st.DataObject):
    """Which of two equals goes differs: in 3 % of drawn orders that costs a move or two, in 1 % it saves some."""
    order = any_order(graph_of(data.draw(networks())), data.draw(st.integers(0, 99)))
    count = data.draw(st.integers(2, 9))
    plain = moves_by_next_use(order, count)
    assert abs(allocate(order, Registers(count, batch=1)).moves - plain) <= max(2, plain // 10)


def test_over_many_orders_the_compiled_allocator_moves_what_the_plain_rule_moves():
    compiled = plain = 0
    for seed in range(60):
        order = any_order(graph_of(random_network([9, 8, 7, 4], 0.5, seed)), seed)
        compiled += allocate(order, Registers(2 + seed % 8, batch=1)).moves
        plain += moves_by_next_use(order, 2 + seed % 8)
    assert compiled <= 1.005 * plain


@given(networks(widest=12))
def test_with_registers_for_all_values_the_moves_reach_their_bound(network: Network):
    graph = graph_of(network)
    order = plan_order(graph, graph.nodes + 2, OrderPlan(1), QUICK)
    code = allocate(order, Registers(graph.nodes + 2))
    assert code.moves == graph.move_bound


@pytest.mark.parametrize("density", [1.0, 0.2, 0.1])
@pytest.mark.parametrize("count", [24, 22])
def test_196_10_10_10_moves_only_its_inputs_and_outputs(density: float, count: int):
    graph = graph_of(random_network([196, 10, 10, 10], density, 1))
    code = allocate(plan_order(graph, count, OrderPlan(), QUICK), Registers(count))
    assert code.moves == graph.move_bound
    if density == 1.0:
        assert code.moves == 206


def test_a_wide_layer_is_tiled_and_moves_far_less_than_neuron_by_neuron():
    graph = graph_of(random_network([100, 60, 40, 10], 0.15, 3))
    planned = allocate(plan_order(graph, 24, OrderPlan(), Annealing(moves=200)), Registers(24)).moves
    assert planned < 0.6 * allocate(natural_order(graph), Registers(24)).moves


@given(networks(), st.integers(0, 99))
def test_the_same_seed_gives_the_same_order(network: Network, seed: int):
    graph = graph_of(network)
    how = replace(QUICK, seed=seed)
    first, second = (plan_order(graph, 4, OrderPlan(2), how) for _ in range(2))
    assert np.array_equal(first.connections, second.connections)


def test_an_allocation_needs_two_registers():
    with pytest.raises(CapacityError, match="needs 2"):
        allocate(natural_order(graph_of(tiny())), Registers(1))


@given(networks(), st.integers(0, 99))
def test_an_order_that_forgets_repeats_or_hurries_a_connection_is_refused(network: Network, seed: int):
    order = any_order(graph_of(network), seed)
    time = order.connections
    if len(time) < 2:
        return
    with pytest.raises(InvariantError, match="order"):
        Order(order.graph, time[1:]).check()
    with pytest.raises(InvariantError, match="order"):
        Order(order.graph, np.concatenate([time[:1], time[:-1]])).check()
    deep = order.graph.source[time] >= order.graph.inputs
    if deep.any():
        with pytest.raises(InvariantError, match="order"):
            Order(order.graph, np.concatenate([time[deep], time[~deep]])).check()


def wounded(code: Code, at: int, kind: str) -> Code:
    rows = code.instructions.copy()
    match kind:
        case "lost":
            rows = np.delete(rows, at, axis=0)
        case "twice":
            rows = np.insert(rows, at, rows[at], axis=0)
        case "register":
            rows[at, 1] = (rows[at, 1] + 1) % code.registers
        case "other register":
            rows[at, 2] = (rows[at, 2] + 1) % code.registers
        case _:
            rows[at, 3] += 1
    return Code(code.order, code.registers, rows)


@pytest.mark.parametrize("kind", ["lost", "twice", "register", "other register", "what"])
def test_the_checker_refuses_every_wound_that_changes_a_result(kind: str):
    """Each instruction in turn: the checker objects, or the wounded code still gives the same bits."""
    network = random_network([5, 6, 4, 3], 0.7, 2)
    code = allocate(any_order(graph_of(network), 1), Registers(4, 2))
    x = np.random.default_rng(0).random((3, 5)).astype(np.float32)
    wanted = run_code(code, x).tobytes()
    refused = 0
    for at in range(len(code.instructions)):
        bad = wounded(code, at, kind)
        try:
            check_code(bad)
        except InvariantError:
            refused += 1
            continue
        assert run_code(bad, x).tobytes() == wanted
    assert refused > len(code.instructions) // 8


def test_code_text(golden):
    golden.check(show_code(allocate(plan_order(graph_of(tiny()), 4, OrderPlan(2), QUICK), Registers(4))))


def test_loads_come_in_batches_where_registers_are_free():
    graph = graph_of(random_network([64, 4, 2], 1.0, 1))
    order = plan_order(graph, 16, OrderPlan(), QUICK)
    one, many = (allocate(order, Registers(16, batch)) for batch in (1, 8))
    assert one.moves == many.moves == graph.move_bound
    assert many.count(Op.LOAD) / many.batches > 4
