"""A network in integers to dense C loops, two products an instruction where the core has SMLAD.

The inputs of a layer are widened once to pairs of halfwords, 0 and 2, 1 and 3 of each four; a word of four weights is
widened as it is read, two neurons share what is read of the inputs, and the loop takes eight weights at once.
"""

import numpy as np

from armlet.baseline.integers.text import begin, end, hidden, loops, signature, stored, table, vectors
from armlet.integer.formats import INT8, UINT8
from armlet.integer.layers import IntegerDense
from armlet.integer.network import IntegerNetwork

_WIDE = """static inline int32_t smlad(uint32_t a, uint32_t b, int32_t sum) {
  __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
  return sum;
}
#define WIDER(name, instruction) \\
  static inline uint32_t name(uint32_t a) { __asm__(instruction : "=r"(a) : "r"(a)); return a; }
WIDER(even, "sxtb16 %0, %1")
WIDER(odd, "sxtb16 %0, %1, ror #8")
WIDER(even_unsigned, "uxtb16 %0, %1")
WIDER(odd_unsigned, "uxtb16 %0, %1, ror #8")
static inline uint32_t four(const void *p) { uint32_t a; __builtin_memcpy(&a, p, 4); return a; }"""


def dense_c(network: IntegerNetwork, name: str) -> str:
    """C text in which every weight is multiplied, zero or not."""
    plain = "\n".join([*map(_row_table, range(len(network.dense)), network.dense), _plain(network, name)])
    if not all(_is_narrow(layer) for layer in network.dense) or not _is_bytes(network):
        return "\n".join([*begin(network), plain])
    paired = "\n".join([*map(_padded_table, range(len(network.dense)), network.dense), _paired(network, name)])
    return "\n".join([*begin(network), "#if __ARM_FEATURE_DSP", paired, "#else", plain, "#endif", ""])


def _is_narrow(layer: IntegerDense) -> bool:
    return bool(layer.weight.min() >= INT8.low and layer.weight.max() <= INT8.high)


def _is_bytes(network: IntegerNetwork) -> bool:
    return {network.input_format, *(layer.stored for layer in network.dense[:-1])} <= {UINT8, INT8}


def _row_table(i: int, layer: IntegerDense) -> str:
    return table(f"w{i}", layer.weight)


def _plain(network: IntegerNetwork, name: str) -> str:
    bodies = [
        [f"for (int k = 0; k < {layer.inputs}; k++) sum += w{i}[{layer.inputs} * o + k] * {source}[k];"]
        for i, (layer, (source, _)) in enumerate(zip(network.dense, vectors(network)))
    ]
    return loops(network, name, bodies)


def _words(layer: IntegerDense) -> int:
    """Of a row: two for each eight inputs."""
    return 2 * -(-layer.inputs // 8)


def _padded_table(i: int, layer: IntegerDense) -> str:
    """Rows of whole words, and an even number of them."""
    padded = np.pad(layer.weight, ((0, layer.neurons % 2), (0, 4 * _words(layer) - layer.inputs)))
    return table(f"w{i}", padded, aligned=True).replace("uint8_t", "int8_t")


def _paired(network: IntegerNetwork, name: str) -> str:
    most = max(_words(layer) for layer in network.dense)
    lines = [_WIDE, *hidden(network), f"static uint32_t wide[{2 * most}];", "", signature(network, name)]
    formats = [network.input_format, *(layer.stored for layer in network.dense)]
    for i, (layer, given, (source, result)) in enumerate(zip(network.dense, formats, vectors(network))):
        kind = "_unsigned" if given is UINT8 else ""
        whole, rest = divmod(layer.inputs, 4)
        lines.append(f"  for (int k = 0; k < {whole}; k++) {{")
        lines += [f"    const uint32_t x = four({source} + 4 * k);"]
        lines += [f"    wide[2 * k] = even{kind}(x), wide[2 * k + 1] = odd{kind}(x);", "  }"]
        if rest:
            last = " | ".join(f"(uint32_t)(uint8_t){source}[{4 * whole + k}] << {8 * k}" for k in range(rest))
            lines.append(f"  wide[{2 * whole}] = even{kind}({last}), wide[{2 * whole + 1}] = odd{kind}({last});")
        lines += _two_neurons(i, layer, result)
    return "\n".join([*lines, *end(network)])


def _two_neurons(i: int, layer: IntegerDense, result: str) -> list[str]:
    """The loop over pairs of neurons of a layer whose inputs are wide."""
    row, is_odd = 4 * _words(layer), layer.neurons % 2
    second = [f"    {result}[o + 1] = {stored(i, layer, 'c', 'o + 1')};"]
    if is_odd:
        second = [f"    if (o + 1 < {layer.neurons})", f"  {second[0]}"]
    return [
        f"  for (int o = 0; o < {layer.neurons}; o += 2) {{",
        f"    const int8_t *p = w{i} + {row} * o, *q = p + {row};",
        f"    int32_t a = b{i}[o], c = {f'o + 1 < {layer.neurons} ? b{i}[o + 1] : 0' if is_odd else f'b{i}[o + 1]'};",
        f"    for (const uint32_t *x = wide; x < wide + {row // 2}; x += 4, p += 8, q += 8) {{",
        "      const uint32_t u = four(p), v = four(q), s = four(p + 4), t = four(q + 4);",
        "      a = smlad(even(u), x[0], a), a = smlad(odd(u), x[1], a);",
        "      c = smlad(even(v), x[0], c), c = smlad(odd(v), x[1], c);",
        "      a = smlad(even(s), x[2], a), a = smlad(odd(s), x[3], a);",
        "      c = smlad(even(t), x[2], c), c = smlad(odd(t), x[3], c);",
        "    }",
        f"    {result}[o] = {stored(i, layer, 'a', 'o')};",
        *second,
        "  }",
    ]
