"""Pools, additions and reshapes to C: value by value, the channels of a position one after the other."""

from armlet.baseline.integers.text import table
from armlet.baseline.tensors.convolution import signature
from armlet.integer.formats import I64, IntegerFormat
from armlet.integer.layers import IntegerAdd, IntegerLayer, IntegerPool, PoolScaling
from armlet.integer.requantise import Multiplier
from armlet.network.layers import Reduction
from armlet.network.shapes import Shape

LIMITED = """static inline int32_t limited(int32_t t, int32_t low, int32_t high) {
  return t < low ? low : t > high ? high : t;
}"""


def pool_c(i: int, layer: IntegerPool, given: IntegerFormat, taken: Shape, made: Shape) -> list[str]:
    """C of `layer<i>(from, to)`."""
    (channels, height, width), (down, across) = taken, layer.size or taken[1:]
    is_max = layer.reduction is Reduction.MAX
    each = "if (q > t) t = q;" if is_max else "t += q, count++;"
    mean = f"  t = {_mean_of(layer)};"
    whole = f"jend - j == {down} && kend - k == {across}"
    return [
        f"static inline __attribute__((always_inline)) void pool{i}({given.c_type} const *restrict from, "
        f"{given.c_type} *restrict to, int row, int column, int j0, int j1, int k0, int k1) {{",
        f"  for (int o = 0; o < {channels}; o++) {{",
        f"    int32_t t = {given.low if is_max else 0}{'' if is_max else ', count = 0'};",
        "    for (int j = j0; j < j1; j++)",
        "      for (int k = k0; k < k1; k++) {",
        f"        const int32_t q = from[((row + j) * {width} + column + k) * {channels} + o];",
        f"        {each}",
        "      }",
        *([] if is_max else [f"  {mean}"]),
        f"    to[o] = limited(t, {max(layer.low, given.low)}, {min(layer.high, given.high)});",
        "  }",
        "}",
        f"{signature(i, given, given)} {{",
        f"  for (int y = 0; y < {made[1]}; y++)",
        f"    for (int x = 0; x < {made[2]}; x++, to += {channels}) {{",
        f"      const int row = {layer.stride[0]} * y - {layer.padding[0]};",
        f"      const int column = {layer.stride[1]} * x - {layer.padding[1]};",
        "      const int j = row < 0 ? -row : 0, k = column < 0 ? -column : 0;",
        f"      const int jend = row > {height - down} ? {height} - row : {down};",
        f"      const int kend = column > {width - across} ? {width} - column : {across};",
        f"      if ({whole}) pool{i}(from, to, row, column, 0, {down}, 0, {across});",
        f"      else pool{i}(from, to, row, column, j, jend, k, kend);",
        "    }",
        "}",
    ]


def addition_c(i: int, layer: IntegerAdd, given: tuple[IntegerFormat, IntegerFormat], count: int) -> list[str]:
    """C of `layer<i>(from, other, to)`."""
    name = _scaled(layer.scaling.once)
    scaled = [
        f"{name}(({taken}[k] + {offset}) * {1 << layer.raised}, {multiplier}, {exponent})"
        for taken, offset, multiplier, exponent in zip(
            ("from", "other"), layer.offset, layer.scaling.multiplier, layer.scaling.exponent
        )
    ]
    multiplier, exponent = layer.requantisation.multiplier[0], layer.requantisation.exponent[0]
    one, other = (each.c_type for each in given)
    return [
        f"static __attribute__((noinline)) void layer{i}(const {one} *from, const {other} *other, "
        f"{layer.stored.c_type} *restrict to) {{",
        f"  for (int k = 0; k < {count}; k++) {{",
        f"    const int32_t sum = {scaled[0]} + {scaled[1]};",
        f"    to[k] = limited({name}(sum, {multiplier}, {exponent}) + {layer.zero}, {layer.low}, {layer.high});",
        "  }",
        "}",
    ]


def scaling_of(layer: IntegerLayer) -> str | None:
    """The name of the C function by which an addition, or a pool, scales; None for other layers."""
    match layer:
        case IntegerAdd(scaling=Multiplier(once=once)) | IntegerPool(scaling=PoolScaling(once=once)):
            return _scaled(once)
        case _:
            return None


def _scaled(once: bool) -> str:
    """The name of the C function of a multiplier that rounds so."""
    return "multiplied_once" if once else "multiplied"


def _mean_of(layer: IntegerPool) -> str:
    """C of what an average makes of the sum t of `count` values."""
    by = layer.scaling
    if by is None:
        return "t < 0 ? -((count / 2 - t) / count) : (t + count / 2) / count"
    return f"{_scaled(by.once)}(t + {by.bias}, {by.multiplier}, {by.exponent}) + {by.zero}"


def reshape_c(i: int, given: IntegerFormat, moved: I64 | None, count: int) -> list[str]:
    """C of `layer<i>(from, to)`, which lays values in another order."""
    lines = [table(f"order{i}", moved)] if moved is not None else []
    at = f"order{i}[k]" if moved is not None else "k"
    return [*lines, f"{signature(i, given, given)} {{", f"  for (int k = 0; k < {count}; k++) to[k] = from[{at}];", "}"]
