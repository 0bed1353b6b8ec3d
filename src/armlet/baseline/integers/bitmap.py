"""A network in integers to loops over bits that say which weights are there: little flash, little speed."""

import numpy as np

from armlet.baseline.integers.text import begin, loops, table, vectors
from armlet.integer.network import IntegerNetwork

_WORD = 32
_EACH = """#if __ARM_FEATURE_CLZ
#define EACH(k, bits) for (uint32_t k; bits && (k = __builtin_clz(bits), 1); bits &= ~(0x80000000u >> k))
#else
#define EACH(k, bits) for (uint32_t k = 0; bits; bits <<= 1, k++) if (bits >> 31)
#endif"""


def bitmap_c(network: IntegerNetwork, name: str) -> str:
    """C text that holds a bit for every weight, and the non-zero weights row by row."""
    lines, bodies = [*begin(network), _EACH], list[list[str]]()
    for i, (layer, (source, _)) in enumerate(zip(network.dense, vectors(network))):
        rows, columns = np.nonzero(layer.weight)
        words = -(-layer.inputs // _WORD)
        bits = np.zeros((layer.neurons, _WORD * words), np.uint8)
        bits[rows, columns] = 1
        packed = np.packbits(bits, axis=1).view(">u4").ravel()
        lines += [
            table(f"w{i}", layer.weight[rows, columns]),
            table(f"start{i}", np.searchsorted(rows, np.arange(layer.neurons))),
            f"static const uint32_t bits{i}[{len(packed)}] = {{{', '.join(map(hex, packed.tolist()))}}};",
        ]
        bodies.append(
            [
                f"uint32_t at = start{i}[o];",
                f"for (uint32_t j = 0; j < {words}; j++) {{",
                f"  uint32_t bits = bits{i}[{words} * o + j];",
                f"  EACH(k, bits) sum += w{i}[at++] * {source}[{_WORD} * j + k];",
                "}",
            ]
        )
    return "\n".join([*lines, loops(network, name, bodies)])
