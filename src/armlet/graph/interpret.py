"""Runs a graph in float64 and without an order: what it means, and the yardstick for `simplify`."""

import numpy as np
from numpy.typing import ArrayLike

from armlet.graph.graph import ACTIVATIONS, Graph
from armlet.network.activation import activated
from armlet.network.frozen import F64


def run_graph(graph: Graph, x: ArrayLike) -> F64:
    """Outputs (samples, outputs) for raw network inputs (samples, network inputs)."""
    rows = np.atleast_2d(np.asarray(x, np.float64))
    value = np.zeros((graph.nodes, len(rows)))
    value[: graph.inputs] = rows[:, graph.used].T
    ends = np.searchsorted(graph.target, np.arange(graph.nodes + 1))
    for node in range(graph.inputs, graph.nodes):
        mine = slice(ends[node], ends[node + 1])
        total = graph.weight[mine].astype(np.float64) @ value[graph.source[mine]] + graph.bias[node]
        value[node] = activated(ACTIVATIONS[graph.activation[node]], float(graph.slope[node]), total)
    return value[graph.outputs].T
