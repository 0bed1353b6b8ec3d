"""What a connection costs on a core, in cycles and bytes, by the class of its weight: a table to choose weights by.

The figures are fitted to programs that armlet made of random survivors, and hold loads, stores and the ends of neurons:
`python benchmarks/prices.py` makes them anew; docs/sparsify.md, "What a connection costs". A layer is written in one
way, the one that is cheapest for all of its weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

WEIGHT_CLASSES = ("power of two", "3 times one", "two digits", "more digits")


@dataclass(frozen=True, slots=True)
class Block:
    """What connections cost where most stand in blocks: two weights of a neuron whose inputs share a word."""

    cycles: float  # of a connection in a block
    bytes: float
    cycles_alone: float  # of one outside of them
    bytes_alone: float


@dataclass(frozen=True, slots=True)
class Price:
    """What a connection costs in one way to write a layer, by the class of its weight."""

    way: str
    cycles: tuple[float, ...]
    bytes: tuple[float, ...]
    block: Block | None = None  # of a way that takes two weights at once

    def __post_init__(self) -> None:
        assert len(self.cycles) == len(self.bytes) == len(WEIGHT_CLASSES), "a figure for each class"

    def of(self, weight: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Cycles and bytes of each weight, a whole number of steps; nothing for no weight."""
        kind = classes_of(weight)
        cycles, size = (np.append(each, 0.0)[kind] for each in (self.cycles, self.bytes))
        return cycles, size

    def cost(self, weight: NDArray[Any], unit: "Price") -> NDArray[Any]:
        """The mean of cycles and of bytes, in those of a power of two in the way `unit`."""
        return unit.share(*self.of(weight))

    def share(self, cycles: Any, size: Any) -> Any:
        """Cycles and bytes in those of a power of two in this way: both count alike."""
        return (cycles / self.cycles[0] + size / self.bytes[0]) / 2


_SHIFTS = Price("shifted additions", (1.47, 1.79, 2.34, 3.79), (5.5, 6.8, 8.9, 14.6))
_PRODUCTS = Price("products", (1.80,) * 4, (8.8,) * 4, Block(1.53, 7.7, 2.29, 10.9))
_M0PLUS = Price("shifts and products", (2.93, 4.25, 4.42, 4.41), (5.2, 7.9, 8.2, 8.2))
_FLOATS = Price("products made once", (3.19, 3.43, 4.06, 4.18), (10.9, 11.8, 14.4, 14.9))
PRICES: Mapping[tuple[str, str], tuple[Price, ...]] = MappingProxyType(  # by target and arithmetic: the ways of a layer
    {
        ("cortex-m4", "integers"): (_SHIFTS, _PRODUCTS),
        ("cortex-m4f", "integers"): (_SHIFTS, _PRODUCTS),
        ("cortex-m4f", "float32"): (_FLOATS,),
        ("cortex-m0plus", "integers"): (_M0PLUS,),
    }
)


def signed_digits(number: NDArray[Any]) -> NDArray[Any]:
    """The fewest powers of two of either sign that add up to each number."""
    size = np.abs(np.asarray(number, np.int64))
    return np.bitwise_count(size ^ (3 * size)).astype(np.int64)  # non-adjacent form


def classes_of(weight: NDArray[Any]) -> NDArray[Any]:
    """For each weight the place of its class in `WEIGHT_CLASSES`; -1 for no weight."""
    digits = signed_digits(weight)
    is_triple = (weight % 3 == 0) & (signed_digits(weight // 3) == 1)
    kind = np.where(digits == 1, 0, np.where(is_triple, 1, np.where(digits == 2, 2, 3)))
    return np.where(digits == 0, -1, kind)
