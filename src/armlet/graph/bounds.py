"""Bounds each node's value, and each neuron's sum before its activation, on the declared inputs, by intervals.

The bounds hold for every float32 evaluation, in any order of summation, with or without fused multiply-adds: each sum
is widened by the rounding that so many operations can cause (docs/compiler.md, 2).
"""

from dataclasses import dataclass

import numpy as np

from armlet.graph.graph import ACTIVATIONS, Graph
from armlet.network.activation import Activation, activated, activation_error
from armlet.network.domain import InputDomain
from armlet.network.frozen import F64

_LINEAR, _RELU = ACTIVATIONS.index(Activation.LINEAR), ACTIVATIONS.index(Activation.RELU)


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """Closed intervals: `low`, `high` of each node's value, `sum_low`, `sum_high` of its sum."""

    low: F64
    high: F64
    sum_low: F64
    sum_high: F64


@np.errstate(all="ignore")
def node_bounds(graph: Graph, domain: InputDomain) -> Bounds:
    """Propagate the declared intervals through the graph, node by node."""
    low, high = np.zeros(graph.nodes), np.zeros(graph.nodes)
    sum_low, sum_high = np.zeros(graph.nodes), np.zeros(graph.nodes)
    inputs = slice(0, graph.inputs)
    low[inputs], high[inputs] = domain.low[graph.used], domain.high[graph.used]
    sum_low[inputs], sum_high[inputs] = low[inputs], high[inputs]
    ends = np.searchsorted(graph.target, np.arange(graph.nodes + 1))
    weight = graph.weight.astype(np.float64)
    unit, tiny = graph.arithmetic.format.unit_roundoff, graph.arithmetic.format.smallest_subnormal
    for node in range(graph.inputs, graph.nodes):  # what overflows float64 is unbounded, and decides nothing
        mine = slice(ends[node], ends[node + 1])
        w, below, above = weight[mine], low[graph.source[mine]], high[graph.source[mine]]
        least, most = np.minimum(w * below, w * above), np.maximum(w * below, w * above)
        bias = float(graph.bias[node])
        size = abs(bias) + np.maximum(np.abs(least), np.abs(most)).sum()
        operations = 2 * len(w) + 1
        slack = operations * unit / max(1 - operations * unit, unit) * size + operations * tiny
        sum_low[node], sum_high[node] = bias + least.sum() - slack, bias + most.sum() + slack
        low[node], high[node] = _activated(graph, node, sum_low[node], sum_high[node])
    return Bounds(low, high, sum_low, sum_high)


def _activated(graph: Graph, node: int, low: float, high: float) -> tuple[float, float]:
    """What a neuron makes of sums in an interval: no activation falls, and each is near its exact function."""
    code = graph.activation[node]
    if code == _LINEAR:
        return low, high
    if code == _RELU:
        return max(low, 0.0), max(high, 0.0)
    kind = ACTIVATIONS[code]
    ends = activated(kind, float(graph.slope[node]), np.array([low, high]))
    slack = activation_error(kind, ends)
    return float(ends[0] - slack[0]), float(ends[1] + slack[1])
