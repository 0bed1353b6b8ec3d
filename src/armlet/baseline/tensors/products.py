"""C for sums of products two an instruction: what is multiplied is widened once to columns of halfwords.

A column holds the window of one position, channel by channel at every tap, less the border, so that what lies in the
padding is 0. Words of four weights are widened as they are read: where the numbers at a tap are no multiple of four,
the weights lie in another order instead, so that halfwords of columns are simply written one after the other.
"""

from dataclasses import dataclass, replace

import numpy as np

from armlet.baseline.integers.text import stored, table
from armlet.baseline.tensors.residual import Residual
from armlet.errors import InputError
from armlet.integer.formats import I64, INT8, UINT8, IntegerFormat
from armlet.integer.layers import IntegerDense
from armlet.network.shapes import Shape

WIDE = """typedef uint32_t __attribute__((may_alias)) word;
typedef int16_t __attribute__((may_alias)) half;
static inline int32_t smlad(uint32_t a, uint32_t b, int32_t sum) {
  __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
  return sum;
}
#define WIDER(name, instruction) \\
  static inline uint32_t name(uint32_t a) { __asm__(instruction : "=r"(a) : "r"(a)); return a; }
#define LESS(name, instruction) \\
  static inline uint32_t name(uint32_t more, uint32_t a) { \\
    __asm__(instruction : "=r"(a) : "r"(more), "r"(a)); return a; }
WIDER(even, "sxtb16 %0, %1")
WIDER(odd, "sxtb16 %0, %1, ror #8")
LESS(even_int8, "sxtab16 %0, %1, %2")
LESS(odd_int8, "sxtab16 %0, %1, %2, ror #8")
LESS(even_uint8, "uxtab16 %0, %1, %2")
LESS(odd_uint8, "uxtab16 %0, %1, %2, ror #8")
static inline uint32_t four(const void *p) { uint32_t a; __builtin_memcpy(&a, p, 4); return a; }"""

_FOUR = 4
_INTERLEAVED = [0, 2, 1, 3]  # SXTB16 of bytes in this order gives two that are neighbours


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The weights of a layer as rows of C, (outputs, taps, numbers at a tap), on numbers of a format less a border."""

    i: int  # of the layer
    body: IntegerDense
    taps: int
    given: IntegerFormat
    border: int

    def __post_init__(self) -> None:
        if self.given not in (INT8, UINT8) or self.body.weight.min() < INT8.low or self.body.weight.max() > INT8.high:
            raise InputError(f"layer {self.i}", "is not in bytes", "this C is for networks in int8")

    @property
    def is_quick(self) -> bool:
        """Whether columns are widened four numbers at once."""
        return self.body.inputs // self.taps % _FOUR == 0

    @property
    def row(self) -> int:
        """Bytes of a row of weights, as many as halfwords of a column."""
        return -(-self.body.inputs // _FOUR) * _FOUR

    @property
    def less(self) -> str:
        """What is added to both halves of a word of a column."""
        return f"{(-self.border & 0xFFFF) * 0x10001:#x}u"

    def tables(self) -> list[str]:
        """Weights and biases, an even number of rows."""
        more = ((0, self.body.neurons % 2), (0, self.row - self.body.inputs))
        weight = np.pad(self.body.weight, more).reshape(-1, _FOUR)
        ordered = weight if self.is_quick else weight[:, _INTERLEAVED]
        bias = np.append(self.bias, [0] * (self.body.neurons % 2))
        return [table(f"w{self.i}", ordered, aligned=True).replace("uint8_t", "int8_t"), table(f"b{self.i}", bias)]

    @property
    def bias(self) -> I64:
        """Of the same sums, of numbers less the border."""
        return self.body.bias + self.border * self.body.weight.astype(np.int64).sum(axis=1)


def by_tap(body: IntegerDense, shape: Shape) -> IntegerDense:
    """Rows of weights on a window (channels, height, width), its channels together at every tap."""
    channels, height, width = shape
    turned = body.weight.reshape(-1, channels, height * width).transpose(0, 2, 1)
    return replace(body, weight=turned.reshape(len(body.weight), -1))


def widened(rows: Rows) -> list[str]:
    """C of `widened<i>(to, from, count)`, which gives where the next halfword of the column goes."""
    i, kind = rows.i, rows.given.c_type
    lines = [f"static inline half *widened{i}(half *to, const {kind} *from, int count) {{"]
    if not rows.is_quick:
        each = f"  for (int k = 0; k < count; k++) *to++ = (half)(from[k] - {rows.border});"
        return [*lines, each, "  return to;", "}"]
    name = rows.given.name
    return [
        *lines,
        "  for (const void *end = from + count; from != end; from += 4, to += 4) {",
        "    const uint32_t x = four(from);",
        f"    ((word *)to)[0] = even_{name}({rows.less}, x), ((word *)to)[1] = odd_{name}({rows.less}, x);",
        "  }",
        "  return to;",
        "}",
    ]


def multiplied_columns(rows: Rows, columns: int, outputs: int, residual: Residual | None = None) -> list[str]:
    """C of `multiply<i>_<columns>(to)`: one column or two by all rows, two at a time; results are `outputs` apart."""
    i, body, row = rows.i, rows.body, rows.row
    names = [("a", "c"), ("e", "f")]  # of the sums of each row
    kinds = f"{residual.parameter if residual else ''}{body.stored.c_type} *restrict to"
    lines = [
        f"static inline void multiply{i}_{columns}({kinds}) {{",
        f"  for (int o = 0; o < {body.neurons}; o += 2) {{",
        f"    const int8_t *p = w{i} + {row} * o, *end = p + {row};",
        f"    int32_t a = b{i}[o], e = b{i}[o + 1]{', c = a, f = e' if columns == 2 else ''};",
        "    #pragma GCC unroll 2",
        "    for (const word *x = (const word *)columns; p != end; x += 2, p += 4) {",
        f"      const uint32_t u = four(p), v = four(p + {row}), s = even(u), t = odd(u), y = even(v), z = odd(v);",
    ]
    for column in range(columns):
        at = f" + {row // 2}" if column else ""
        first, second = (names[k][column] for k in (0, 1))
        lines += [f"      {{ const uint32_t g = x[0{at}], h = x[1{at}];"]
        lines += [
            f"        {each} = smlad({one}, g, {each}), {each} = smlad({two}, h, {each});"
            for each, one, two in ((first, "s", "t"), (second, "y", "z"))
        ]
        lines += ["      }"]
    lines += ["    }"]
    for k, at in enumerate(("o", "o + 1")):
        odd = f"if (o + 1 < {body.neurons}) " if k and body.neurons % 2 else ""
        for column in range(columns):
            place, total = f"{at} + {column * outputs}", names[k][column]
            total = residual.added(total, at, place) if residual else total
            lines += [f"    {odd}to[{place}] = {stored(i, rows.body, total, at)};"]
    return [*lines, "  }", "}"]
