"""Clipping between any two ends as armlet's activations have it, with a scale and a shift around them.

clip(x, low, high) = scale h((x - shift) / scale) + shift, where h is ReLU, or ReLU6 if both ends are finite. Whoever
reads a file folds what stands inside into the layer before, and what stands outside into the one behind. A value then
carries the shift, so float32 rounds it at 2^-24 of that: ends far from the values would cost digits.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from armlet.network.activation import Activation

Ends: TypeAlias = tuple[float, float]

_ANY = (-math.inf, math.inf)
ENDS: Mapping[Activation, Ends] = MappingProxyType(  # between which an activation's values lie
    {
        Activation.LINEAR: _ANY,
        Activation.RELU: (0.0, math.inf),
        Activation.LEAKY_RELU: _ANY,
        Activation.RELU6: (0.0, 6.0),
        Activation.SIGMOID: (0.0, 1.0),
        Activation.TANH: (-1.0, 1.0),
    }
)
FARTHEST = 100.0  # a shift; values are then rounded at 6e-6
_WIDEST = 2.0**40  # scales, so that no weight leaves float32
CLIPPING = (Activation.LINEAR, Activation.RELU, Activation.RELU6)  # they clip between these ends, and do nothing else


@dataclass(frozen=True, slots=True)
class Clip:
    """scale h((x - shift) / scale) + shift."""

    activation: Activation  # h
    scale: float = 1.0
    shift: float = 0.0

    @property
    def is_plain(self) -> bool:
        """Whether it is h(x)."""
        return self.scale == 1 and self.shift == 0

    @property
    def is_near(self) -> bool:
        """Whether float32 keeps the values' digits."""
        return abs(self.shift) <= FARTHEST and 1 / _WIDEST <= abs(self.scale) <= _WIDEST


def clip_between(low: float, high: float) -> Clip:
    """The clip between two ends, `low` below `high`; an end that is infinite is none."""
    if math.isinf(low) and math.isinf(high):
        return Clip(Activation.LINEAR)
    if math.isinf(high):
        return Clip(Activation.RELU, 1.0, low)
    if math.isinf(low):
        return Clip(Activation.RELU, -1.0, high)
    return Clip(Activation.RELU6, (high - low) / ENDS[Activation.RELU6][1], low)


def within(ends: Ends, others: Ends) -> Ends:
    """Between which ends values lie that are clipped between both; the first above the second where none is left."""
    return max(ends[0], others[0]), min(ends[1], others[1])
