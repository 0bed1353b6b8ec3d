"""What a connection costs on a core, in cycles and bytes, by the digits of its weight: a table to choose weights by.

The figures are those of whole layers that armlet compiles at 95 % sparsity, divided by their connections, with loads,
stores and the ends of neurons: docs/sparsify.md, "What a connection costs". A layer is written in one way, the one
that is cheapest for all of its weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Price:
    """What a connection costs in one way to write a layer."""

    cycles: float  # of a weight that is a power of two
    bytes: float
    more_cycles: float = 0.0  # for each further signed digit
    more_bytes: float = 0.0
    has_multiples: bool = False  # whether 3 times a power of two counts as one digit

    def digits(self, weight: NDArray[Any]) -> NDArray[Any]:
        """For each weight the signed powers of two that it is paid as; 0 for no weight."""
        count = signed_digits(weight)
        if self.has_multiples:
            third = signed_digits(weight // 3)
            count = np.where((weight % 3 == 0) & (third == 1), 1, count)
        return count

    def of(self, weight: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Cycles and bytes of each weight."""
        digits = self.digits(weight)
        here, more = digits > 0, np.maximum(digits - 1, 0)
        return self.cycles * here + self.more_cycles * more, self.bytes * here + self.more_bytes * more


_M4 = (
    Price(1.53, 5.4, 1.0, 4.0),  # shifted additions
    Price(1.87, 6.9, 1.0, 4.0, has_multiples=True),  # the same, of a source and three times it
    Price(2.13, 10.1),  # products of pairs
)
PRICES: Mapping[str, tuple[Price, ...]] = MappingProxyType(  # by target: the ways to write a layer
    {
        "cortex-m4": _M4,
        "cortex-m4f": _M4,
        "cortex-m0plus": (Price(3.0, 5.5, 2.0, 4.0), Price(4.6, 9.0)),
    }
)


def signed_digits(number: NDArray[Any]) -> NDArray[Any]:
    """The fewest powers of two of either sign that add up to each number."""
    size = np.abs(np.asarray(number, np.int64))
    return np.bitwise_count(size ^ (3 * size)).astype(np.int64)  # non-adjacent form
