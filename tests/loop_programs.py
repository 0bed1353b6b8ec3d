"""The programs with loops that the loop prover is tried on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from armlet.isa.semantics import Term, TermAlgebra
from armlet.prove.contract import Contract, Stencil, Value, numbers
from looped import FLOATS, Looped

CONSTANTS = "  movw r12, #:lower16:k\n  movt r12, #:upper16:k\n"
TAPS = (0.5, 1.5, -2.0, 3.0)  # a bias and three weights


def bits(number: float) -> int:
    return int(np.float32(number).view(np.uint32))


def weighted(bias: float, weights: Sequence[float], relu: bool = False) -> Value:
    """bias + w x + ..., rounded after each product and each sum, in this order."""

    def value(terms: TermAlgebra, operands: Sequence[Term]) -> Term:
        total = terms.constant(bits(bias))
        for weight, x in zip(weights, operands, strict=True):
            total = terms.add(total, terms.multiply(terms.constant(bits(weight)), x))
        return terms.positive(total) if relu else total

    return value


def fir_body(source: str, target: str, counter: str) -> str:
    """Three taps, their weights in s2 to s4, the bias in s1."""
    return f"""\
  vldr s5, [{source}]
  vldr s6, [{source}, #4]
  vldr s7, [{source}, #8]
  vmul.f32 s5, s5, s2
  vadd.f32 s5, s1, s5
  vmul.f32 s6, s6, s3
  vadd.f32 s5, s5, s6
  vmul.f32 s7, s7, s4
  vadd.f32 s5, s5, s7
  vstr s5, [{target}]
  adds {source}, #4
  adds {target}, #4
  subs {counter}, #1
"""


def fir_reference(x: FLOATS, count: int) -> FLOATS:
    total = np.full(count, TAPS[0], np.float32)
    with np.errstate(all="ignore"):
        for d, weight in enumerate(TAPS[1:]):
            total = total + np.float32(weight) * x[d : d + count]
    return total.astype(np.float32)


def fir(count: int = 16) -> Looped:
    """y[i] = b + w0 x[i] + w1 x[i + 1] + w2 x[i + 2]."""
    code = f"{CONSTANTS}  vldm r12, {{s1-s4}}\n  movw r2, #{count}\n1:\n{fir_body('r0', 'r1', 'r2')}  bne 1b\n  bx lr\n"

    def stencils(c: Contract) -> list[Stencil]:
        i = np.arange(count)
        return [Stencil("y", weighted(TAPS[0], TAPS[1:]), i, np.stack([c.cells("x", i + d) for d in range(3)]))]

    return Looped(code, {"x": count + 2, "y": count}, stencils, lambda x: {"y": fir_reference(x, count)}, TAPS)


def relu(count: int = 12) -> Looped:
    """y[i] = max(x[i], 0), three words a trip, a core register each."""
    code = f"  movs r2, #{count // 3}\n1:\n"
    for _ in range(3):
        code += "  ldr r3, [r0], #4\n  bic r3, r3, r3, asr #31\n  str r3, [r1], #4\n"
    code += "  subs r2, #1\n  bne 1b\n  bx lr\n"

    def stencils(c: Contract) -> list[Stencil]:
        return [Stencil("y", lambda t, o: t.positive(o[0]), np.arange(count), c.cells("x", np.arange(count))[None])]

    def reference(x: FLOATS) -> dict[str, FLOATS]:
        return {"y": np.where(np.signbit(x), np.float32(0), x)}

    return Looped(code, {"x": count, "y": count}, stencils, reference)


def backwards(count: int = 16) -> Looped:
    """The three taps from the last position to the first, behind the pointers."""
    forth, body = fir(count), fir_body("r0", "r1", "r2")
    for old, new in (
        ("[r0]", "[r0, #-12]"),
        ("[r0, #4]", "[r0, #-8]"),
        ("[r0, #8]", "[r0, #-4]"),
        ("[r1]", "[r1, #-4]"),
    ):
        body = body.replace(old, new)
    body = body.replace("adds r", "subs r")
    start = f"  vldm r12, {{s1-s4}}\n  movw r2, #{count}\n  add r0, #{4 * count + 8}\n  add r1, #{4 * count}\n"
    return replace(forth, code=f"{CONSTANTS}{start}1:\n{body}  bne 1b\n  bx lr\n")


def two_loops(count: int = 8) -> Looped:
    """t[i] = x[i] + x[i + 1], then the three taps of t."""
    first = count + 2
    code = f"""{CONSTANTS}  push {{r4, r5}}
  movs r3, #{first}
  mov r4, r1
1:
  vldmia r0!, {{s0}}
  vldr s1, [r0]
  vadd.f32 s0, s0, s1
  vstmia r4!, {{s0}}
  subs r3, #1
  bne 1b
  vldm r12, {{s1-s4}}
  movs r5, #{count}
2:
{fir_body("r1", "r2", "r5")}  bne 2b
  pop {{r4, r5}}
  bx lr
"""

    def stencils(c: Contract) -> list[Stencil]:
        i, j = np.arange(first), np.arange(count)
        return [
            Stencil("t", lambda t, o: t.add(o[0], o[1]), i, np.stack((c.cells("x", i), c.cells("x", i + 1)))),
            Stencil("y", weighted(TAPS[0], TAPS[1:]), j, np.stack([c.cells("t", j + d) for d in range(3)])),
        ]

    def reference(x: FLOATS) -> dict[str, FLOATS]:
        with np.errstate(all="ignore"):
            t = x[:-1] + x[1:]
        return {"t": t, "y": fir_reference(t, count)}

    return Looped(code, {"x": first + 1, "t": first, "y": count}, stencils, reference, TAPS)


def scaled(channels: int = 3, count: int = 5) -> Looped:
    """y[c][i] = b[c] + w[c] x[c][i]: the outer loop streams what the inner one takes."""
    rng = np.random.default_rng(5)
    bias, weight = rng.standard_normal((2, channels)).astype(np.float32)
    code = f"""{CONSTANTS}  movs r2, #{channels}
1:
  vldmia r12!, {{s0-s1}}
  movs r3, #{count}
2:
  vldmia r0!, {{s2}}
  vmul.f32 s2, s2, s1
  vadd.f32 s2, s2, s0
  vstmia r1!, {{s2}}
  subs r3, #1
  bne 2b
  subs r2, #1
  bne 1b
  bx lr
"""

    def stencils(c: Contract) -> list[Stencil]:
        i = np.arange(channels * count)
        operands = np.stack((numbers(np.repeat(bias, count)), numbers(np.repeat(weight, count)), c.cells("x", i)))
        return [Stencil("y", lambda t, o: t.add(o[0], t.multiply(o[1], o[2])), i, operands)]

    def reference(x: FLOATS) -> dict[str, FLOATS]:
        with np.errstate(all="ignore"):
            return {"y": np.repeat(bias, count) + np.repeat(weight, count) * x}

    constants = np.stack((bias, weight), axis=1).ravel().tolist()
    return Looped(code, {"x": channels * count, "y": channels * count}, stencils, reference, constants)


@dataclass(frozen=True, slots=True)
class Shape:
    """A convolution: rows and trips of `positions` columns; inputs with halo and `slack` more columns."""

    rows: int = 4
    trips: int = 5
    positions: int = 1
    height: int = 3
    width: int = 3
    channels: int = 1
    outputs: int = 2
    stride: int = 1
    slack: int = 0
    relu: bool = True
    seed: int = 0

    @property
    def columns(self) -> int:
        return self.trips * self.positions

    @property
    def input_rows(self) -> int:
        return (self.rows - 1) * self.stride + self.height

    @property
    def input_columns(self) -> int:
        return (self.columns - 1) * self.stride + self.width + self.slack

    def weights(self) -> tuple[FLOATS, FLOATS]:
        """Biases, and weights of which about a third are zero."""
        rng = np.random.default_rng(self.seed)
        weight = rng.standard_normal((self.outputs, self.channels, self.height, self.width)).astype(np.float32)
        return rng.standard_normal(self.outputs).astype(np.float32), weight * (rng.random(weight.shape) < 0.7)

    def taps(self, output: int) -> list[tuple[float, int]]:
        """Each non-zero weight of an output, and the words from its window's corner to its input."""
        weight = self.weights()[1][output]
        places = product(range(self.channels), range(self.height), range(self.width))
        size = self.input_rows * self.input_columns
        return [(float(weight[p]), p[0] * size + p[1] * self.input_columns + p[2]) for p in places if weight[p]]


def convolution(shape: Shape) -> Looped:
    """Rows times columns, the weights in the order in which the body takes them."""
    bias, constants = shape.weights()[0], list[float]()
    body, size = "", shape.rows * shape.columns
    for output, position in product(range(shape.outputs), range(shape.positions)):
        body += "  vldmia r3!, {s1}\n"
        constants.append(float(bias[output]))
        for weight, offset in shape.taps(output):
            constants.append(weight)
            moves, place = _reached("r0", 4 * (offset + position * shape.stride))
            body += f"{moves}  vldmia r3!, {{s2}}\n  vldr s3, {place}\n  vmul.f32 s2, s2, s3\n  vadd.f32 s1, s1, s2\n"
        moves, place = _reached("r1", 4 * (output * size + position))
        clamp = f"  vmov r4, s1\n  bic r4, r4, r4, asr #31\n  str r4, {place}\n"
        body += moves + (clamp if shape.relu else f"  vstr s1, {place}\n")
    down = shape.stride * (shape.input_columns - shape.columns)
    code = f"""{CONSTANTS}  push {{r4-r7}}
  movs r6, #{shape.rows}
1:
  movs r7, #{shape.trips}
2:
  mov r3, r12
{body}  add r0, #{4 * shape.positions * shape.stride}
  add r1, #{4 * shape.positions}
  subs r7, #1
  bne.w 2b
  add r0, #{4 * down}
  subs r6, #1
  bne.w 1b
  pop {{r4-r7}}
  bx lr
"""
    words = {"x": shape.channels * shape.input_rows * shape.input_columns, "y": shape.outputs * size}
    return Looped(code, words, lambda c: _stencils(shape, c), lambda x: _convolved(shape, x), constants)


def _reached(base: str, offset: int) -> tuple[str, str]:
    """A place near a register as it is; one that is far by way of r5."""
    if offset < 1024:
        return "", f"[{base}, #{offset}]"
    return f"  movw r5, #{offset}\n  add r5, r5, {base}\n", "[r5]"


def _corners(shape: Shape) -> np.ndarray:
    """(rows columns,) the input at the corner of each window."""
    row, column = np.divmod(np.arange(shape.rows * shape.columns), shape.columns)
    return shape.stride * (row * shape.input_columns + column)


def _stencils(shape: Shape, c: Contract) -> list[Stencil]:
    found: list[Stencil] = []
    size = shape.rows * shape.columns
    for output, bias in enumerate(shape.weights()[0].tolist()):
        taps = shape.taps(output)
        operands = [c.cells("x", _corners(shape) + offset) for _, offset in taps]
        table = np.array(operands, np.int64).reshape(len(taps), size)
        value = weighted(bias, [weight for weight, _ in taps], shape.relu)
        found.append(Stencil("y", value, output * size + np.arange(size), table))
    return found


def _convolved(shape: Shape, x: FLOATS) -> dict[str, FLOATS]:
    found: list[FLOATS] = []
    for output, bias in enumerate(shape.weights()[0]):
        total = np.full(shape.rows * shape.columns, bias, np.float32)
        with np.errstate(all="ignore"):
            for weight, offset in shape.taps(output):
                total = total + np.float32(weight) * x[_corners(shape) + offset]
        found.append(np.where(np.signbit(total) & shape.relu, np.float32(0), total).astype(np.float32))
    return {"y": np.concatenate(found)}


PROGRAMS: Mapping[str, Callable[[], Looped]] = {
    "three taps": fir,
    "backwards": backwards,
    "relu": relu,
    "two loops": two_loops,
    "streamed": scaled,
    "small convolution": lambda: convolution(Shape(rows=2, trips=3, height=2, width=2, outputs=1, seed=1)),
    "convolution": lambda: convolution(Shape()),
    "strided convolution": lambda: convolution(Shape(positions=2, stride=2, slack=1, channels=2, rows=2, trips=3)),
}
