"""Runs an order, each neuron summed in the order given: bit for bit what the machine must leave."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from armlet.arithmetic.arithmetic import finish
from armlet.graph.graph import ACTIVATIONS, Graph, Index
from armlet.network.activation import Activation
from armlet.network.frozen import F32
from armlet.schedule.order import Order

_CHUNK = 1 << 24  # float32 values held at once
_LINEAR = ACTIVATIONS.index(Activation.LINEAR)


def run_order(order: Order, x: ArrayLike) -> F32:
    """Outputs (samples, outputs) for raw network inputs (samples, network inputs)."""
    graph = order.graph
    rows = np.atleast_2d(np.asarray(x, order.graph.bias.dtype))
    step = max(1, _CHUNK // graph.nodes)
    plan = _by_rank(order)
    parts = [_run(graph, plan, rows[i : i + step]) for i in range(0, len(rows), step)]
    return np.concatenate(parts) if parts else np.zeros((0, len(graph.outputs)), graph.bias.dtype)


def _run(graph: Graph, plan: list[list[Index]], rows: F32) -> F32:
    value = np.repeat(graph.bias[:, None], len(rows), axis=1)  # a neuron without connections is its bias
    value[: graph.inputs] = rows[:, graph.used].T
    _activate(graph, value, np.flatnonzero(np.bincount(graph.target, minlength=graph.nodes) == 0))
    for ranks in plan:
        for rank, chosen in enumerate(ranks):
            _accumulate(graph, value, chosen, rank == 0)
        _activate(graph, value, graph.target[ranks[0]])
    return np.ascontiguousarray(value[graph.outputs].T)


def _activate(graph: Graph, value: F32, done: Index) -> None:
    """Apply their activations to neurons whose sums are complete."""
    for code in np.unique(graph.activation[done]).tolist():
        if code != _LINEAR:
            mine = done[graph.activation[done] == code]
            arithmetic, slope = graph.arithmetic, graph.slope[mine][:, None]
            value[mine] = finish(arithmetic, arithmetic.numbers, ACTIVATIONS[code], slope, value[mine])


def _accumulate(graph: Graph, value: F32, chosen: Index, first: bool) -> None:
    arithmetic, on = graph.arithmetic, graph.arithmetic.numbers
    target, source, weight = graph.target[chosen], graph.source[chosen], graph.weight[chosen][:, None]
    total = arithmetic.accumulate(on, value[target], weight, value[source])
    if first:
        bare = (graph.bias[target] == 0)[:, None]
        total = np.where(bare, arithmetic.begin(on, None, weight, value[source]), total)
    value[target] = total


def _by_rank(order: Order) -> list[list[Index]]:
    """For each level of the graph, the first connections of all its neurons, then the second ones, and so on."""
    graph, connections = order.graph, order.connections
    level = _levels(graph)
    target = graph.target[connections]
    by_target = np.argsort(target, kind="stable")
    sorted_target = target[by_target]
    begin = np.searchsorted(sorted_target, sorted_target)
    rank = np.empty(len(connections), np.int64)
    rank[by_target] = np.arange(len(connections)) - begin
    deep: NDArray[np.int64] = level[target]
    arranged = np.lexsort((target, rank, deep))
    cuts = np.flatnonzero(np.diff(deep[arranged]) | np.diff(rank[arranged])) + 1
    plan: dict[int, list[Index]] = {}
    for part in np.split(arranged, cuts):
        if len(part):
            plan.setdefault(int(deep[part[0]]), []).append(connections[part])
    return [plan[key] for key in sorted(plan)]


def _levels(graph: Graph) -> NDArray[np.int64]:
    """The longest way from an input to each node."""
    level = np.zeros(graph.nodes, np.int64)
    ends = np.searchsorted(graph.target, np.arange(graph.nodes + 1))
    for node in range(graph.inputs, graph.nodes):
        mine = graph.source[ends[node] : ends[node + 1]]
        if len(mine):
            level[node] = level[mine].max() + 1
    return level
