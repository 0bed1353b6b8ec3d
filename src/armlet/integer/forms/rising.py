"""Forms that never fall as one sum of leaves rises: two of them are equal where they are at the steps of one.

What is rounded down, clamped, or compared with a number does not fall where what it is made of does not.
"""

from collections.abc import Callable, Collection

import numpy as np

from armlet.integer.formats import I64
from armlet.integer.forms.linear import Linear, Parts
from armlet.integer.forms.unknowns import Unknowns

_RISING = ("floor", "clip", "step", "sum")
_BYTE = 8


def rises(unknowns: Unknowns, parts: Parts, leaves: Collection[int], total: Parts) -> bool:
    """Whether a form never falls as `total`, a sum of leaves, rises; False where that is not seen."""
    own = {v: c for v, c in parts.items() if v in leaves}
    if own and not _is_multiple(own, total):
        return False
    for unknown, coefficient in parts.items():
        if unknown in leaves:
            continue
        kind, sums, _ = unknowns.definitions[unknown]
        sign = 1 if coefficient > 0 else -1
        if kind not in _RISING or not rises(unknowns, {v: sign * c for v, c in sums}, leaves, total):
            return False
    return True


def byte_form(unknowns: Unknowns, form: Linear) -> Linear:
    """A form congruent to a byte modulo 256, made of numbers before they were cut to bytes where that is seen."""
    whole = unknowns.reduced(form, _BYTE)
    half = 1 << _BYTE - 1
    return Linear(whole.constant, {v: c if c <= half else c - 2 * half for v, c in whole.parts.items()})


def steps_of(function: Callable[[I64], I64], low: int, high: int) -> I64:
    """The ends of all intervals, between `low` and `high`, on which a function that never falls holds one number."""
    ends = np.array([low, high], np.int64)
    first, last = function(ends).tolist()
    wanted = np.arange(first + 1, last + 1)
    below, above = np.full(len(wanted), low, np.int64), np.full(len(wanted), high, np.int64)
    while (above - below > 1).any():
        middle = (below + above) // 2
        reached = function(middle) >= wanted
        below, above = np.where(reached, below, middle), np.where(reached, middle, above)
    return np.unique(np.concatenate((ends, below, above)))


def _is_multiple(own: Parts, total: Parts) -> bool:
    """Whether one sum is the other times a number above 0."""
    if own.keys() != total.keys():
        return False
    first = next(iter(total))
    if (own[first] > 0) != (total[first] > 0):
        return False
    return all(c * total[first] == total[v] * own[first] for v, c in own.items())
