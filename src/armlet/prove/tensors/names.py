"""Values of a network by name: a name is the number of the tensor above that of the value in it, or a constant.

Names here leave out what a byte has more.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.integer.formats import I64

UNNAMED = np.int64(-(1 << 60))  # the name of what is anything
_CONSTANT = -(1 << 40)  # names below 0 are constants, this one is 0


def constant_names(values: I64) -> I64:
    """The names of constants."""
    return values + _CONSTANT


def constant_name(value: int) -> int:
    """The name of one constant."""
    return value + _CONSTANT


def is_constant(names: I64) -> NDArray[np.bool_]:
    """Which names are constants."""
    return (names < 0) & (names != UNNAMED)


def constants_of(names: I64) -> I64:
    """The constants that names are; 0 for others."""
    return np.where(is_constant(names), names - _CONSTANT, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Taps:
    """What values of a tensor take: names of others, and their weights, one row of names for each value."""

    weights: I64  # (taps,)
    names: I64  # (values, taps); of what is left out, of a pool's padding, a constant 0
    inside: NDArray[np.bool_]  # (values, taps) which are not left out

    @property
    def count(self) -> I64:
        """(values,) how many are not left out."""
        return self.inside.sum(axis=1)

    def at(self, rows: NDArray[np.bool_]) -> "Taps":
        """Those of some of the values."""
        return Taps(self.weights, self.names[rows], self.inside[rows])

    @property
    def are_constant(self) -> NDArray[np.bool_]:
        """(values,) of which all that is taken is constant."""
        return np.asarray((is_constant(self.names) | ~self.inside).all(axis=1), np.bool_)
