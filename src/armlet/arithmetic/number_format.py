"""How a machine stores numbers: their size, and how near they come to real numbers."""

from dataclasses import dataclass
from math import frexp
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """A number format. For one without rounding, such as integers, the roundoff and the subnormals are zero."""

    name: str  # as in network.toml, the manifest and the drivers
    dtype: "np.dtype[Any]"  # little-endian, as it lies in memory
    c_type: str
    largest: float
    unit_roundoff: float = 0.0  # relative error of one rounding to nearest
    smallest_normal: float = 0.0
    smallest_subnormal: float = 0.0  # the error of a rounding below `smallest_normal` is half of this at most

    @property
    def bytes(self) -> int:
        """Bytes of a value in memory."""
        return self.dtype.itemsize

    @property
    def directive(self) -> str:
        """How assemblers are given a value's bits."""
        return {1: ".byte", 2: ".short", 4: ".word", 8: ".quad"}[self.bytes]

    def hexadecimal(self, bits: int) -> str:
        """The bits of a value as assembly has them."""
        return f"{bits:#0{2 + 2 * self.bytes}x}"

    @property
    def room(self) -> float:
        """The power of two that partial sums stay below where scales are chosen: a quarter of what overflows."""
        return 2.0 ** (frexp(self.largest)[1] - 2)

    def holds_exactly(self, values: NDArray[np.float64]) -> bool:
        """Whether each value below `room` keeps all its digits, or is zero."""
        size = np.abs(values[values != 0])
        return bool((size >= self.smallest_normal).all() and (size <= self.room).all())


def patterns(values: NDArray[Any]) -> list[int]:
    """The bits of each value, as whole numbers."""
    return values.view(f"u{values.dtype.itemsize}").tolist()


FLOAT32_FORMAT = NumberFormat(
    name="float32",
    dtype=np.dtype("<f4"),
    c_type="float",
    largest=(2 - 2.0**-23) * 2.0**127,
    unit_roundoff=2.0**-24,
    smallest_normal=2.0**-126,
    smallest_subnormal=2.0**-149,
)
