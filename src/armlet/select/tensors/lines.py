"""An addition of two tensors as one straight line: (one * a + other * b + start) >> shift, for all pairs of values.

The sum that TensorFlow Lite computes is rounded up to four times. All of it is a staircase over the plane of both
values, and a line under every step of it is the same to the bit; whether one is there is tried on all pairs.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from armlet.integer.formats import I64, INT8, INT32
from armlet.integer.interpret import added
from armlet.integer.layers import IntegerAdd
from armlet.tensors.layout import LIFT, UPPER

RAISED = 23  # bits by which the value of lane 0 is shifted up, its sign bit free; that of lane 1 lies at 24
_PRODUCT = 32  # bits that the upper word of a product leaves out
_TRIED = sorted(range(-3, 4), key=abs)  # steps from the nearest factor


@dataclass(frozen=True, slots=True)
class Line:
    """Factors of both values; what is added in lane 0, where values have 128 more, and in lane 1, and both shifts."""

    factors: tuple[int, int]
    starts: tuple[int, int]
    shifts: tuple[int, int]


def line_of(layer: IntegerAdd) -> Line | None:
    """The line of an addition in int8; None where none is found."""
    values = np.arange(INT8.low, INT8.high + 1)
    wanted = added(layer, *np.meshgrid(values, values, indexing="ij"))
    slopes = _slopes(layer)
    shift = _shift(layer, slopes)
    if not 1 <= shift <= 30 or not wanted.min() < wanted.max():
        return None
    near = [round(slope * 2 ** (shift + _PRODUCT - RAISED)) for slope in slopes]
    for moves in product(_TRIED, _TRIED):
        one, other = (factor + move for factor, move in zip(near, moves))
        if not 0 <= min(one, other) <= max(one, other) < 1 << 31:
            continue
        starts = [
            _start(_sums(values + more, (one, other), raised), wanted + more, (layer.low + more, layer.high + more), by)
            for more, raised, by in ((LIFT, RAISED, shift), (0, UPPER, shift + 1))
        ]
        if starts[0] is not None and starts[1] is not None:
            return Line((one, other), (starts[0], starts[1]), (shift, shift + 1))
    return None


def _slopes(layer: IntegerAdd) -> tuple[float, float]:
    """How fast the sum rises with each value."""
    outer, point = layer.requantisation, 2.0**-31
    last = float(outer.multiplier[0]) * point * 2.0 ** float(outer.exponent[0])
    inner = layer.scaling.multiplier * point * 2.0**layer.scaling.exponent
    one, other = (inner * 2.0**layer.raised * last).tolist()
    return one, other


def _shift(layer: IntegerAdd, slopes: tuple[float, float]) -> int:
    """The greatest for which sums are words in both lanes, and factors are below 2^31."""
    ends = [abs(end + offset) for offset in layer.offset for end in (INT8.low, INT8.high)]
    most = slopes[0] * max(ends[:2]) + slopes[1] * max(ends[2:]) + abs(layer.zero) + 1
    if not max(slopes) > 0:
        return 0
    return min(30 - int(np.ceil(np.log2(most))), int(np.floor(31 - np.log2(max(slopes)))) - (_PRODUCT - RAISED) - 1)


def _sums(values: I64, factors: tuple[int, int], raised: int) -> I64:
    """The upper words of both products, added, (256, 256)."""
    one, other = ((values << raised) * factor >> _PRODUCT for factor in factors)
    return one[:, None] + other


def _start(sums: I64, wanted: I64, ends: tuple[int, int], shift: int) -> int | None:
    """What to add so that a shift gives what is wanted, between the ends; None where nothing does."""
    least = np.where(wanted > ends[0], (wanted << shift) - sums, -(1 << 40)).max()
    most = np.where(wanted < ends[1], (wanted + 1 << shift) - 1 - sums, 1 << 40).min()
    start = int(least + most) // 2
    numbers = (start, int(sums.min()) + start, int(sums.max()) + start)
    is_word = INT32.low <= min(numbers) and max(numbers) <= INT32.high
    return start if least <= most and is_word else None
