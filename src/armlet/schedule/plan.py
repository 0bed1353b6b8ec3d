"""Plans the order of a graph layer by layer, with as few loads of the sources as annealing finds for so many registers.

In each layer the neurons are finished in a row (`neuron_order`), and the loads of sources follow from it
(`load_schedule`). Where a layer's values are wanted by the next layer alone, and that one is narrow, the two can be
fused: each value is added into the next layer's accumulators as soon as it is there. These then stay beside the open
ones, and the values need not be stored.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.anneal.engine import Annealing
from armlet.graph.graph import Graph
from armlet.schedule.layers import LayerConnections, layers_of
from armlet.schedule.load_schedule import load_schedule_of, source_path, timetable
from armlet.schedule.neuron_order import finishing_order
from armlet.schedule.order import Order

NARROWEST = 2  # accumulators that must remain for a layer that is fused with the next


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """What is decided before the annealing."""

    source_registers: int = 4  # not accumulators: more of them make loads of sources longer, and more frequent
    fused: frozenset[int] = frozenset()  # places of the layers that are fused with the next one


def plan_order(graph: Graph, registers: int, plan: OrderPlan, how: Annealing) -> Order:
    """The order that `plan` gives for so many registers."""
    layers = layers_of(graph)
    parts: list[NDArray[np.int64]] = []
    for at, layer in enumerate(layers):
        if at > 0 and at - 1 in plan.fused:
            continue  # the layer before has done it
        after = layers[at + 1] if at in plan.fused else None
        parts.append(_connections(layer, after, registers - plan.source_registers, how.of(f"layer {at + 1}")))
    return Order(graph, np.concatenate(parts).astype(np.int32) if parts else np.zeros(0, np.int32))


def can_fuse(layers: list[LayerConnections], at: int, registers: int, source_registers: int) -> bool:
    """Whether layer `at` does not fit by itself, and can be fused with the next one."""
    if at + 1 >= len(layers) or len(layers[at].neurons) <= registers - source_registers:
        return False
    layer, after = layers[at], layers[at + 1]
    room = registers - source_registers - len(after.neurons)
    return room >= NARROWEST and bool(np.isin(after.sources, layer.neurons).all())


def _connections(
    layer: LayerConnections, after: LayerConnections | None, room: int, how: Annealing
) -> NDArray[np.int64]:
    width = max(1, min(len(layer.neurons), room - (0 if after is None else len(after.neurons))))
    row, _ = finishing_order(layer, width, how)
    loads = load_schedule_of(layer, width, row)
    connections, times = timetable(layer, row, loads, source_path(loads, how))
    if after is None:
        return connections
    onward, finished = _onward(layer, after, row)
    both = np.concatenate([connections, onward])
    return both[np.argsort(np.concatenate([2 * times, 2 * finished + 1]), kind="stable")]


def _onward(
    layer: LayerConnections, after: LayerConnections, row: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The connections out of the layer, and the time at which the source of each is finished."""
    time = np.empty(len(row), np.int64)
    time[row] = np.arange(len(row))
    neuron = np.searchsorted(layer.neurons, after.sources)
    return after.connections.astype(np.int64), time[neuron][after.support]
