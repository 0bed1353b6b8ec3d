"""The pieces of C that every baseline in integers is made of."""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from armlet.integer.formats import INT8, INT16, INT32, UINT8
from armlet.integer.layers import SLOPE_BITS, IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier, Shift
from armlet.network.activation import Activation

_TYPES = (  # narrow ones first
    (UINT8.low, UINT8.high, "uint8_t"),
    (INT8.low, INT8.high, "int8_t"),
    (0, (1 << 16) - 1, "uint16_t"),
    (INT16.low, INT16.high, "int16_t"),
    (INT32.low, INT32.high, "int32_t"),
)
_SCALINGS = {
    "multiplied": """static inline int32_t multiplied(int32_t sum, int32_t multiplier, int32_t exponent) {
  int64_t product = (int64_t)(sum << (exponent > 0 ? exponent : 0)) * multiplier;
  int32_t high = (int32_t)((product + (1 << 30)) >> 31), by = exponent < 0 ? -exponent : 0;
  int32_t mask = (int32_t)((1u << by) - 1);
  return (high >> by) + ((high & mask) > (mask >> 1) + (high < 0));
}""",
    "multiplied_down": """static inline int32_t multiplied_down(int32_t sum, int32_t multiplier, int32_t exponent) {
  int32_t high = (int32_t)(((int64_t)sum * multiplier + (1 << 30)) >> 31);
  return (high + (high >> 31) + (1 << (-exponent - 1))) >> -exponent;
}""",
    "multiplied_once": """static inline int32_t multiplied_once(int32_t sum, int32_t multiplier, int32_t exponent) {
  return (int32_t)(((int64_t)sum * multiplier + (1ll << (30 - exponent))) >> (31 - exponent));
}""",
}
_WIDEST = (1 << 16) - 1
_SMALL = 1 << 30  # below it, half of the last place and a zero can be added in 32 bits


def begin(network: IntegerNetwork) -> list[str]:
    """The head of the file for a chain of dense layers."""
    biases = [table(f"b{i}", layer.bias) for i, layer in enumerate(network.dense)]
    return [*head(dict(enumerate(network.dense))), *biases]


def head(layers: Mapping[int, IntegerDense], more: Collection[str] = ()) -> list[str]:
    """What each layer makes of a sum, and the numbers that differ from neuron to neuron; layers by their number.

    `more` are functions of scaling that others call.
    """
    lines = ["#include <stdint.h>", ""]
    used = {
        *more,
        *(_scaling(layer, by) for layer in layers.values() if isinstance(by := layer.requantisation, Multiplier)),
    }
    lines += [line for name in sorted(used) for line in (_SCALINGS[name], "")]
    for i, layer in layers.items():
        if layer.requantisation is not None:
            lines += _function(i, layer)
        lines += [table(f"{name}{i}", values) for name, values in _numbers(layer).items() if np.ptp(values)]
    return lines


def table(name: str, values: ArrayLike, aligned: bool = False) -> str:
    """A constant array of the narrowest type; C has no empty ones."""
    numbers = np.asarray(values).ravel().tolist() or [0]
    kind = next(kind for low, high, kind in _TYPES if low <= min(numbers) and max(numbers) <= high)
    where = " __attribute__((aligned(4)))" if aligned else ""
    return f"static const {kind} {name}[{len(numbers)}]{where} = {{{', '.join(map(str, numbers))}}};"


def stored(i: int, layer: IntegerDense, value: str, o: int | str) -> str:
    """A C expression for what `layer` stores for the sum `value` of neuron `o`, a number or a C variable."""
    if layer.requantisation is None:
        return value
    given = [value]
    for name, values in _numbers(layer).items():
        own = isinstance(o, int) or not np.ptp(values)
        given.append(str(values[o if isinstance(o, int) else 0]) if own else f"{name}{i}[{o}]")
    return f"store{i}({', '.join(given)})"


def vectors(network: IntegerNetwork) -> list[tuple[str, str]]:
    """For each layer the C names of what it reads and writes; hidden values live in static arrays h0, h1, ..."""
    names = ["input", *(f"h{i}" for i in range(len(network.dense) - 1))]
    names.append("output" if network.argmax is None else f"h{len(network.dense) - 1}")
    return list(pairwise(names))


def hidden(network: IntegerNetwork) -> list[str]:
    """The declarations of the static arrays that hold hidden values."""
    layers = network.dense[:-1] if network.argmax is None else network.dense
    return [f"static {layer.stored.c_type} h{i}[{layer.neurons}];" for i, layer in enumerate(layers)]


