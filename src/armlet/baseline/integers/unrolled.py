"""A network in integers to straight-line C: one statement a neuron, one product a connection, no zero anywhere."""

import numpy as np

from armlet.baseline.integers.text import begin, end, hidden, signature, stored, vectors
from armlet.integer.network import IntegerNetwork


def unrolled_c(network: IntegerNetwork, name: str) -> str:
    """C text without a loop or a table of weights: the compiler makes of each weight what it likes."""
    lines = [*begin(network), *hidden(network), "", signature(network, name)]
    for i, (layer, (source, result)) in enumerate(zip(network.dense, vectors(network))):
        for o in range(layer.neurons):
            used = np.flatnonzero(layer.weight[o])
            products = "".join(f" + {layer.weight[o, k]} * {source}[{k}]" for k in used.tolist())
            lines.append(f"  {result}[{o}] = {stored(i, layer, f'{layer.bias[o]}{products}', o)};")
    return "\n".join([*lines, *end(network)])
