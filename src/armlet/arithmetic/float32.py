"""Single-precision floating point: round to nearest even, subnormals kept.

From the order of a graph onwards results agree bit for bit. A multiply-add rounds twice (VMUL, VADD) or once (VFMA).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.arithmetic.activation_program import ACTIVATION_PROGRAMS, run_program
from armlet.arithmetic.algebra import Algebra, Value
from armlet.arithmetic.arithmetic import Identities
from armlet.arithmetic.number_format import FLOAT32_FORMAT, NumberFormat
from armlet.network.activation import Activation
from armlet.network.frozen import F32, F64

_SIGN = np.uint32(0x8000_0000)


class Float32Numbers:
    """The algebra of float32 arrays, bit for bit what machines compute."""

    def constant(self, bits: "int | NDArray[np.uint32]") -> F32:
        """The numbers of these bit patterns."""
        return np.asarray(bits, np.uint32).view(np.float32)

    def multiply(self, a: F32, b: F32) -> F32:
        """The rounded product."""
        with np.errstate(all="ignore"):
            return np.asarray(a * b, np.float32)

    def add(self, a: F32, b: F32) -> F32:
        """The rounded sum."""
        with np.errstate(all="ignore"):
            return np.asarray(a + b, np.float32)

    def subtract(self, a: F32, b: F32) -> F32:
        """The rounded difference."""
        with np.errstate(all="ignore"):
            return np.asarray(a - b, np.float32)

    def divide(self, a: F32, b: F32) -> F32:
        """The rounded quotient."""
        with np.errstate(all="ignore"):
            return np.asarray(a / b, np.float32)

    def fused(self, addend: F32, a: F32, b: F32) -> F32:
        """addend + a * b, rounded once."""
        with np.errstate(all="ignore"):
            return _fused(np.asarray(addend, np.float64), np.asarray(a, np.float64) * b)

    def positive(self, a: F32) -> F32:
        """a, or +0 where its sign is set; so -0 becomes +0."""
        return _of_bits(np.where(_bits(a) & _SIGN, np.uint32(0), _bits(a)))

    def negative(self, a: F32) -> F32:
        """a, or +0 where its sign is clear."""
        return _of_bits(np.where(_bits(a) & _SIGN, _bits(a), np.uint32(0)))

    def magnitude(self, a: F32) -> F32:
        """a with its sign cleared."""
        return _of_bits(_bits(a) & ~_SIGN)

    def raised(self, a: F32, by: int) -> F32:
        """The bits of a as a whole number, and `by` more; they wrap round."""
        return _of_bits(_bits(a) + np.uint32(by & 0xFFFF_FFFF))

    def signed(self, a: F32, b: F32) -> F32:
        """The sign of a, and the rest of b."""
        return _of_bits((_bits(a) & _SIGN) | (_bits(b) & ~_SIGN))


@dataclass(frozen=True, slots=True)
class Float32:
    """The arithmetic of FPv4-SP and its relatives."""

    is_fused: bool

    @property
    def format(self) -> NumberFormat:
        return FLOAT32_FORMAT

    @property
    def rounding(self) -> str:
        return "fused" if self.is_fused else "separate"

    @property
    def identities(self) -> Identities:
        return Identities(one=0x3F80_0000, two=0x4000_0000, sign=0x8000_0000)

    @property
    def numbers(self) -> Algebra[Any]:
        return _NUMBERS

    def begin(self, on: Algebra[Value], bias: Value | None, weight: Value, x: Value) -> Value:
        """bias + weight * x, or weight * x alone."""
        return on.multiply(weight, x) if bias is None else self.accumulate(on, bias, weight, x)

    def accumulate(self, on: Algebra[Value], total: Value, weight: Value, x: Value) -> Value:
        """total + weight * x, rounded once or twice."""
        return on.fused(total, weight, x) if self.is_fused else on.add(total, on.multiply(weight, x))

    def activate(self, on: Algebra[Value], kind: Activation, slope: Value, total: Value) -> Value:
        """The activation's program, step by step."""
        return run_program(ACTIVATION_PROGRAMS[kind], on, slope, total)

    def requantise(self, on: Algebra[Value], value: Value) -> Value:
        """Nothing changes: sums and values have one format."""
        return value


def _bits(a: F32) -> NDArray[np.uint32]:
    return np.asarray(a, np.float32).view(np.uint32)


def _of_bits(bits: NDArray[np.uint32]) -> F32:
    return np.asarray(bits, np.uint32).view(np.float32)


def _fused(acc: F64, product: F64) -> F32:
    """acc + product rounded once. The product of two float32 is exact in float64; the sum is rounded to odd there.

    Rounding the odd-rounded float64 to float32 is then correct (Boldo and Melquiond, IEEE Trans. Computers 57, 2008).
    """
    total = np.asarray(product + acc)
    back = total - product
    lost = np.asarray((product - (total - back)) + (acc - back))
    even = (total.view(np.int64) & 1) == 0
    adjust = np.isfinite(total) & np.isfinite(lost) & (lost != 0) & even
    toward = np.where(lost > 0, np.inf, -np.inf)
    return np.asarray(np.where(adjust, np.nextafter(total, toward), total)).astype(np.float32)


_NUMBERS = Float32Numbers()
FLOAT32 = Float32(is_fused=False)
FLOAT32_FUSED = Float32(is_fused=True)
ARITHMETICS = (FLOAT32, FLOAT32_FUSED)
