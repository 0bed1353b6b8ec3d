"""Graphs of networks, single layers, and orders of connections drawn at random."""

import heapq
import random

import numpy as np

from armlet.graph.build import build_graph
from armlet.graph.graph import Graph
from armlet.graph.simplify import simplify
from armlet.network.network import Network, multilayer_perceptron
from armlet.network.normalise import fold_normalisation
from armlet.schedule.layers import LayerConnections, layers_of
from armlet.schedule.order import Order


def graph_of(network: Network, simplified: bool = True) -> Graph:
    """The graph that the compiler orders."""
    raw = fold_normalisation(network)
    graph = build_graph(raw)
    return simplify(graph, raw.domain).graph if simplified else graph


def layer_of(taken: np.ndarray) -> LayerConnections:
    """The layer whose neuron n takes source s where taken[n, s]."""
    network = multilayer_perceptron([taken.astype(np.float32)], [np.zeros(len(taken))])
    return layers_of(build_graph(network))[0]


def drawn_layer(neurons: int, sources: int, seed: int, density: float = 0.3) -> LayerConnections:
    """A layer with this part of its connections, at least one."""
    taken = np.random.default_rng(seed).random((neurons, sources)) < density
    taken[0, 0] = True
    return layer_of(taken)


def natural_order(graph: Graph) -> Order:
    """Finish one neuron, then begin the next: the order in which the graph lists its connections."""
    return Order(graph, np.arange(graph.connections))


def any_order(graph: Graph, seed: int) -> Order:
    """A linear extension drawn at random: every later stage must cope with all of them."""
    drawn = random.Random(seed)
    into = np.bincount(graph.target, minlength=graph.nodes)
    out: list[list[int]] = [[] for _ in range(graph.nodes)]
    for connection, source in enumerate(graph.source.tolist()):
        out[source].append(connection)
    ready = [(drawn.random(), c) for node in range(graph.nodes) if into[node] == 0 for c in out[node]]
    heapq.heapify(ready)
    order: list[int] = []
    while ready:
        _, connection = heapq.heappop(ready)
        order.append(connection)
        target = int(graph.target[connection])
        into[target] -= 1
        if into[target] == 0:
            for following in out[target]:
                heapq.heappush(ready, (drawn.random(), following))
    return Order(graph, np.array(order, np.int32))
