"""What a layer applies to its sums, as tables: the exact functions, and how near float32 comes to each.

Every entry is a non-decreasing function that moves apart no two sums (its slope is at most one), which is all that the
interval bounds of the compiler and the error bounds of the verifier need to know of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

SLOPE = 0.01  # of leaky_relu where a network does not say


class Activation(Enum):
    """The functions by name."""

    LINEAR = "linear"
    RELU = "relu"
    LEAKY_RELU = "leaky_relu"
    RELU6 = "relu6"
    SIGMOID = "sigmoid"
    TANH = "tanh"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A function on float64, given slopes of leaky_relu; and how far its recipe in float32 may lie from it."""

    exact: Callable[[NDArray[np.float64], Any], NDArray[np.float64]]
    relative: float = 0.0  # of the exact value; the recipe's own rounding
    absolute: float = 0.0  # added to that; tests measure both


def _sigmoid(x: NDArray[np.float64], _: Any) -> NDArray[np.float64]:
    return 0.5 + 0.5 * np.tanh(0.5 * x)


MEANINGS: Mapping[Activation, Meaning] = MappingProxyType(
    {
        Activation.LINEAR: Meaning(lambda x, _: x),
        Activation.RELU: Meaning(lambda x, _: np.maximum(x, 0.0)),
        Activation.LEAKY_RELU: Meaning(lambda x, slope: np.maximum(x, slope * x), 2.0**-24, 2.0**-150),
        Activation.RELU6: Meaning(lambda x, _: np.minimum(np.maximum(x, 0.0), 6.0)),
        Activation.SIGMOID: Meaning(_sigmoid, 0.0, 2.0**-21),
        Activation.TANH: Meaning(lambda x, _: np.tanh(x), 0.0, 2.0**-20),
    }
)


def activated(kind: Activation, slope: Any, x: NDArray[Any]) -> NDArray[Any]:
    """The function of `x` in its own format, exact in float64. Only leaky_relu has a slope, or one for each value."""
    return MEANINGS[kind].exact(x, slope)


def spelt(kind: Activation, slope: float) -> str:
    """The activation in words, with its slope to the bit where it has one."""
    return f"{kind.value} {slope.hex()}" if kind is Activation.LEAKY_RELU else kind.value


def activation_error(kind: Activation, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """At most how far the recipe of `kind` lies from the exact `value` of the same float32 argument."""
    return MEANINGS[kind].relative * np.abs(value) + MEANINGS[kind].absolute
