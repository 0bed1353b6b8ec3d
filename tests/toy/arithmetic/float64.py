"""A toy arithmetic: double precision, each product and each sum rounded once."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from armlet.arithmetic.algebra import Algebra, Value
from armlet.arithmetic.arithmetic import Identities
from armlet.arithmetic.number_format import NumberFormat
from armlet.network.activation import Activation

FORMAT = NumberFormat(
    "float64", np.dtype("<f8"), "double", (2 - 2.0**-52) * 2.0**1023, 2.0**-53, 2.0**-1022, 2.0**-1074
)


class Numbers:
    def constant(self, bits: int) -> Any:
        return np.uint64(bits).view(np.float64)

    def multiply(self, a: Any, b: Any) -> Any:
        return a * b

    def add(self, a: Any, b: Any) -> Any:
        return a + b

    def subtract(self, a: Any, b: Any) -> Any:
        return a - b

    def divide(self, a: Any, b: Any) -> Any:
        return a / b

    def fused(self, addend: Any, a: Any, b: Any) -> Any:
        raise NotImplementedError

    def positive(self, a: Any) -> Any:
        return np.where(np.signbit(a), 0.0, a)

    def negative(self, a: Any) -> Any:
        return np.where(np.signbit(a), a, 0.0)

    def magnitude(self, a: Any) -> Any:
        return np.abs(a)

    def raised(self, a: Any, by: int) -> Any:
        raise NotImplementedError

    def signed(self, a: Any, b: Any) -> Any:
        return np.copysign(b, a)


@dataclass(frozen=True)
class Float64:
    format: NumberFormat = FORMAT
    rounding: str = "separate"
    is_fused: bool = False
    identities: Identities = Identities(0x3FF0 << 48, 0x4000 << 48, 1 << 63)
    numbers: Algebra[Any] = Numbers()

    def begin(self, on: Algebra[Value], bias: Value | None, weight: Value, x: Value) -> Value:
        return on.multiply(weight, x) if bias is None else self.accumulate(on, bias, weight, x)

    def accumulate(self, on: Algebra[Value], total: Value, weight: Value, x: Value) -> Value:
        return on.add(total, on.multiply(weight, x))

    def activate(self, on: Algebra[Value], kind: Activation, slope: Value, total: Value) -> Value:
        """Linear and ReLU are all that the toy has."""
        return {Activation.LINEAR: lambda: total, Activation.RELU: lambda: on.positive(total)}[kind]()

    def requantise(self, on: Algebra[Value], value: Value) -> Value:
        return value


FLOAT64 = Float64()
ARITHMETICS = (FLOAT64,)
