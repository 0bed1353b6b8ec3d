"""A network to loops over compressed sparse rows: the sparsity as a matrix format."""

import numpy as np

from armlet.baseline.text import activated, begin, floats, hidden, integers, signature, vectors
from armlet.network.layers import Dense
from armlet.network.network import Network


def csr_c(network: Network, name: str) -> str:
    """C text that holds the non-zero weights row by row, each with the number of its column."""
    layers, lines = begin(network)
    for i, layer in enumerate(layers):
        lines += _tables(i, layer)
    lines += [*hidden(layers), "", signature(name)]
    for i, (layer, (source, result)) in enumerate(zip(layers, vectors(layers))):
        lines += [
            f"  for (int o = 0; o < {layer.outputs}; o++) {{",
            f"    float sum = b{i}[o];",
            f"    const uint32_t end = start{i}[o + 1];",
            f"    for (uint32_t k = start{i}[o]; k < end; k++) sum += w{i}[k] * {source}[column{i}[k]];",
            f"    {result}[o] = {activated(layer, 'sum')};",
            "  }",
        ]
    return "\n".join([*lines, "}", ""])


def _tables(i: int, layer: Dense) -> list[str]:
    rows, columns = np.nonzero(layer.weight)
    starts = np.concatenate(([0], np.cumsum(np.count_nonzero(layer.weight, axis=1))))
    width = "uint8_t" if layer.inputs <= 1 << 8 else "uint16_t" if layer.inputs <= 1 << 16 else "uint32_t"
    count = max(1, len(rows))  # C has no empty arrays
    return [
        f"static const float w{i}[{count}] = {{{floats(layer.weight[rows, columns]) or '0'}}};",
        f"static const {width} column{i}[{count}] = {{{integers(columns) or '0'}}};",
        f"static const uint32_t start{i}[{len(starts)}] = {{{integers(starts)}}};",
        f"static const float b{i}[{layer.outputs}] = {{{floats(layer.bias)}}};",
    ]
