"""A convolution in groups to C: four channels at a time where each is a group of its own, otherwise one by one."""

import numpy as np

from armlet.baseline.integers.text import stored, table
from armlet.baseline.tensors.convolution import begins, signature
from armlet.baseline.tensors.products import Rows
from armlet.baseline.tensors.residual import Residual
from armlet.integer.formats import IntegerFormat
from armlet.integer.layers import IntegerConv
from armlet.network.shapes import Shape

HALVES = """static inline int32_t low_halves(uint32_t a, uint32_t b, int32_t sum) {
  __asm__("smlabb %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
  return sum;
}
static inline int32_t high_halves(uint32_t a, uint32_t b, int32_t sum) {
  __asm__("smlatt %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
  return sum;
}"""

_FOUR = 4


def grouped_c(
    i: int, layer: IntegerConv, given: IntegerFormat, taken: Shape, made: Shape, residual: Residual
) -> list[str]:
    """C of `layer<i>(from, to)`; taps in the padding are passed over, those of a whole window counted by constants."""
    rows = Rows(i, layer.body, layer.body.inputs, given, layer.border)
    is_quick = layer.groups == taken[0] == made[0] and made[0] % _FOUR == 0
    other = residual.argument
    sides = [f"{name}, {name}end" for name in "jk"]
    whole, part = f"0, {layer.kernel[0]}, 0, {layer.kernel[1]}", ", ".join(sides)
    return [
        table(f"w{i}", np.moveaxis(layer.weight, 0, -1), aligned=True).replace("uint8_t", "int8_t"),
        table(f"b{i}", rows.bias),
        *residual.tables,
        f"static inline __attribute__((always_inline)) void taps{i}({given.c_type} const *restrict from, "
        f"{residual.parameter}{layer.body.stored.c_type} *restrict to, int row, int column, "
        "int j0, int j1, int k0, int k1) {",
        *(_four_channels if is_quick else _each_channel)(rows, layer, taken, residual),
        "}",
        f"{signature(i, given, layer.body.stored, residual.parameter)} {{",
        f"  for (int y = 0; y < {made[1]}; y++)",
        f"    for (int x = 0; x < {made[2]}; x++, to += {made[0]}{residual.moved(made[0])}) {{",
        "      const int row = {}, column = {};".format(*begins(layer)),
        *_ends("j", "row", taken[1], layer.kernel[0], layer.dilation[0]),
        *_ends("k", "column", taken[2], layer.kernel[1], layer.dilation[1]),
        f"      if (jend - j == {layer.kernel[0]} && kend - k == {layer.kernel[1]})",
        f"        taps{i}(from, {other}to, row, column, {whole});",
        f"      else taps{i}(from, {other}to, row, column, {part});",
        "    }",
        "}",
    ]


def _ends(name: str, begin: str, extent: int, taps: int, step: int) -> list[str]:
    """The first tap inside the plane, and the first behind it."""
    return [
        f"      const int {name} = {begin} < 0 ? ({step - 1} - {begin}) / {step} : 0;",
        f"      int {name}end = ({extent + step - 1} - {begin}) / {step};",
        f"      if ({name}end > {taps}) {name}end = {taps};",
    ]


def _four_channels(rows: Rows, layer: IntegerConv, taken: Shape, residual: Residual) -> list[str]:
    """A word of inputs and one of weights for each tap, a product an instruction."""
    i, name = rows.i, rows.given.name
    channels, sums = taken[0], ("a", "c", "e", "f")
    products = zip(sums, ("low", "low", "high", "high"), ("g", "h") * 2, ("s", "t") * 2)
    begun = ", ".join(f"{each} = b{i}[o + {k}]" for k, each in enumerate(sums))
    return [
        f"  for (int o = 0; o < {channels}; o += {_FOUR}) {{",
        f"    int32_t {begun};",
        "    for (int j = j0; j < j1; j++)",
        "      for (int k = k0; k < k1; k++) {",
        f"        const uint32_t x = four(from + {_place(layer, taken)} + o);",
        f"        const uint32_t u = four(w{i} + {channels} * ({layer.kernel[1]} * j + k) + o);",
        f"        const uint32_t g = even_{name}({rows.less}, x), h = odd_{name}({rows.less}, x);",
        "        const uint32_t s = even(u), t = odd(u);",
        *(f"        {sum} = {kind}_halves({x}, {w}, {sum});" for sum, kind, x, w in products),
        "      }",
        *(
            f"    to[{at}] = {stored(i, rows.body, residual.added(each, at, at), at)};"
            for each, at in zip(sums, (f"o + {k}" for k in range(_FOUR)))
        ),
        "  }",
    ]


def _each_channel(rows: Rows, layer: IntegerConv, taken: Shape, residual: Residual) -> list[str]:
    """A loop over the numbers of each window."""
    i, (outputs, each) = rows.i, layer.weight.shape[:2]
    group = f"{each} * (o / {outputs // layer.groups})"
    at = f"({layer.kernel[0] * layer.kernel[1]} * l + {layer.kernel[1]} * j + k)"
    return [
        f"  for (int o = 0; o < {outputs}; o++) {{",
        f"    int32_t sum = b{i}[o];",
        "    for (int j = j0; j < j1; j++)",
        "      for (int k = k0; k < k1; k++)",
        f"        for (int l = 0; l < {each}; l++)",
        f"          sum += w{i}[{outputs} * {at} + o] * (from[{_place(layer, taken)} + {group} + l] - {rows.border});",
        f"    to[o] = {stored(i, rows.body, residual.added('sum', 'o', 'o'), 'o')};",
        "  }",
    ]


def _place(layer: IntegerConv, taken: Shape) -> str:
    """The C index of tap (j, k) of a window at (row, column)."""
    (step, aside), (channels, _, width) = layer.dilation, taken
    return f"((row + {step} * j) * {width} + column + {aside} * k) * {channels}"
