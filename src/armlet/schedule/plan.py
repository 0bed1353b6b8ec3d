"""Graph to order: layer by layer, with as few loads of the sources as annealing finds for so many registers.

In each layer the neurons are finished in a row (`windows`), and the sources pass by in the visits that follow from it
(`visits`). Where a layer's values are wanted by the next layer alone, and that one is narrow, each value can be handed
on as soon as it is there: the next layer's accumulators then stay beside the open ones, and the values need not be
stored.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.anneal.engine import Annealing
from armlet.graph.graph import Graph
from armlet.schedule.layers import Layer, layers_of
from armlet.schedule.order import Order
from armlet.schedule.visits import side_by_side, timetable, visits_of
from armlet.schedule.windows import finishing_order

NARROWEST = 2  # accumulators that must remain for a layer whose values are handed on


@dataclass(frozen=True, slots=True)
class Plan:
    """What is settled before the annealing."""

    spare: int = 4  # registers left to sources: fewer come in longer transfers with more of them, but oftener
    handed_on: frozenset[int] = frozenset()  # places of the layers whose values go into the next layer at once


def plan_order(graph: Graph, registers: int, plan: Plan, how: Annealing) -> Order:
    """The order that `plan` gives for so many registers."""
    layers = layers_of(graph)
    parts: list[NDArray[np.int64]] = []
    for at, layer in enumerate(layers):
        if at > 0 and at - 1 in plan.handed_on:
            continue  # the layer before has done it
        after = layers[at + 1] if at in plan.handed_on else None
        parts.append(_connections(layer, after, registers - plan.spare, how.of(f"layer {at + 1}")))
    return Order(graph, np.concatenate(parts).astype(np.int32) if parts else np.zeros(0, np.int32))


def can_hand_on(layers: list[Layer], at: int, registers: int, spare: int) -> bool:
    """Whether layer `at` does not fit by itself, and can hand its values to the next layer as they come."""
    if at + 1 >= len(layers) or len(layers[at].neurons) <= registers - spare:
        return False
    layer, after = layers[at], layers[at + 1]
    room = registers - spare - len(after.neurons)
    return room >= NARROWEST and bool(np.isin(after.sources, layer.neurons).all())


def _connections(layer: Layer, after: Layer | None, room: int, how: Annealing) -> NDArray[np.int64]:
    width = max(1, min(len(layer.neurons), room - (0 if after is None else len(after.neurons))))
    row, _ = finishing_order(layer, width, how)
    visits = visits_of(layer, width, row)
    connections, times = timetable(layer, row, visits, side_by_side(visits, how))
    if after is None:
        return connections
    onward, finished = _onward(layer, after, row)
    both = np.concatenate([connections, onward])
    return both[np.argsort(np.concatenate([2 * times, 2 * finished + 1]), kind="stable")]


def _onward(layer: Layer, after: Layer, row: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The connections out of the layer, and the time at which the source of each is finished."""
    time = np.empty(len(row), np.int64)
    time[row] = np.arange(len(row))
    neuron = np.searchsorted(layer.neurons, after.sources)
    return after.connections.astype(np.int64), time[neuron][after.support]
