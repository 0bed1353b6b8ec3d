"""Graph to a smaller graph with the same function on the declared inputs.

Three rules, each sound by itself:

    constant   a neuron without a connection in, or whose sum always lies where its activation is flat, is a number: its
               value goes into the biases that it feeds, added in float64 and rounded once
    decided    an activation whose sum always lies where it changes nothing is linear; a clip that is never reached
               leaves a ReLU
    dead       what has no way to an output is not computed, and an input that nobody reads is not an input
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from armlet.arithmetic.arithmetic import finish
from armlet.errors import InputError
from armlet.graph.bounds import Bounds, node_bounds
from armlet.graph.graph import ACTIVATIONS, Graph, Index
from armlet.network.activation import DEFINITIONS, Activation
from armlet.network.domain import InputDomain
from armlet.network.frozen import F32, F64

_LINEAR = ACTIVATIONS.index(Activation.LINEAR)


@dataclass(frozen=True, slots=True)
class Simplified:
    """The smaller graph, and what was found on the way."""

    graph: Graph
    constant_neurons: int
    dead_neurons: int
    unread_inputs: int
    decided_relus: int  # activations that change nothing, or never clip
    dropped_connections: int


def simplify(graph: Graph, domain: InputDomain) -> Simplified:
    """Apply the rules until none applies; one pass in topological order reaches that."""
    bounds = node_bounds(graph, domain)
    folded, constant = _fold_constants(graph, bounds)
    activation = np.where(constant, _LINEAR, _decided(folded, bounds))
    changed = activation != folded.activation
    decided = replace(folded, activation=activation, slope=np.where(activation == folded.activation, folded.slope, 0))
    alive = _reaches_output(decided)
    kept = _keep(decided, alive)
    neurons = np.arange(graph.nodes) >= graph.inputs
    return Simplified(
        graph=kept,
        constant_neurons=int(np.count_nonzero(constant & neurons)),
        dead_neurons=int(np.count_nonzero(~alive & ~constant & neurons)),
        unread_inputs=graph.network_inputs - kept.inputs,
        decided_relus=int(np.count_nonzero(changed & alive)),
        dropped_connections=graph.connections - kept.connections,
    )


def unsimplified(graph: Graph) -> Simplified:
    """The graph as it is."""
    return Simplified(graph, 0, 0, 0, 0, 0)


def _decided(graph: Graph, bounds: Bounds) -> Index:
    """The simplest activations that are the same where sums always lie."""
    decided = graph.activation.copy()
    for code, kind in enumerate(ACTIVATIONS):
        for interval, simpler in reversed(DEFINITIONS[kind].equals):  # the simplest stands
            inside = (graph.activation == code) & interval.holds(bounds.sum_low, bounds.sum_high)
            decided[inside] = ACTIVATIONS.index(simpler)
    return decided


def _flat(graph: Graph, bounds: Bounds) -> F64:
    """The number that each activation makes of all its sums; NaN where it is none."""
    number = np.full(graph.nodes, np.nan)
    for code, kind in enumerate(ACTIVATIONS):
        for interval, value in DEFINITIONS[kind].flat:
            number[(graph.activation == code) & interval.holds(bounds.sum_low, bounds.sum_high)] = value
    return number


def _fold_constants(graph: Graph, bounds: Bounds) -> tuple[Graph, NDArray[np.bool_]]:
    """Move constant neurons into the biases that they feed, in topological order so that each bias is rounded once."""
    ends = np.searchsorted(graph.target, np.arange(graph.nodes + 1))
    bias, constant = graph.bias.copy(), np.zeros(graph.nodes, np.bool_)
    keep, flat = np.ones(graph.connections, np.bool_), _flat(graph, bounds)
    for node in range(graph.inputs, graph.nodes):
        mine = slice(ends[node], ends[node + 1])
        sources = graph.source[mine]
        still = ~constant[sources]
        if not still.all():
            moved = graph.weight[mine][~still].astype(np.float64) * bias[sources[~still]]
            bias[node] = _in_range(float(bias[node]) + moved.sum(), graph, node)
            keep[mine] = still
        if still.any() and np.isnan(flat[node]):
            continue
        constant[node] = True
        keep[mine] = False
        bias[node] = _activated(graph, node, bias[node : node + 1])[0] if np.isnan(flat[node]) else flat[node]
    folded = replace(
        graph,
        bias=bias,
        activation=np.where(constant, _LINEAR, graph.activation),
        slope=np.where(constant, 0, graph.slope),
        source=graph.source[keep],
        target=graph.target[keep],
        weight=graph.weight[keep],
    )
    return folded, constant


def _activated(graph: Graph, node: int, total: F32) -> F32:
    """What the machine makes of a sum of `node`."""
    arithmetic, kind = graph.arithmetic, ACTIVATIONS[graph.activation[node]]
    return finish(arithmetic, arithmetic.numbers, kind, graph.slope[node], total)


def _in_range(value: float, graph: Graph, node: int) -> float:
    if abs(value) > graph.arithmetic.format.largest:
        place = f"layer {graph.layer[node]}, unit {graph.unit[node]}"
        beyond = f"beyond {graph.arithmetic.format.name}"
        raise InputError(f"network, {place}", f"sums constants to {value:.3g}, {beyond}", "scale the weights")
    return value


def _reaches_output(graph: Graph) -> NDArray[np.bool_]:
    alive = np.zeros(graph.nodes, np.bool_)
    alive[graph.outputs] = True
    starts = np.searchsorted(graph.target, np.arange(graph.nodes + 1))
    for node in range(graph.nodes - 1, graph.inputs - 1, -1):
        if alive[node]:
            alive[graph.source[starts[node] : starts[node + 1]]] = True
    return alive


def _keep(graph: Graph, alive: NDArray[np.bool_]) -> Graph:
    """The graph of the nodes marked alive, renumbered; a kept connection has both its ends alive."""
    assert len(graph.twins) == 0, "simplify first, merge then"
    number = np.cumsum(alive) - 1
    between = alive[graph.target]
    return Graph(
        network_inputs=graph.network_inputs,
        used=graph.used[alive[: graph.inputs]],
        bias=graph.bias[alive],
        activation=graph.activation[alive],
        layer=graph.layer[alive],
        unit=graph.unit[alive],
        source=number[graph.source[between]],
        target=number[graph.target[between]],
        weight=graph.weight[between],
        outputs=number[graph.outputs],
        slope=graph.slope[alive],
        scale=graph.scale[alive],
        twins=graph.twins,
        twin_scale=graph.twin_scale,
        arithmetic=graph.arithmetic,
    )
