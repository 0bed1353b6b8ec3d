"""From a sum back to the format of values: by a shift, or by a multiplier and a shift as TensorFlow Lite has it.

A shift is what scales cost that are powers of two; half of the last place is then in the bias, so that the shift, which
rounds down, rounds to the nearest. The multiplier is for networks whose scales somebody else chose.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from armlet.errors import InputError
from armlet.integer.formats import I64
from armlet.network.frozen import frozen

_HALF = 31  # a multiplier has this many bits behind the point


@dataclass(frozen=True, slots=True, eq=False)
class Shift:
    """sum >> shift, rounded down."""

    shift: I64  # (neurons,) 0 to 31

    def __post_init__(self) -> None:
        object.__setattr__(self, "shift", frozen(self.shift, np.int64))
        if ((self.shift < 0) | (self.shift > 31)).any():
            raise InputError("shift", "lies outside 0 to 31")


@dataclass(frozen=True, slots=True, eq=False)
class Multiplier:
    """sum * multiplier * 2^(exponent - 31), rounded twice: MultiplyByQuantizedMultiplier of TensorFlow Lite.

    Or rounded `once`, halves up, as the same function does where TFLITE_SINGLE_ROUNDING is set.
    """

    multiplier: I64  # (neurons,) 2^30 to 2^31 - 1, or 0
    exponent: I64  # (neurons,) -31 to 30
    once: bool = False

    def __post_init__(self) -> None:
        for name in ("multiplier", "exponent"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int64))
        if ((self.multiplier < 0) | (self.multiplier >= 1 << 31)).any():
            raise InputError("multiplier", "lies outside 0 to 2^31 - 1")
        if ((self.exponent < -31) | (self.exponent > 30)).any():
            raise InputError("exponent", "lies outside -31 to 30")


Requantisation: TypeAlias = Shift | Multiplier


def requantise(by: Requantisation, sums: I64) -> I64:
    """The scaled sums, (samples, neurons), not yet in the range of a format."""
    match by:
        case Shift(shift):
            return sums >> shift
        case Multiplier(multiplier, exponent, once=True):
            up, down = np.maximum(exponent, 0), np.maximum(-exponent, 0)
            product = (sums << up) * multiplier  # below 2^62, as sums have 32 bits with their exponent
            return ((product >> _HALF - 1) + (np.int64(1) << down)) >> down + 1
        case Multiplier(multiplier, exponent):
            high = _doubling_high(sums << np.maximum(exponent, 0), multiplier)
            return _rounding_shift(high, np.maximum(-exponent, 0))


def _doubling_high(a: I64, b: I64) -> I64:
    """The high half of 2 a b, rounded to the nearest, halves up (SaturatingRoundingDoublingHighMul)."""
    product = a * b
    nudge = np.where(product >= 0, 1 << (_HALF - 1), 1 - (1 << (_HALF - 1)))
    total = product + nudge
    return np.where(total >= 0, total >> _HALF, -(-total >> _HALF))  # the division of C, towards zero


def _rounding_shift(a: I64, by: I64) -> I64:
    """a / 2^by rounded to the nearest, halves away from zero (RoundingDivideByPOT)."""
    mask = (np.int64(1) << by) - 1
    threshold = (mask >> 1) + (a < 0)
    return (a >> by) + ((a & mask) > threshold)
