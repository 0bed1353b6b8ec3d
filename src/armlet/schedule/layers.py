"""Lists the connections into each layer's neurons as the planner sees them: supports, and who takes each source."""

from dataclasses import dataclass

import numpy as np

from armlet.graph.graph import Graph, Index


@dataclass(frozen=True, slots=True, eq=False)
class LayerConnections:
    """Neurons of one layer that have connections, and their sources. Both are named by their position here."""

    neurons: Index  # (neurons,) nodes
    sources: Index  # (sources,) nodes, ascending
    support: Index  # (connections,) sources, neuron by neuron
    ends: Index  # (neurons + 1,) neuron n has support[ends[n]:ends[n + 1]]
    connections: Index  # (connections,) numbers of the graph's connections

    @property
    def degree(self) -> float:
        """Connections of a neuron, on average."""
        return len(self.support) / len(self.neurons)


def layers_of(graph: Graph) -> list[LayerConnections]:
    """The layers in topological order; those without any connection are left out."""
    of = graph.layer[graph.target]
    return [_layer(graph, np.flatnonzero(of == number)) for number in np.unique(of)]


def _layer(graph: Graph, connections: Index) -> LayerConnections:
    target = graph.target[connections]  # ascending, as the graph lists its connections by target
    neurons, begin = np.unique(target, return_index=True)
    sources, support = np.unique(graph.source[connections], return_inverse=True)
    return LayerConnections(neurons, sources, support.astype(np.int64), np.append(begin, len(target)), connections)
