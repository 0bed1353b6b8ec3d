"""Multipliers that scale sums back exactly as LiteRT's reference kernels do, which compute in double precision.

LiteRT stores round(sum * scale), the scale a double, halves away from zero. A multiplier of 31 bits that rounds once is
that for every sum if each stored value begins at the same sum under both: few numbers to compare, as an int8 has 255
of them. The multiplier that TensorFlow Lite computes nearly always passes; where it does not, one beside it does.
"""

import math

import numpy as np

from armlet.integer.formats import I64
from armlet.integer.requantise import Multiplier
from armlet.network.frozen import F64

_POINT = 31
_BESIDE = (0, 1, -1, 2, -2, 3, -3)  # one more first: halves then go away from zero
_LARGEST_SUM = 1 << 31


def exact_multiplier(scales: F64, low: I64, high: I64) -> tuple[Multiplier, int]:
    """For each scale a multiplier, and for how many it is not exact; values between `low` and `high` are stored.

    Values are told without the zero point. Raises `ValueError` where a scale is beyond all multipliers.
    """
    found = dict[tuple[float, int, int], tuple[int, int, bool]]()
    keys = [*zip(scales.tolist(), low.tolist(), high.tolist())]
    for key in keys:
        if key not in found:
            found[key] = _nearest(*key)
    multiplier, exponent, exact = zip(*(found[key] for key in keys))
    return Multiplier(np.array(multiplier), np.array(exponent), once=True), exact.count(False)


def _nearest(scale: float, low: int, high: int) -> tuple[int, int, bool]:
    """Multiplier and exponent, and whether they are exact."""
    first, exponent = quantised_multiplier(scale)
    if not first:
        return 0, 0, True
    for beside in _BESIDE:
        multiplier, by = first + beside, exponent
        if multiplier < 1 << _POINT - 1:  # one bit more behind the point
            multiplier, by = 2 * first + beside, exponent - 1
        if multiplier < 1 << _POINT and by >= -_POINT and _agrees(scale, multiplier, by, low, high):
            return multiplier, by, True
    return first, exponent, False


def quantised_multiplier(scale: float) -> tuple[int, int]:
    """QuantizeMultiplier of TensorFlow Lite: scale = multiplier * 2^(exponent - 31)."""
    fraction, exponent = math.frexp(scale)
    multiplier = math.floor(fraction * (1 << _POINT) + 0.5)
    if multiplier == 1 << _POINT:
        multiplier, exponent = multiplier >> 1, exponent + 1
    if exponent > _POINT - 1:
        raise ValueError(f"a scale of {scale:g} makes more than 32 bits of a sum")
    return (0, 0) if exponent < -_POINT else (multiplier, exponent)


def _agrees(scale: float, multiplier: int, exponent: int, low: int, high: int) -> bool:
    """Whether each value above `low` begins at the same sum as in double precision."""
    by = _POINT - exponent
    half = 1 << by - 1
    begins = [-((half - (value << by)) // multiplier) for value in range(low + 1, high + 1)]
    inside = [k for k, begin in enumerate(begins) if abs(begin) < _LARGEST_SUM]
    sums = np.array([begins[k] for k in inside], np.float64)
    values = low + 1 + np.array(inside, np.int64)
    return bool((_round(sums * scale) >= values).all() and (_round((sums - 1) * scale) < values).all())


def _round(x: F64) -> F64:
    """To the nearest, halves away from zero: round() of C."""
    whole = np.trunc(x)
    return whole + np.where(np.abs(x - whole) >= 0.5, np.sign(x), 0.0)


def reference_multiplier(scales: F64, _low: int = 0, _high: int = 0) -> Multiplier:
    """As convolutions scale back, rounded twice, whatever is stored. Raises `ValueError` as above."""
    multiplier, exponent = zip(*map(quantised_multiplier, scales.tolist()))
    return Multiplier(np.array(multiplier), np.array(exponent))


def mean_multiplier(scale: float, count: int) -> tuple[int, int]:
    """By which MEAN makes stored values of sums of `count`: QuantizedMeanOrSum. Raises `ValueError`."""
    multiplier, exponent = quantised_multiplier(scale)
    by = max(min(count.bit_length() - 1, 32, _POINT + exponent), 0)
    return (multiplier << by) // count, exponent - by


def addition_multipliers(one: float, other: float, given: float, raised: int) -> tuple[Multiplier, Multiplier]:
    """For the two that an addition takes, and for their sum: those of its kernel. Raises `ValueError`."""
    twice = 2 * max(one, other)
    by = reference_multiplier(np.array([twice / (given * (1 << raised))]))
    if by.exponent[0] > 0:
        raise ValueError("the scale of a sum is too small beside those of what is added")
    return reference_multiplier(np.array([one / twice, other / twice])), by
