"""Merges neurons that compute the same, up to a power of two, into one node that computes it once.

Two neurons of a layer are equivalent where they take the same sources with the same weights and have the same bias and
activation, all weights and the bias of one being 2^k times those of the other (k = 0 for activations that a scale does
not pass through). So the values of one are 2^k times those of the other, exactly; what reads both reads one of them,
with the sum of the weights. Layers are looked at in order, since neurons that are merged make others alike.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.graph.graph import HOMOGENEOUS, Graph
from armlet.network.frozen import F64

_Merged: TypeAlias = dict[int, tuple[int, float]]  # a node to that which computes it, and its value over that one's


def merge_equivalents(graph: Graph) -> Graph:
    """The graph with all equivalent neurons computed once, by the first of them. Outputs stay apart."""
    assert len(graph.twins) == 0, "merge once"
    found: _Merged = {}
    for layer in range(1, int(graph.layer.max(initial=0)) + 1):
        if merged := _equivalents(graph, layer):
            graph = _merged(graph, merged)
            found |= merged
    return _without(graph, found) if found else graph


def _equivalents(graph: Graph, layer: int) -> _Merged:
    """The equivalent neurons of one layer whose weights can be summed in what reads them."""
    first: dict[tuple[bytes, ...], tuple[int, int]] = {}
    found: _Merged = {}
    reads = _Reads(graph)
    for node in np.setdiff1d(np.flatnonzero(graph.layer == layer), graph.outputs).tolist():
        known = _signature(graph, node)
        if known is None:
            continue
        key, exponent = known
        representative, its = first.setdefault(key, (node, exponent))
        if representative != node and reads.join(representative, node, times := 2.0 ** (exponent - its)):
            found[node] = representative, times
    return found


def _signature(graph: Graph, node: int) -> tuple[tuple[bytes, ...], int] | None:
    """What a neuron computes, but for a power of two, and the power; None for one that computes nothing."""
    begin, end = np.searchsorted(graph.target, (node, node + 1)).tolist()
    if begin == end:
        return None
    weight, bias = graph.weight[begin:end].astype(np.float64), float(graph.bias[node])
    exact = graph.arithmetic.format.smallest_normal  # below, numbers lose digits, and no power of two is exact
    used = np.abs(weight).min() >= exact and (bias == 0 or abs(bias) >= exact)
    scales = used and HOMOGENEOUS[graph.activation[node]]
    exponent = int(np.frexp(weight[0])[1]) if scales else 0
    kind = np.array((graph.activation[node], graph.slope[node]), np.float64)
    numbers = np.ldexp(np.append(weight, bias + 0.0), -exponent)
    return (kind.tobytes(), graph.source[begin:end].tobytes(), numbers.tobytes()), exponent


class _Reads:
    """The connections out of nodes, as neurons are merged: what reads them, and with which sum of weights."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._by_source, self._ends = graph.by_source()
        self._sums: dict[int, dict[int, float]] = {}

    def join(self, first: int, other: int, times: float) -> bool:
        """Let `first` be read in place of `other`, if every sum of weights is a number that float32 holds well."""
        sums = self._sums.get(first) or dict(self._out(first))
        for target, weight in self._out(other):
            sums[target] = sums.get(target, 0.0) + weight * times
        held = self._graph.arithmetic.format
        if any(not held.smallest_normal <= abs(weight) <= held.largest for weight in sums.values()):
            return False
        self._sums[first] = sums
        return True

    def _out(self, node: int) -> Iterator[tuple[int, float]]:
        mine = self._by_source[self._ends[node] : self._ends[node + 1]]
        return zip(self._graph.target[mine].tolist(), self._graph.weight[mine].astype(np.float64).tolist())


def _merged(graph: Graph, merged: _Merged) -> Graph:
    """Every connection out of a merged neuron comes out of the first instead; those that meet are one, rounded once."""
    representative, times = np.arange(graph.nodes), np.ones(graph.nodes)
    for node, (first, scale) in merged.items():
        representative[node], times[node] = first, scale
    source = representative[graph.source]
    weight = graph.weight.astype(np.float64) * times[graph.source]
    order = np.lexsort((graph.source, source, graph.target))  # the sum is taken by the first, then neuron by neuron
    key = graph.target[order].astype(np.int64) * graph.nodes + source[order]
    begins = np.flatnonzero(np.diff(key, prepend=-1))
    return replace(
        graph,
        source=source[order][begins],
        target=graph.target[order][begins],
        weight=_sums_from(weight[order], begins),
    )


def _sums_from(weight: F64, begins: NDArray[np.intp]) -> F64:
    """The sum of each stretch, from left to right."""
    total = np.zeros(len(begins))
    np.add.at(total, np.repeat(np.arange(len(begins)), np.diff(begins, append=len(weight))), weight)
    return total


def _without(graph: Graph, merged: Mapping[int, tuple[int, float]]) -> Graph:
    """The graph without the nodes that nobody reads any more, which it lists among `Graph.twins`."""
    gone = np.array(sorted(merged), np.int64)
    stays = np.ones(graph.nodes, np.bool_)
    stays[gone] = False
    number = np.cumsum(stays) - 1
    between = stays[graph.target]
    representatives = np.array([merged[node][0] for node in gone.tolist()])
    return replace(
        graph,
        **{name: getattr(graph, name)[stays] for name in ("bias", "activation", "layer", "unit", "slope", "scale")},
        source=number[graph.source[between]],
        target=number[graph.target[between]],
        weight=graph.weight[between],
        outputs=number[graph.outputs],
        twins=np.stack((graph.layer[gone], graph.unit[gone], number[representatives]), axis=1),
        twin_scale=[1 / merged[node][1] for node in gone.tolist()],
    )
