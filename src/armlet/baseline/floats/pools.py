"""Pools and additions to C: value by value, plane by plane."""

import math

from armlet.baseline.floats.text import Planes, signature
from armlet.baseline.text import activated
from armlet.network.layers import Add, Pool, Reduction
from armlet.network.shapes import Shape


def pool_c(i: int, layer: Pool, taken: Planes, made: Planes) -> list[str]:
    """C of `layer<i>(from, to)`; an average is the sum times the reciprocal of the count inside the planes."""
    (channels, height, width), (down, across) = taken, layer.size or taken[1:]
    is_max = layer.reduction is Reduction.MAX
    mean = "" if is_max else " * (1.0f / (float)((j1 - j0) * (k1 - k0)))"
    place = f"from[(row + j) * {width} + column + k]"
    return [
        f"static inline __attribute__((always_inline)) float pool{i}(const float *restrict from, int row, int column, "
        "int j0, int j1, int k0, int k1) {",
        f"  float t = {'-__builtin_inff()' if is_max else '0.0f'};",
        "  for (int j = j0; j < j1; j++)",
        "    for (int k = k0; k < k1; k++)",
        f"      {f't = {place} > t ? {place} : t' if is_max else f't += {place}'};",
        f"  return t{mean};",
        "}",
        f"{signature(i)} {{",
        f"  for (int o = 0; o < {channels}; o++, from += {height * width})",
        f"    for (int y = 0; y < {made[1]}; y++)",
        f"      for (int x = 0; x < {made[2]}; x++) {{",
        f"        const int row = {layer.stride[0]} * y - {layer.padding[0]};",
        f"        const int column = {layer.stride[1]} * x - {layer.padding[1]};",
        "        const int j = row < 0 ? -row : 0, k = column < 0 ? -column : 0;",
        f"        const int jend = row > {height - down} ? {height} - row : {down};",
        f"        const int kend = column > {width - across} ? {width} - column : {across};",
        f"        *to++ = j == 0 && jend == {down} && k == 0 && kend == {across}",
        f"          ? pool{i}(from, row, column, 0, {down}, 0, {across})",
        f"          : pool{i}(from, row, column, j, jend, k, kend);",
        "      }",
        "}",
    ]


def addition_c(i: int, layer: Add, shape: Shape) -> list[str]:
    """C of `layer<i>(from, other, to)`."""
    return [
        f"{signature(i, other=True)} {{",
        f"  for (int k = 0; k < {math.prod(shape)}; k++) to[k] = {activated(layer, 'from[k] + other[k]')};",
        "}",
    ]
