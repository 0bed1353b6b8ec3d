"""A layout gives every cell a word for as long as it lives, and never takes more transfers than its start."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annealing import solve
from armlet.anneal.engine import Annealing
from armlet.errors import InvariantError
from armlet.layout.batches import batches_of, transfers
from armlet.layout.bound import transfer_bounds
from armlet.layout.place import InputLayout, place
from armlet.layout.slots import share_slots
from armlet.schedule.allocate import Registers, allocate
from armlet.schedule.code import Code, Op
from armlet.schedule.plan import OrderPlan, plan_order
from generators.graphs import any_order, graph_of
from generators.networks import networks
from generators.perceptrons import random_network
from generators.planted import KINDS, planted

QUICK = Annealing(moves=100)


@st.composite
def codes(draw: st.DrawFn) -> Code:
    order = any_order(graph_of(draw(networks())), draw(st.integers(0, 99)))
    return allocate(order, Registers(draw(st.integers(2, 6)), draw(st.integers(1, 4))))


@given(codes(), st.sampled_from(InputLayout))
def test_a_layout_passes_its_check_and_never_takes_more_transfers_than_its_start(code: Code, inputs: InputLayout):
    layout = place(code, inputs, QUICK)
    layout.check(code)
    assert layout.batches <= layout.transfers <= layout.transfers_before
    assert layout.transfers == transfers(batches_of(code), layout.words.astype(np.int64))


@given(codes())
def test_slots_are_as_few_as_the_most_values_alive_at_once(code: Code):
    slot, count = share_slots(code)
    alive: set[int] = set()
    most, rows = 0, code.instructions.tolist()
    nodes = code.order.graph.nodes
    last = {row[3]: at for at, row in enumerate(rows) if Op(row[0]).is_move}
    for at, (op, _, _, cell) in enumerate(rows):
        if op == Op.STORE:
            alive.add(cell)
            most = max(most, len(alive))
        if Op(op).is_move and cell < nodes and last[cell] == at:
            alive.discard(cell)
    assert count == most
    assert (slot[: code.order.graph.inputs] == -1).all()


@given(codes())
def test_natural_inputs_lie_where_a_c_array_has_them(code: Code):
    graph = code.order.graph
    layout = place(code, InputLayout.NATURAL, QUICK)
    assert np.array_equal(layout.words[: graph.inputs], graph.used)
    assert layout.input_words == graph.network_inputs


def test_annealing_finds_neighbours_that_the_order_of_use_hides():
    graph = graph_of(random_network([200, 120, 10], 0.08, 4))
    code = allocate(plan_order(graph, 20, OrderPlan(), Annealing()), Registers(20))
    layout = place(code, InputLayout.FREE, Annealing())
    assert layout.transfers < 0.9 * layout.transfers_before


def test_a_layout_whose_values_meet_is_refused():
    graph = graph_of(random_network([20, 30, 30, 5], 0.4, 4))
    code = allocate(plan_order(graph, 6, OrderPlan(2), QUICK), Registers(6))
    layout = place(code, InputLayout.FREE, QUICK)
    words = layout.words.copy()
    words[graph.inputs :][words[graph.inputs :] >= 0] = 0
    with pytest.raises(InvariantError, match="overwritten"):
        replace(layout, words=words).check(code)
    words = layout.words.copy()
    words[0] = words[1]
    with pytest.raises(InvariantError, match="share"):
        replace(layout, words=words).check(code)
    words = layout.words.copy()
    words[graph.nodes] = -1
    with pytest.raises(InvariantError, match="no word"):
        replace(layout, words=words).check(code)


@given(codes(), st.integers(0, 99))
def test_no_order_of_the_words_takes_fewer_transfers_than_the_bound(code: Code, seed: int):
    free, natural = (place(code, kind, QUICK) for kind in (InputLayout.FREE, InputLayout.NATURAL))
    bounds = transfer_bounds(code, [free, natural], [False, True])
    assert free.batches <= bounds[0] <= free.transfers
    assert bounds[1] <= natural.transfers
    rng, inputs = np.random.default_rng(seed), code.order.graph.inputs
    words = free.words.astype(np.int64)
    words[:inputs] = rng.permutation(inputs)
    touched = words[inputs:] >= 0
    words[inputs:][touched] = rng.permutation(free.work_words)[words[inputs:][touched]]
    assert transfers(batches_of(code), words) >= bounds[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_layout_of_200_slots_is_found_to_within_two_in_a_hundred(kind: str):
    batches, hidden = planted(kind, 0)
    assert solve(batches, 200, Annealing()) <= 1.02 * transfers(batches, np.argsort(hidden))
