"""An exact whole number that is a constant and a sum of unknowns, each times a whole coefficient.

Nothing wraps round here and nothing is rounded: what 32 bits make of a form is the matter of `words.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Parts: TypeAlias = Mapping[int, int]  # coefficient by number of unknown; none is zero


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """constant + the sum of coefficient * unknown."""

    constant: int
    parts: Parts = field(default_factory=dict)

    def plus(self, number: int) -> "Linear":
        """The form and a constant more."""
        return Linear(self.constant + number, self.parts)

    def times(self, number: int) -> "Linear":
        """The form times a constant."""
        return Linear(self.constant * number, {v: c * number for v, c in self.parts.items()} if number else {})

    def over(self, number: int) -> "Linear":
        """The form without its constant, divided by what divides all coefficients."""
        return Linear(0, {v: c // number for v, c in self.parts.items()})

    def add(self, other: "Linear") -> "Linear":
        """The sum of two forms."""
        parts = dict(self.parts)
        for unknown, coefficient in other.parts.items():
            add_part(parts, unknown, coefficient)
        return Linear(self.constant + other.constant, parts)

    @property
    def single(self) -> int | None:
        """The unknown, where the form is a constant and one unknown times 1."""
        if len(self.parts) != 1:
            return None
        ((unknown, coefficient),) = self.parts.items()
        return unknown if coefficient == 1 else None


def add_part(parts: dict[int, int], unknown: int, coefficient: int) -> None:
    """Add one unknown times a coefficient to a sum that is being made."""
    total = parts.get(unknown, 0) + coefficient
    if total:
        parts[unknown] = total
    else:
        parts.pop(unknown, None)


def twos(number: int, most: int) -> int:
    """How often two divides a number, `most` at most."""
    return min((number & -number).bit_length() - 1, most) if number else most
