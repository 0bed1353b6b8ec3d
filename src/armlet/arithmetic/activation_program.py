"""Activations as programs: straight lines of float32 operations on one value, without a branch.

One program is all that there is of an activation: the interpreter runs it, the compiler turns it into instructions, the
prover builds the term from it that the linked bytes must make. How near each comes to the exact function stands in
`activation` (docs/compiler.md, section 2, derives them). Bits of a positive float order as integers do, so clipping is
integer arithmetic: with d = x - c, c + (d where it is negative, otherwise 0) is the lesser of x and c.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType

import numpy as np

from armlet.arithmetic.algebra import Algebra, Value
from armlet.network.activation import Activation

X, CONSTANT, SLOPE, NOTHING = 0, -1, -2, -3  # operands that no step makes


class Does(Enum):
    """What a step does. The first four round to float32, the others are exact on the 32 bits of a value."""

    MULTIPLY = auto()  # a * b
    ADD = auto()  # a + b
    SUBTRACT = auto()  # a - b
    DIVIDE = auto()  # a / b
    POSITIVE = auto()  # a, or 0 where its sign is set
    NEGATIVE = auto()  # a, or 0 where its sign is clear
    MAGNITUDE = auto()  # a with its sign cleared
    UP = auto()  # the bits of a as a whole number, and `bits` more
    DOWN = auto()  # the same, and `bits` less
    SIGNED = auto()  # the sign of a, and the rest of b


FLOATING = (Does.MULTIPLY, Does.ADD, Does.SUBTRACT, Does.DIVIDE)


@dataclass(frozen=True, slots=True)
class Step:
    """One operation; operands are X, or the number of the step that makes them, from 1."""

    does: Does
    a: int
    b: int = NOTHING  # CONSTANT: `constant`; SLOPE: the slope of leaky_relu
    constant: float = 0.0
    bits: int = 0


@dataclass(frozen=True, slots=True)
class ActivationProgram:
    """Steps in order; the last one makes the result. No step: the value itself."""

    steps: tuple[Step, ...] = ()


def run_program(program: ActivationProgram, on: Algebra[Value], slope: Value, x: Value) -> Value:
    """What `program` makes of `x`, computed on any algebra; `slope` is that of leaky_relu."""
    values = [x]
    for step in program.steps:
        values.append(_run(step, on, values, slope))
    return values[-1]


def _run(step: Step, on: Algebra[Value], values: list[Value], slope: Value) -> Value:
    a = values[step.a]
    match step.does:
        case Does.POSITIVE:
            return on.positive(a)
        case Does.NEGATIVE:
            return on.negative(a)
        case Does.MAGNITUDE:
            return on.magnitude(a)
        case Does.UP | Does.DOWN:
            return on.raised(a, step.bits if step.does is Does.UP else -step.bits)
        case _:
            pass
    b = slope if step.b == SLOPE else on.constant(_pattern(step.constant)) if step.b == CONSTANT else values[step.b]
    match step.does:
        case Does.MULTIPLY:
            return on.multiply(a, b)
        case Does.ADD:
            return on.add(a, b)
        case Does.SUBTRACT:
            return on.subtract(a, b)
        case Does.DIVIDE:
            return on.divide(a, b)
        case _:
            return on.signed(a, b)


def _pattern(number: float) -> int:
    """The bits of a number in float32."""
    return int(np.float32(number).view(np.uint32))


class _Writer:
    """Writes a program step by step; each method gives the number of what it makes."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def make(self, does: Does, a: int, b: int | float = NOTHING, bits: int = 0) -> int:
        step = Step(does, a, CONSTANT, b) if isinstance(b, float) else Step(does, a, b, bits=bits)
        self.steps.append(step)
        return len(self.steps)

    def clip(self, a: int, *parts: int) -> int:
        """The lesser of a, whose sign is clear, and the float whose bits are the sum of the parts."""
        for part in parts:
            a = self.make(Does.DOWN, a, bits=part)
        a = self.make(Does.NEGATIVE, a)
        for part in parts:
            a = self.make(Does.UP, a, bits=part)
        return a

    def clip_size(self, a: int, bits: int) -> int:
        """a, but never further from zero than the float of these bits."""
        return self.make(Does.SIGNED, a, self.clip(self.make(Does.MAGNITUDE, a), bits))

    def polynomial(self, s: int, value: int, *coefficients: float) -> int:
        """Horner's rule in s: from the value of the leading part down the coefficients."""
        for k in coefficients:
            value = self.make(Does.ADD, self.make(Does.MULTIPLY, value, s), k)
        return value


# tanh x = x P(x^2) / Q(x^2) to 1.5e-7 of its value on [-8, 8]; highest power first, Q begins with 1. Found by Lawson's
# iteration of weighted least squares (benchmarks/tanh.py), P then taken down by 2^-22 so that rounding stays below 1.
# All are positive, so no step cancels.
_P = (46.4720573, 11999.9785, 525607.688, 4066391.0)
_Q = (970.517151, 96843.2188, 1881067.12, 4066392.5)


def _leaky_relu() -> ActivationProgram:
    w = _Writer()
    positive = w.make(Does.POSITIVE, X)
    scaled = w.make(Does.MULTIPLY, w.make(Does.SUBTRACT, X, positive), SLOPE)
    w.make(Does.ADD, scaled, positive)
    return ActivationProgram(tuple(w.steps))


def _relu6() -> ActivationProgram:
    w = _Writer()
    w.clip(w.make(Does.POSITIVE, X), 0x4080_0000, 0x0040_0000)  # 4.0, and what makes it 6.0
    return ActivationProgram(tuple(w.steps))


def _tanh(half: bool) -> ActivationProgram:
    """Of x; or 1/2 + tanh(x / 2) / 2, which is the sigmoid: the same polynomials in x^2 / 4, scaled by powers of 2."""
    scales = (0.25, 4.0) if half else (1.0, 1.0)
    p = [k * scales[0] * scales[1] ** (n + 1) for n, k in enumerate(_P)]
    q = [k * scales[1] ** (n + 1) for n, k in enumerate(_Q)]
    w = _Writer()
    x = w.clip_size(X, 0x4180_0000 if half else 0x4100_0000)  # 16.0, 8.0
    s = w.make(Does.MULTIPLY, x, x)
    above = w.polynomial(s, w.make(Does.ADD, w.make(Does.MULTIPLY, s, p[0]), p[1]), *p[2:])
    below = w.polynomial(s, w.make(Does.ADD, s, q[0]), *q[1:])
    ratio = w.make(Does.DIVIDE, w.make(Does.MULTIPLY, above, x), below)
    if half:
        w.make(Does.ADD, ratio, 0.5)
    return ActivationProgram(tuple(w.steps))


ACTIVATION_PROGRAMS: Mapping[Activation, ActivationProgram] = MappingProxyType(
    {
        Activation.LINEAR: ActivationProgram(),
        Activation.RELU: ActivationProgram((Step(Does.POSITIVE, X),)),
        Activation.LEAKY_RELU: _leaky_relu(),
        Activation.RELU6: _relu6(),
        Activation.SIGMOID: _tanh(half=True),
        Activation.TANH: _tanh(half=False),
    }
)
