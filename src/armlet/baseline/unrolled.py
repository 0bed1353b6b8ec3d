"""A network to straight-line C: one statement a neuron, one product a connection, no zero anywhere."""

import numpy as np

from armlet.baseline.text import activated, begin, floats, hidden, signature, vectors
from armlet.network.network import Network


def unrolled_c(network: Network, name: str) -> str:
    """C text without a loop or a table; the compiler decides where weights live and what stays in registers."""
    layers, lines = begin(network)
    lines += [*hidden(layers), "", signature(name)]
    for layer, (source, result) in zip(layers, vectors(layers)):
        for o in range(layer.outputs):
            used = np.flatnonzero(layer.weight[o])
            products = "".join(f" + {floats(layer.weight[o, k])} * {source}[{k}]" for k in used.tolist())
            lines.append(f"  {result}[{o}] = {activated(layer, floats(layer.bias[o]) + products)};")
    return "\n".join([*lines, "}", ""])
