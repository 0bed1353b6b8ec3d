"""A network in integers to loops over compressed sparse rows."""

import numpy as np

from armlet.baseline.integers.text import begin, loops, table, vectors
from armlet.integer.network import IntegerNetwork


def csr_c(network: IntegerNetwork, name: str) -> str:
    """C text that holds the non-zero weights row by row, each with the number of its column."""
    lines, bodies = begin(network), list[list[str]]()
    for i, (layer, (source, _)) in enumerate(zip(network.dense, vectors(network))):
        rows, columns = np.nonzero(layer.weight)
        lines += [table(f"w{i}", layer.weight[rows, columns]), table(f"column{i}", columns)]
        lines.append(table(f"start{i}", np.searchsorted(rows, np.arange(layer.neurons + 1))))
        bodies.append(
            [
                f"const uint32_t end = start{i}[o + 1];",
                f"for (uint32_t k = start{i}[o]; k < end; k++) sum += w{i}[k] * {source}[column{i}[k]];",
            ]
        )
    return "\n".join([*lines, loops(network, name, bodies)])
