"""Graph to order: input-stationary tiles, layers fused where that saves moves.

A layer whose accumulators all fit is swept once. A wider one is cut into tiles; more tiles leave more registers for the
sources, so that more of them come in one transfer, but load more of them: the number of tiles with the least estimated
transfer cost is taken. Where the next layer's accumulators fit beside a tile, a finished tile can be scattered into
them at once, and its values need never go to memory.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.anneal.engine import Annealing
from armlet.graph.graph import Graph, Index
from armlet.schedule.allocate import Registers
from armlet.schedule.order import Order
from armlet.schedule.sweep import sweep
from armlet.schedule.tiles import partition, union_sizes

QUICK = Annealing(moves=0)  # the first partition is close enough for comparing numbers of tiles
_MOST_TILINGS = 10  # numbers of tiles compared for a layer


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """How one layer is computed: its tiles, and whether the next layer takes each tile's values at once."""

    tiles: tuple[Index, ...]  # neurons
    sources: Index  # in the order of the sweep
    fused: bool = False


@dataclass(frozen=True, slots=True)
class _Layer:
    """What the planner knows of a layer."""

    number: int
    neurons: Index
    supports: list[Index]
    sources: Index  # nodes, ascending; supports are positions here


def plan_order(graph: Graph, registers: Registers, how: Annealing) -> Order:
    """The order of tiles and sweeps that the estimates find cheapest for so many registers."""
    layers = _layers(graph)
    plans: list[LayerPlan] = []
    while len(plans) < len(layers):
        layer = layers[len(plans)]
        after = layers[len(plans) + 1] if len(plans) + 1 < len(layers) else None
        room = registers.count
        if after is not None and _is_fusion_cheaper(layer, after, registers):
            plans.append(_plan(layer, room - len(after.neurons), registers.batch, how, fused=True))
            plans.append(_plan(after, max(room, len(after.neurons) + 2), registers.batch, how))
        else:
            plans.append(_plan(layer, room, registers.batch, how))
    return Order(graph, _connections(graph, layers, plans))


def _layers(graph: Graph) -> list[_Layer]:
    ends = np.searchsorted(graph.target, np.arange(graph.nodes + 1))
    layers = []
    for number in np.unique(graph.layer[graph.inputs :]).tolist():
        neurons = np.flatnonzero((graph.layer == number) & (np.arange(graph.nodes) >= graph.inputs))
        neurons = neurons[ends[neurons + 1] > ends[neurons]]
        if len(neurons) == 0:
            continue
        taken = [graph.source[ends[n] : ends[n + 1]] for n in neurons]
        sources = np.unique(np.concatenate(taken))
        layers.append(_Layer(number, neurons, [np.searchsorted(sources, t) for t in taken], sources))
    return layers


def _fits(layer: _Layer, room: int) -> bool:
    return len(layer.neurons) + 1 <= room


def _transfer_cost(layer: _Layer, tiles: int, room: int, batch: int) -> float:
    """Loads of the layer's sources, each transfer of several counted as one more."""
    size = -(-len(layer.neurons) // tiles)
    together = min(batch, max(1, room - size))
    where = partition(layer.supports, tiles, len(layer.sources), QUICK)
    return sum(union_sizes(layer.supports, where, tiles)) * (1 + 1 / together)


def _best_tiling(layer: _Layer, room: int, batch: int) -> tuple[float, int]:
    """The least transfer cost, and its number of tiles."""
    if _fits(layer, room):
        return len(layer.sources) * (1 + 1 / min(batch, room - len(layer.neurons))), 1
    fewest = -(-len(layer.neurons) // (room - 1))
    most = min(len(layer.neurons), fewest + _MOST_TILINGS)
    return min((_transfer_cost(layer, tiles, room, batch), tiles) for tiles in range(fewest, most + 1))


def _is_fusion_cheaper(layer: _Layer, after: _Layer, registers: Registers) -> bool:
    """Whether to keep the next layer's accumulators beside each tile instead of storing and loading its values."""
    room, batch = registers.count, registers.batch
    left = room - len(after.neurons)
    if left < 3 or _fits(layer, left) or not np.isin(after.sources, layer.neurons).all():
        return False  # no room, or the values stay in registers by themselves, or others are wanted too
    apart, _ = _best_tiling(layer, room, batch)
    following, _ = _best_tiling(after, room, batch)
    together, _ = _best_tiling(layer, left, batch)
    return together < apart + following + len(layer.neurons) * (1 + 1 / batch)


def _plan(layer: _Layer, room: int, batch: int, how: Annealing, fused: bool = False) -> LayerPlan:
    _, tiles = _best_tiling(layer, room, batch)
    where = partition(layer.supports, tiles, len(layer.sources), how)
    taken = np.zeros((tiles, len(layer.sources)), np.bool_)
    for neuron, support in enumerate(layer.supports):
        taken[where[neuron], support] = True
    row = sweep(taken, how)
    return LayerPlan(tuple(layer.neurons[where == k] for k in range(tiles)), layer.sources[row], fused)


def _connections(graph: Graph, layers: list[_Layer], plans: list[LayerPlan]) -> Index:
    """The connections by tile, then by the sweep; those out of a fused tile follow it at once."""
    ends = np.searchsorted(graph.target, np.arange(graph.nodes + 1))
    into = [np.arange(ends[n], ends[n + 1]) for n in range(graph.nodes)]
    parts: list[NDArray[np.int64]] = []
    taken_over = False
    for at, plan in enumerate(plans):
        if taken_over:  # the tile before has scattered itself into this layer
            taken_over = False
            continue
        position = _positions(graph.nodes, plan.sources)
        beyond = np.concatenate([into[n] for n in layers[at + 1].neurons]) if plan.fused else None
        for tile in plan.tiles:
            parts.append(_swept(graph, np.concatenate([into[n] for n in tile]), position))
            if beyond is not None:
                out = beyond[np.isin(graph.source[beyond], tile)]
                parts.append(out[np.lexsort((graph.target[out], graph.source[out]))])
        taken_over = plan.fused
    return np.concatenate(parts).astype(np.int32) if parts else np.zeros(0, np.int32)


def _positions(nodes: int, sources: Index) -> NDArray[np.int64]:
    position = np.zeros(nodes, np.int64)
    position[sources] = np.arange(len(sources))
    return position


def _swept(graph: Graph, connections: NDArray[np.int64], position: NDArray[np.int64]) -> NDArray[np.int64]:
    return connections[np.lexsort((graph.target[connections], position[graph.source[connections]]))]
