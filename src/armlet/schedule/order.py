"""When each connection runs: the one place where the order of rounding is chosen.

A neuron starts at its first connection, as `bias + weight * source` (or `weight * source` where the bias is zero), and
is finished by its activation after its last. A neuron without connections is its bias.
"""

from dataclasses import dataclass

import numpy as np

from armlet.errors import InvariantError
from armlet.graph.graph import Graph, Index
from armlet.network.frozen import frozen
from armlet.schedule.structure import Structure, check_structure, straight_line


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """A linear extension of `graph`: every connection once, after all connections into its source."""

    graph: Graph
    connections: Index  # (connections,) numbers of the graph's connections, in time
    structure: Structure = ()  # of these; left out, one block

    def __post_init__(self) -> None:
        object.__setattr__(self, "structure", self.structure or straight_line(len(self.connections)))
        object.__setattr__(self, "connections", frozen(self.connections, np.int32))

    def check(self) -> None:
        """Raise `InvariantError` unless each connection stands once and after what it reads."""
        check_structure(self.structure, len(self.connections), frozenset())
        graph, when = self.graph, np.full(self.graph.connections, -1, np.int64)
        inside = (self.connections >= 0) & (self.connections < graph.connections)
        if len(self.connections) != graph.connections or not inside.all():
            raise InvariantError("order: does not list the connections of its graph")
        when[self.connections] = np.arange(graph.connections)
        if (when < 0).any():
            raise InvariantError(f"order: connection {int(np.argmin(when))} never runs")
        finished = np.full(graph.nodes, -1, np.int64)
        np.maximum.at(finished, graph.target, when)
        early = finished[graph.source] >= when
        if early.any():
            at = int(np.argmax(early))
            raise InvariantError(f"order: connection {at} runs before %{graph.source[at]} is finished")
