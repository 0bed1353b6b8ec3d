"""A byte that is made of one sum, held against a declared function for all that the sum may be."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from math import gcd

import numpy as np

from armlet.integer.formats import I64
from armlet.integer.forms.evaluate import evaluate
from armlet.integer.forms.linear import Linear, Parts
from armlet.integer.forms.rising import byte_form, rises, steps_of
from armlet.integer.forms.unknowns import Unknowns

_FEW = 1 << 20  # numbers for all of which a function is worked out
_BYTE = 256


@dataclass(frozen=True, slots=True, eq=False)
class ByteFunction:
    """A form modulo 256 of a sum of leaves, which has one constant part or more."""

    unknowns: Unknowns
    leaves: Collection[int]
    byte: Linear
    total: Linear

    def is_everywhere(self, wanted: Callable[[I64], I64], never_falls: bool) -> bool:
        """Whether the byte is that of `wanted` of the sum, wherever the sum is.

        Where there are very many sums, only the steps of `wanted` are compared, which is enough where neither falls.
        """
        form, common = byte_form(self.unknowns, self.byte), gcd(*self.total.parts.values())
        low, high = self.unknowns.interval(self.total)
        last = (high - low) // common
        if last <= _FEW:
            return bool((self._more(form, low + common * np.arange(last + 1), wanted) % _BYTE == 0).all())
        if not never_falls or not rises(self.unknowns, form.parts, self.leaves, self.total.parts):
            return False
        steps = steps_of(lambda numbers: wanted(low + common * numbers), 0, last)
        more = self._more(form, low + common * steps, wanted)
        return bool((more == more[0]).all() and more[0] % _BYTE == 0)  # 256 more somewhere would leave room between

    def _more(self, form: Linear, sums: I64, wanted: Callable[[I64], I64]) -> I64:
        """What the form is more than what is wanted, for some sums."""
        common, first = gcd(*self.total.parts.values()), next(iter(self.total.parts))

        def given(parts: Parts) -> I64:
            return (sums - self.total.constant) // common * (parts[first] * common // self.total.parts[first])

        return evaluate(self.unknowns, form, self.leaves, given) - wanted(sums)
