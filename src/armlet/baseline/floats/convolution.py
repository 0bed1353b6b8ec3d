"""A convolution to C: for each output channel and position a sum over the window, plane by plane."""

from armlet.baseline.floats.text import Planes, signature, table
from armlet.baseline.text import activated, floats
from armlet.network.layers import Conv

_INLINE = "static inline __attribute__((always_inline)) float"


def convolution_c(i: int, layer: Conv, taken: Planes, made: Planes, border: float) -> list[str]:
    """C of `layer<i>(from, to)`; beyond the planes stands the number `border`."""
    (outputs, inputs, down, across), (_, height, width) = layer.weight.shape, taken
    size, group = inputs * height * width, f"o / {outputs // layer.groups}"
    x = f"from + {size} * ({group})" if layer.groups > 1 else "from"
    begin = f"{x}, w{i} + {inputs * down * across} * o, b{i}[o], row, column"
    part = f"edge{i}({begin})" if border else f"window{i}({begin}, j, jend, k, kend)"
    return [
        table(f"w{i}", layer.weight),
        table(f"b{i}", layer.bias),
        *_window(i, layer, taken),
        *(_edge(i, layer, taken, border) if border else []),
        f"{signature(i)} {{",
        f"  for (int o = 0; o < {outputs}; o++)",
        f"    for (int y = 0; y < {made[1]}; y++)",
        f"      for (int x = 0; x < {made[2]}; x++) {{",
        *(f"        const int {line};" for line in (*_limits(layer, 0, height), *_limits(layer, 1, width))),
        f"        const float sum = j == 0 && jend == {down} && k == 0 && kend == {across}",
        f"          ? window{i}({begin}, 0, {down}, 0, {across})",
        f"          : {part};",
        f"        *to++ = {activated(layer, 'sum')};",
        "      }",
        "}",
    ]


def _limits(layer: Conv, axis: int, extent: int) -> tuple[str, str, str]:
    """C of where the window begins, and of its first tap inside the planes and the one behind the last."""
    start, at, tap = ("row", "y", "j") if axis == 0 else ("column", "x", "k")
    size, step, last = layer.weight.shape[2 + axis], layer.dilation[axis], layer.dilation[axis] - 1
    reach = step * (size - 1)
    return (
        f"{start} = {layer.stride[axis]} * {at} - {layer.padding[axis]}",
        f"{tap} = {start} < 0 ? ({last} - {start}) / {step} : 0",
        f"{tap}end = {start} + {reach} < {extent} ? {size} : ({extent + last} - {start}) / {step}",
    )


def _parameters(limits: str = "") -> str:
    return f"(const float *restrict x, const float *restrict w, float sum, int row, int column{limits})"


def _taps(layer: Conv, taken: Planes) -> tuple[str, str, str, str]:
    """C of a channel's number, of the row and column of a tap, and of its weight."""
    down, across = layer.weight.shape[2:]
    row, column = f"row + {layer.dilation[0]} * j", f"column + {layer.dilation[1]} * k"
    return f"{taken[1]} * c", row, column, f"w[{down * across} * c + {across} * j + k]"


def _window(i: int, layer: Conv, taken: Planes) -> list[str]:
    """C of `window<i>`, which adds the taps between limits to a sum."""
    plane, row, column, weight = _taps(layer, taken)
    return [
        f"{_INLINE} window{i}{_parameters(', int j0, int j1, int k0, int k1')} {{",
        f"  for (int c = 0; c < {layer.weight.shape[1]}; c++)",
        "    for (int j = j0; j < j1; j++)",
        "      for (int k = k0; k < k1; k++)",
        f"        sum += {weight} * x[({plane} + {row}) * {taken[2]} + {column}];",
        "  return sum;",
        "}",
    ]


def _edge(i: int, layer: Conv, taken: Planes, border: float) -> list[str]:
    """C of `edge<i>`, which adds all taps to a sum, the border's too."""
    plane, row, column, weight = _taps(layer, taken)
    _, inputs, down, across = layer.weight.shape
    return [
        f"{_INLINE} edge{i}{_parameters()} {{",
        f"  for (int c = 0; c < {inputs}; c++)",
        f"    for (int j = 0; j < {down}; j++)",
        f"      for (int k = 0; k < {across}; k++) {{",
        f"        const int y = {row}, z = {column}, inside = y >= 0 && y < {taken[1]} && z >= 0 && z < {taken[2]};",
        f"        sum += {weight} * (inside ? x[({plane} + y) * {taken[2]} + z] : {floats(border)});",
        "      }",
        "  return sum;",
        "}",
    ]
