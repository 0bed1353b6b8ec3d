"""A convolution to C: windows to columns, two positions at a time, and each pair of columns by all rows of weights."""

from armlet.baseline.tensors.products import Rows, by_tap, multiplied_columns, widened
from armlet.baseline.tensors.residual import Residual
from armlet.integer.formats import IntegerFormat
from armlet.integer.layers import IntegerConv
from armlet.network.shapes import Shape


def convolution_c(
    i: int, layer: IntegerConv, given: IntegerFormat, taken: Shape, made: Shape, residual: Residual
) -> list[str]:
    """C of `layer<i>(from, to)`, of a convolution on all channels."""
    body = by_tap(layer.body, (layer.channels, *layer.kernel))
    rows = Rows(i, body, layer.kernel[0] * layer.kernel[1], given, layer.border)
    lines = [*rows.tables(), *residual.tables, *widened(rows), *_gathered(rows, layer, taken)]
    lines += [line for columns in (1, 2) for line in multiplied_columns(rows, columns, made[0], residual)]
    two, other = 2 * made[0], residual.argument
    return [
        *lines,
        f"{signature(i, given, body.stored, residual.parameter)} {{",
        "  int held = 0;",
        f"  for (int y = 0; y < {made[1]}; y++)",
        f"    for (int x = 0; x < {made[2]}; x++) {{",
        f"      gather{i}((half *)columns + {rows.row} * held, from, {', '.join(begins(layer))});",
        f"      if (++held == 2) multiply{i}_2({other}to), to += {two}{residual.moved(two)}, held = 0;",
        "    }",
        f"  if (held) multiply{i}_1({other}to);",
        "}",
    ]


def signature(i: int, given: IntegerFormat, made: IntegerFormat, other: str = "") -> str:
    """Of the function of a layer that takes one tensor, or another with it."""
    arrays = f"const {given.c_type} *restrict from, {other}{made.c_type} *restrict to"
    return f"static __attribute__((noinline)) void layer{i}({arrays})"


def begins(layer: IntegerConv) -> tuple[str, str]:
    """C expressions for the row and column of the first tap at position (y, x)."""
    down, across = (f"{step} * {name} - {side}" for step, name, side in zip(layer.stride, "yx", layer.padding))
    return down, across


def _gathered(rows: Rows, layer: IntegerConv, taken: Shape) -> list[str]:
    """C of `gather<i>(to, from, row, column)`, of the window that begins there: whole rows where they lie inside."""
    channels, height, width = taken
    (down, across), (step, aside) = layer.kernel, layer.dilation
    whole = [
        f"    if ((unsigned)y < {height} && column >= 0 && column <= {width - across}) {{",
        f"      to = widened{rows.i}(to, from + (y * {width} + column) * {channels}, {across * channels});",
        "      continue;",
        "    }",
    ]
    return [
        f"static inline void gather{rows.i}(half *to, const {rows.given.c_type} *from, int row, int column) {{",
        f"  for (int y = row; y < row + {down * step}; y += {step}) {{",
        *(whole if aside == 1 else []),
        f"    for (int x = column; x < column + {across * aside}; x += {aside})",
        f"      if ((unsigned)y < {height} && (unsigned)x < {width})",
        f"        to = widened{rows.i}(to, from + (y * {width} + x) * {channels}, {channels});",
        "      else",
        f"        for (int k = 0; k < {channels}; k++) *to++ = 0;",
        "  }",
        "}",
    ]
