"""What an arithmetic says: how a sum begins, goes on and ends, and which rewritings of it are exact.

The compiler, its interpreters and checkers, the drivers, the manifest and the prover all ask the arithmetic of the
graph; nothing else knows how a machine rounds. A new arithmetic is one module beside `float32`, and its row in
`armlet.arithmetic.arithmetics`.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from armlet.arithmetic.algebra import Algebra, Value
from armlet.arithmetic.number_format import NumberFormat
from armlet.network.activation import Activation


@dataclass(frozen=True, slots=True)
class Identities:
    """Bit patterns with exact rules: a product with `one` is its other factor, x + x is `two` times x.

    Where a `sign` bit is named, turning it negates a number exactly, and it moves freely out of products.
    """

    one: int
    two: int
    sign: int | None


class Arithmetic(Protocol):
    """How values are stored, multiplied, added, activated and stored again."""

    @property
    def format(self) -> NumberFormat:
        """How values are stored."""
        ...

    @property
    def rounding(self) -> str:
        """How a multiply-add rounds, as in the manifest: separate or fused."""
        ...

    @property
    def is_fused(self) -> bool:
        """Whether a multiply-add rounds once."""
        ...

    @property
    def identities(self) -> Identities:
        """The rewritings that checkers and the prover may use."""
        ...

    @property
    def numbers(self) -> Algebra[Any]:
        """The algebra of NumPy arrays: elementwise, so one call serves many samples."""
        ...

    def begin(self, on: Algebra[Value], bias: Value | None, weight: Value, x: Value) -> Value:
        """The first multiply-add of a sum. `bias` is None where it is zero: then nothing is added."""
        ...

    def accumulate(self, on: Algebra[Value], total: Value, weight: Value, x: Value) -> Value:
        """total + weight * x."""
        ...

    def activate(self, on: Algebra[Value], kind: Activation, slope: Value, total: Value) -> Value:
        """The activation of a sum; `slope` is that of leaky_relu."""
        ...

    def requantise(self, on: Algebra[Value], value: Value) -> Value:
        """An activated sum in the format that values are stored in."""
        ...


def finish(arithmetic: Arithmetic, on: Algebra[Value], kind: Activation, slope: Value, total: Value) -> Value:
    """What becomes of a complete sum: its activation, in the format that values are stored in."""
    return arithmetic.requantise(on, arithmetic.activate(on, kind, slope, total))
