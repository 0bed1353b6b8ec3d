"""How few activation moves any program with so many registers can make: the proof stands in docs/compiler.md.

Each used input must be loaded once and each output stored once, unless outputs are kept in registers. A layer that is
wider than the registers needs more.
Cut the time after every M moves of a layer's sources and sums. The connections of one stretch join `a` sources, each
held when the stretch begins or loaded in it, with `b` sums, each held at its beginning or end, or loaded or stored in
it: so a + b <= 2 R + M. Other sums can only be begun, finished and consumed within the stretch, and then all of their
sources are among the a. If a sources and b sums have at most e(a, b) connections, a stretch makes no more than the
largest of these, and the layer needs M moves for each full stretch (Hong and Kung, I/O complexity: the red-blue pebble
game, STOC 1981; here partial sums are values, and the sparsity counts through e).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.graph.graph import Graph
from armlet.schedule.layers import LayerConnections, layers_of

_WIDEST = 2_000  # neurons and sources; beyond it, the largest singular value takes longer than the bound is worth
_LENGTHS = 48  # lengths of a stretch that are tried
_SAFE = 1 + 1e-9  # against rounding in the bound itself


def move_bound(graph: Graph, registers: int, kept: bool = False) -> int:
    """Loads and stores that no order and no allocation can do without; `kept`: outputs need not be stored."""
    read = np.unique(graph.source[graph.source < graph.inputs])
    outputs = graph.outputs[: 0 if kept else None]
    bound = len(read) + len(outputs)
    computed = np.bincount(graph.target, minlength=graph.nodes) > 0
    computed[: graph.inputs] = True
    for layer in layers_of(graph):
        if not computed[layer.sources].all():
            continue  # a constant needs no load
        counted = int((layer.sources < graph.inputs).sum() + np.isin(outputs, layer.neurons).sum())
        bound += max(0, layer_bound(layer, registers) - counted)
    return bound


def layer_bound(layer: LayerConnections, registers: int) -> int:
    """Moves of the layer's sources and sums by stretches; 0 where the layer fits, or is too large to be looked at."""
    neurons, sources = len(layer.neurons), len(layer.sources)
    if neurons < registers or sources < registers or max(neurons, sources) > _WIDEST:
        return 0
    density = _density(layer)
    longest = max(1, min(sources, 8 * registers))
    lengths = np.unique(np.geomspace(1, longest, _LENGTHS).astype(np.int64))
    within = _within(density, np.arange(min(sources, registers + longest) + 1))
    return max(_by_stretches(density, within, registers, int(moves)) for moves in lengths)


@dataclass(frozen=True, slots=True, eq=False)
class Density:
    """What bounds the connections between a sources and b sums."""

    sources: NDArray[np.float64]  # (sources + 1,) connections of the k sources that have most
    sums: NDArray[np.float64]  # (neurons + 1,) connections of the k sums that have most
    fewest: NDArray[np.float64]  # (neurons + 1,) and of the k sums that have fewest
    beyond: float  # the largest singular value of what the degrees do not explain

    @property
    def connections(self) -> float:
        return float(self.sums[-1])

    def between(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
        """At most so many connections between any a sources and any b sums.

        The matrix of connections is d c' / E and a rest, d and c being degrees: the first part has at most what the
        highest degrees have, the rest at most its norm times those of the two sets' indicators, sqrt(a b).
        """
        a, b = np.minimum(a, len(self.sources) - 1), np.minimum(b, len(self.sums) - 1)
        explained = self.sources[a] * self.sums[b] / self.connections
        spectral = (explained + self.beyond * np.sqrt(a * b)) * _SAFE
        return np.minimum(np.minimum(spectral, a * b), np.minimum(self.sources[a], self.sums[b]))


def _density(layer: LayerConnections) -> Density:
    by_sum = np.diff(layer.ends).astype(np.float64)
    by_source = np.bincount(layer.support, minlength=len(layer.sources)).astype(np.float64)
    table = np.zeros((len(by_sum), len(by_source)))
    table[np.repeat(np.arange(len(by_sum)), np.diff(layer.ends)), layer.support] = 1
    rest = table - np.outer(by_sum, by_source) / by_sum.sum()
    small = rest @ rest.T if len(by_sum) <= len(by_source) else rest.T @ rest
    beyond = float(np.sqrt(max(0.0, np.linalg.eigvalsh(small)[-1])))
    return Density(_most(by_source), _most(by_sum), _sums_of(np.sort(by_sum)), beyond)


def _most(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    return _sums_of(np.sort(degrees)[::-1])


def _sums_of(sorted_: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([[0.0], np.cumsum(sorted_)])


def _by_stretches(density: Density, within: NDArray[np.int64], registers: int, moves: int) -> int:
    """The moves of all full stretches, when a stretch is so many moves long."""
    values = 2 * registers + moves
    a = np.arange(min(len(density.sources) - 1, registers + moves) + 1)
    most = float(density.between(a, values - a + within[a]).max())
    if most < 1 or most >= density.connections:
        return 0
    return moves * (int(np.ceil(density.connections / most)) - 1)


def _within(density: Density, a: NDArray[np.int64]) -> NDArray[np.int64]:
    """At most so many sums have all of their sources among any a."""
    k = np.arange(len(density.fewest))[None, :]
    possible = density.fewest[None, :] <= density.between(a[:, None], k)
    return np.where(possible, k, 0).max(axis=1)
