"""Activations as one table: what each function is, how near float32 comes to it, and where it is a simpler one.

Every entry is a non-decreasing function that moves apart no two sums (its slope is at most one), which is all that the
interval bounds of the compiler and the error bounds of the verifier need to know of it. A new activation is an entry
here, its program (`arithmetic/activation_program.py`), and its gradient where networks are trained.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

SLOPE = 0.01  # of leaky_relu where a network does not say


class Activation(Enum):
    """The functions by name."""

    LINEAR = "linear"
    RELU = "relu"
    LEAKY_RELU = "leaky_relu"
    RELU6 = "relu6"
    SIGMOID = "sigmoid"
    TANH = "tanh"

    @property
    def has_slope(self) -> bool:
        """Whether a layer gives it a slope, between 0 and 1."""
        return DEFINITIONS[self].has_slope


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval of sums."""

    low: float = -np.inf
    high: float = np.inf

    def holds(self, low: ArrayLike, high: ArrayLike) -> NDArray[np.bool_]:
        """Where sums between `low` and `high` lie in it; an end at infinity excludes nothing."""
        above = np.greater_equal(low, self.low) | (self.low == -np.inf)
        return above & (np.less_equal(high, self.high) | (self.high == np.inf))


@dataclass(frozen=True, slots=True)
class Definition:
    """A function on float64, given slopes of leaky_relu, and what is known of it."""

    exact: Callable[[NDArray[np.float64], Any], NDArray[np.float64]]
    relative: float = 0.0  # how far its program in float32 may lie from the exact value: a part of that,
    absolute: float = 0.0  # and this; tests measure both
    has_slope: bool = False
    is_homogeneous: bool = False  # h(a z) = a h(z) for all a > 0
    flat: tuple[tuple[Interval, float], ...] = ()  # where it is one number, and which
    equals: tuple[tuple[Interval, Activation], ...] = ()  # where it is a simpler function, the simplest first


def _sigmoid(x: NDArray[np.float64], _: Any) -> NDArray[np.float64]:
    return 0.5 + 0.5 * np.tanh(0.5 * x)


_NEGATIVE, _POSITIVE = Interval(high=0.0), Interval(low=0.0)
_TOP = 6.0  # of relu6

DEFINITIONS: Mapping[Activation, Definition] = MappingProxyType(
    {
        Activation.LINEAR: Definition(lambda x, _: x, is_homogeneous=True),
        Activation.RELU: Definition(
            lambda x, _: np.maximum(x, 0.0),
            is_homogeneous=True,
            flat=((_NEGATIVE, 0.0),),
            equals=((_POSITIVE, Activation.LINEAR),),
        ),
        Activation.LEAKY_RELU: Definition(
            lambda x, slope: np.maximum(x, slope * x),
            relative=2.0**-24,
            absolute=2.0**-150,
            has_slope=True,
            is_homogeneous=True,
            equals=((_POSITIVE, Activation.LINEAR),),
        ),
        Activation.RELU6: Definition(
            lambda x, _: np.minimum(np.maximum(x, 0.0), _TOP),
            flat=((_NEGATIVE, 0.0), (Interval(low=_TOP), _TOP)),
            equals=((Interval(0.0, _TOP), Activation.LINEAR), (Interval(high=_TOP), Activation.RELU)),
        ),
        Activation.SIGMOID: Definition(_sigmoid, absolute=2.0**-21),
        Activation.TANH: Definition(lambda x, _: np.tanh(x), absolute=2.0**-20),
    }
)


def activated(kind: Activation, slope: Any, x: NDArray[Any]) -> NDArray[Any]:
    """The function of `x` in its own format, exact in float64. Only leaky_relu has a slope, or one for each value."""
    return DEFINITIONS[kind].exact(x, slope)


def spelt(kind: Activation, slope: float) -> str:
    """The activation in words, with its slope to the bit where it has one."""
    return f"{kind.value} {slope.hex()}" if kind is Activation.LEAKY_RELU else kind.value


def activation_error(kind: Activation, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """At most how far the program of `kind` lies from the exact `value` of the same float32 argument."""
    return DEFINITIONS[kind].relative * np.abs(value) + DEFINITIONS[kind].absolute