def end(network: IntegerNetwork) -> list[str]:
    """The end of the function, which finds the largest output where that is wanted."""
    argmax = network.argmax
    if argmax is None:
        return ["}", ""]
    score = f"((h{len(network.dense) - 1}[o] + offset[o]) >> {argmax.shift}) * factor[o]"
    return [
        f"  static const int32_t factor[] = {{{', '.join(map(str, argmax.factor.tolist()))}}};",
        f"  static const int32_t offset[] = {{{', '.join(map(str, argmax.offset.tolist()))}}};",
        "  int32_t largest = 0, most = 0;",
        f"  for (int o = 0; o < {network.outputs}; o++) {{",
        f"    const int32_t score = {score};",
        "    if (o == 0 || score > most) most = score, largest = o;",
        "  }",
        "  *output = largest;",
        "}",
        "",
    ]


def signature(network: IntegerNetwork, name: str) -> str:
    """`restrict` lets the compiler keep what it has loaded, as one who wants speed would write it."""
    given, result = network.input_format.c_type, network.result_format.c_type
    return f"void {name}_run(const {given} *restrict input, {result} *restrict output) {{"


def loops(network: IntegerNetwork, name: str, bodies: Sequence[Sequence[str]]) -> str:
    """C text after the tables: for each layer a loop over its neurons, whose body makes `sum` of neuron `o`."""
    lines = [*hidden(network), "", signature(network, name)]
    for i, (layer, (_, result), body) in enumerate(zip(network.dense, vectors(network), bodies)):
        lines += [f"  for (int o = 0; o < {layer.neurons}; o++) {{", f"    int32_t sum = b{i}[o];"]
        lines += [f"    {line}" for line in body]
        lines += [f"    {result}[o] = {stored(i, layer, 'sum', 'o')};", "  }"]
    return "\n".join([*lines, *end(network)])


def _numbers(layer: IntegerDense) -> dict[str, np.ndarray]:
    """What the function of a layer takes beside the sum, by name: a number for each neuron."""
    match layer.requantisation:
        case None:
            return {}
        case Shift(shift):
            scaling = {"shift": shift}
        case Multiplier(multiplier, exponent):
            scaling = {"multiplier": multiplier, "exponent": exponent}
    ends = np.stack((layer.low, layer.high)).astype(np.int64) - (0 if _is_small(layer) else layer.zero)
    low, high = np.clip(ends, INT32.low, INT32.high)
    return {**scaling, "low": low, "high": high}


def _is_small(layer: IntegerDense) -> bool:
    """Whether sums, and what they are scaled to, leave room for a half and a zero; sums are of numbers of 16 bits."""
    by = layer.requantisation
    widest = np.abs(layer.weight.astype(np.int64)).sum(axis=1) * _WIDEST + np.abs(layer.bias.astype(np.int64))
    falls = not isinstance(by, Multiplier) or bool((by.exponent < 0).all())
    return falls and int(widest.max()) < _SMALL and abs(layer.zero) < _SMALL


def _scaling(layer: IntegerDense, by: Multiplier) -> str:
    """The name of the function."""
    return "multiplied_once" if by.once else "multiplied_down" if _is_small(layer) else "multiplied"


def _function(i: int, layer: IntegerDense) -> list[str]:
    """C text of `store<i>`: scaled back, activated, clamped, moved to the zero."""
    by = layer.requantisation
    scaled = "sum >> shift"
    if isinstance(by, Multiplier):
        scaled = f"{_scaling(layer, by)}(sum, multiplier, exponent)"
    taken = "".join(f", int32_t {name}" for name in _numbers(layer))
    table_lines: list[str] = []
    lines = [f"static inline int32_t store{i}(int32_t sum{taken}) {{"]
    lines.append(f"  int32_t t = {scaled};")
    if layer.activation is Activation.LEAKY_RELU:  # t * slope >> 15 in 32 bits
        slope, rest = layer.slope, (1 << SLOPE_BITS) - 1
        fallen = f"(t >> {SLOPE_BITS}) * {slope} + ((t & {rest}) * {slope} >> {SLOPE_BITS})"
        lines.append(f"  if (t < 0) t = {fallen};")
    if layer.table is not None:
        table_lines = [table(f"curve{i}", layer.table.astype(np.int64) - layer.zero)]
        lines.append(f"  t = curve{i}[(t < -128 ? -128 : t > 127 ? 127 : t) + 128];")
    back, clamped = f" + {layer.zero}" if layer.zero else "", "(t < low ? low : t > high ? high : t)"
    if back and _is_small(layer):
        return [*table_lines, *lines, f"  t = t{back};", f"  return {clamped};", "}"]  # ends of a format are one SSAT
    return [*table_lines, *lines, f"  return {clamped}{back};", "}"]
