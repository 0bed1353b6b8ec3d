"""Scales neurons so that more of their weights are 1 or -1, which need no constant and no product.

For a neuron that passes a positive scale on (linear, ReLU, leaky ReLU) and any a > 0, multiplying its bias and the
weights into it by a, and dividing the weights out of it by a, changes nothing but its own value. With `free` scales,
powers of two, every weight keeps its digits, so nothing is rounded anew. With `any` scale one weight at least of each
neuron becomes 1 or -1, and the others are rounded once more. Neurons are scaled one after another, by the scale that
most of their connections ask for: a connection of weight w asks for a / |w| on its way in and a |w| on its way out.
Each change makes the number of weights of 1 and -1 greater, so the sweeps end.
"""

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from armlet.arithmetic.number_format import NumberFormat
from armlet.graph.bounds import node_bounds
from armlet.graph.graph import HOMOGENEOUS, Graph, Index
from armlet.network.domain import InputDomain
from armlet.network.frozen import F64

SWEEPS = 3
FARTHEST = 2.0**24  # scales lie within this and its inverse, so that values stay far from both ends of float32
_SAME = 2.0**-40  # factors as close to 1 are 1, but for the rounding of float64


class Rescale(Enum):
    """Which scales may be used."""

    NONE = "none"
    FREE = "free"  # powers of two: every weight keeps its digits
    ANY = "any"  # every weight of the neuron is rounded once more


@dataclass(frozen=True, slots=True)
class _Neuron:
    """One neuron's connections, and how far up it may be scaled."""

    into: slice
    out: Index
    bias: float
    most: float
    format: NumberFormat


def rescale(graph: Graph, domain: InputDomain, how: Rescale) -> Graph:
    """The graph with scales that make more of its weights 1 or -1; its outputs are the same."""
    if how is Rescale.NONE or not (asks := _asking(graph, how)).any():
        return graph
    neurons = _neurons(graph, domain, asks)
    scale, weight = np.ones(graph.nodes), graph.weight.astype(np.float64)
    for _ in range(SWEEPS):
        if not sum(_rescaled(node, neuron, scale, weight, how) for node, neuron in neurons.items()):
            break
    given = scale[graph.target] / scale[graph.source]
    return replace(
        graph,
        weight=graph.weight.astype(np.float64) * given,
        bias=graph.bias.astype(np.float64) * scale,
        scale=graph.scale * scale,
        twin_scale=graph.twin_scale * scale[graph.twins[:, 2]],
    )


def _asking(graph: Graph, how: Rescale) -> NDArray[np.bool_]:
    """The neurons that pass a scale on, and have a connection to gain by it. The outputs' values are the network's."""
    size = np.abs(graph.weight.astype(np.float64))
    gains = (size != 1) if how is Rescale.ANY else (size != 1) & (np.frexp(size)[0] == 0.5)
    asks = np.zeros(graph.nodes, np.bool_)
    asks[graph.source[gains]] = True
    asks[graph.target[gains]] = True
    asks &= HOMOGENEOUS[graph.activation]
    asks[: graph.inputs] = False
    asks[graph.outputs] = False
    return asks


def _neurons(graph: Graph, domain: InputDomain, asks: NDArray[np.bool_]) -> dict[int, _Neuron]:
    ends = np.searchsorted(graph.target, np.arange(graph.nodes + 1))
    by_source, out_ends = graph.by_source()
    largest = _largest_sums(graph, domain)
    return {
        node: _Neuron(
            slice(int(ends[node]), int(ends[node + 1])),
            by_source[out_ends[node] : out_ends[node + 1]],
            float(graph.bias[node]),
            max(1.0, min(FARTHEST, graph.arithmetic.format.room / max(largest[node], 1.0))),
            graph.arithmetic.format,
        )
        for node in np.flatnonzero(asks).tolist()
        if ends[node] < ends[node + 1]
    }


def _largest_sums(graph: Graph, domain: InputDomain) -> F64:
    """At most how large any partial sum of each node gets."""
    bounds = node_bounds(graph, domain)
    size = np.maximum(np.abs(bounds.low), np.abs(bounds.high))
    largest = np.abs(graph.bias.astype(np.float64))
    with np.errstate(over="ignore", invalid="ignore"):
        np.add.at(largest, graph.target, np.abs(graph.weight.astype(np.float64)) * size[graph.source])
    return np.where(np.isnan(largest), np.inf, largest)


def _rescaled(node: int, neuron: _Neuron, scale: F64, weight: F64, how: Rescale) -> bool:
    """Give `node` the scale that most of its connections ask for; whether that is another. `weight` follows."""
    here = scale[node]
    wanted = np.concatenate((1 / np.abs(weight[neuron.into]), np.abs(weight[neuron.out])))
    wanted[np.abs(wanted - 1) < _SAME] = 1.0
    for times in _by_votes(wanted, how):
        if times == 1:
            return False
        new = here * times
        into, out = weight[neuron.into] * times, weight[neuron.out] / times
        moved = np.concatenate((into, out, [neuron.bias * new]))
        if 1 / FARTHEST <= new <= neuron.most and neuron.format.holds_exactly(moved):
            scale[node], weight[neuron.into], weight[neuron.out] = new, into, out
            return True
    return False


def _by_votes(wanted: F64, how: Rescale) -> list[float]:
    """The factors that at least as many connections ask for as are 1 already, the most wanted first, then the mildest.

    The factor 1 comes first among equals, and ends the list.
    """
    factors, votes = np.unique(np.append(wanted, 1.0), return_counts=True)
    votes[factors == 1.0] -= 1
    sound = np.isfinite(factors) & (factors > 0)
    if how is Rescale.FREE:
        sound &= np.frexp(factors)[0] == 0.5
    factors, votes = factors[sound], votes[sound]
    size = np.abs(np.log2(factors))
    ranked = np.lexsort((factors, size, -votes))
    own = int(np.flatnonzero(factors[ranked] == 1.0)[0])
    return factors[ranked][: own + 1].tolist()
