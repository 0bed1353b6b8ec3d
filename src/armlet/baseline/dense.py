"""A network to dense C loops over constant weights: what a converter of models writes, zeros and all."""

from armlet.baseline.text import activated, begin, floats, hidden, signature, vectors
from armlet.network.network import Network


def dense_c(network: Network, name: str) -> str:
    """C text in which every weight is multiplied, zero or not."""
    layers, lines = begin(network)
    for i, layer in enumerate(layers):
        rows = ",\n".join(f"{{{floats(row)}}}" for row in layer.weight)
        lines.append(f"static const float w{i}[{layer.outputs}][{layer.inputs}] = {{\n{rows}}};")
        lines.append(f"static const float b{i}[{layer.outputs}] = {{{floats(layer.bias)}}};")
    lines += [*hidden(layers), "", signature(name)]
    for i, (layer, (source, result)) in enumerate(zip(layers, vectors(layers))):
        lines += [
            f"  for (int o = 0; o < {layer.outputs}; o++) {{",
            f"    float sum = b{i}[o];",
            f"    for (int k = 0; k < {layer.inputs}; k++) sum += w{i}[o][k] * {source}[k];",
            f"    {result}[o] = {activated(layer, 'sum')};",
            "  }",
        ]
    return "\n".join([*lines, "}", ""])
