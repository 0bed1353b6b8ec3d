"""The finishing order costs what the definition says, its optimum is found, and its visits serve open neurons."""

import os
from itertools import permutations
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from armlet.anneal.cached import forget_outdated
from armlet.anneal.engine import Annealing
from armlet.graph.build import build_graph
from armlet.network.network import multilayer_perceptron
from armlet.schedule.allocate import Registers, allocate
from armlet.schedule.layers import LayerConnections, layers_of
from armlet.schedule.load_schedule import load_schedule_of, source_path, timetable
from armlet.schedule.neuron_order import finishing_order
from armlet.schedule.plan import OrderPlan, can_fuse, plan_order
from generators.graphs import drawn_layer, layer_of
from oracles.total_loads import total_loads

seeds = st.integers(0, 10_000)


layers = st.builds(drawn_layer, st.integers(1, 90), st.integers(1, 20), seeds)


@given(layers, st.integers(1, 12), seeds)
def test_a_finishing_order_is_never_worse_than_its_start_and_its_change_is_true(
    layer: LayerConnections, width: int, seed: int
):
    start, _ = finishing_order(layer, width, Annealing(moves=0))
    row, annealed = finishing_order(layer, width, Annealing(moves=60, seed=seed))
    assert sorted(row) == list(range(len(layer.neurons)))
    assert annealed.change <= 0
    assert total_loads(layer, width, row) == total_loads(layer, width, start) + annealed.change


@given(st.integers(2, 6), seeds, st.integers(1, 4))
def test_the_best_of_all_rows_is_found_where_they_can_be_counted(neurons: int, seed: int, width: int):
    layer = drawn_layer(neurons, 8, seed)
    if len(layer.neurons) <= width:
        return
    row, _ = finishing_order(layer, width, Annealing(moves=500))
    rows = permutations(range(len(layer.neurons)))
    assert total_loads(layer, width, row) == min(total_loads(layer, width, np.array(other)) for other in rows)


def test_neurons_of_two_kinds_are_told_apart():
    rng = np.random.default_rng(0)
    kind = rng.permutation(np.repeat([0, 1], 12))
    layer = layer_of(np.stack([(rng.random(40) < 0.5) & (np.arange(40) // 20 == k) for k in kind]))
    row, _ = finishing_order(layer, 12, Annealing(moves=500))
    assert total_loads(layer, 12, row) == len(layer.sources)


@given(layers, st.integers(1, 12), seeds)
def test_visits_serve_each_connection_once_while_its_neuron_is_open(layer: LayerConnections, width: int, seed: int):
    row = np.random.default_rng(seed).permutation(len(layer.neurons))
    visits = load_schedule_of(layer, width, row)
    assert len(visits.due) == total_loads(layer, width, row)
    path = source_path(visits, Annealing(moves=20))
    connections, times = timetable(layer, row, visits, path)
    assert sorted(connections) == sorted(layer.connections)
    assert (np.diff(times) >= 0).all()
    position = np.argsort(row)[np.repeat(np.arange(len(row)), np.diff(layer.ends))]
    of = dict(zip(layer.connections.tolist(), position.tolist()))
    for connection, time in zip(connections.tolist(), times.tolist()):
        assert time <= of[connection] < time + width


@given(seeds)
def test_values_that_are_handed_on_need_not_be_stored(seed: int):
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=shape) * (rng.random(shape) < 0.4) for shape in ((30, 20), (4, 30))]
    graph = build_graph(multilayer_perceptron([*weights], [np.zeros(30), np.zeros(4)]))
    layers = layers_of(graph)
    handing = OrderPlan(2, frozenset({0}))
    if len(layers) < 2 or not can_fuse(layers, 0, 12, 2):
        return
    order = plan_order(graph, 12, handing, Annealing(moves=20))
    order.check()
    assert allocate(order, Registers(12, batch=1)).stores < 4 + 30 / 3


def test_a_compiled_cache_older_than_what_it_was_compiled_with_is_dropped(tmp_path: Path):

    engine, subject = tmp_path / "a" / "engine.py", tmp_path / "b" / "subject.py"
    index = engine.parent / "__pycache__" / "engine.run.nbi"
    for file in (subject, index):
        file.parent.mkdir(parents=True)
        file.touch()
    for times, stays in (((1, 2), True), ((3, 2), False)):
        index.touch()
        os.utime(index, (times[1], times[1]))
        os.utime(subject, (times[0], times[0]))
        os.utime(subject.parent, (1, 1))
        forget_outdated(engine, subject, index.parent)
        assert index.exists() == stays
