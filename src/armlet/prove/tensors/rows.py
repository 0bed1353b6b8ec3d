"""Rows of names, one for each trip, with their weights in a sum or without, that are compared whatever their order."""

import numpy as np
from numpy.typing import NDArray

from armlet.integer.formats import I64
from armlet.prove.tensors.names import Taps, constants_of, is_constant

NOTHING = np.iinfo(np.int64).max  # stands behind all names


def rows(names: I64, weights: I64) -> tuple[I64, I64, I64]:
    """Sorted names of values and their weights, row by row, and the sum of all constants."""
    known = is_constant(names)
    keyed = np.where(known, NOTHING, names)
    order = np.argsort(keyed, axis=1)
    shared = np.where(known, 0, np.broadcast_to(weights, names.shape))
    sums = (constants_of(names) * weights).sum(axis=1)
    return np.take_along_axis(keyed, order, 1), np.take_along_axis(shared, order, 1), sums


def differ(one: tuple[I64, I64, I64], other: tuple[I64, I64, I64]) -> NDArray[np.bool_]:
    """Which rows are not alike."""
    width = max(one[0].shape[1], other[0].shape[1])
    found = np.zeros(len(one[0]), np.bool_)
    for k, filled in ((0, NOTHING), (1, 0)):
        found |= (_widened(one[k], width, filled) != _widened(other[k], width, filled)).any(axis=1)
    return found


def have_other_largest(one: I64, other: I64, least: int) -> NDArray[np.bool_]:
    """Of which rows of names the largest value may be another; no value is below `least`."""
    width = max(one.shape[1], other.shape[1])
    found, constants = list[I64](), list[I64]()
    for names in (one, other):
        known = is_constant(names)
        constants.append(np.where(known, constants_of(names), least).max(axis=1, initial=least))
        found.append(np.sort(_widened(np.where(known, NOTHING, names), width, NOTHING), axis=1))
    return (found[0] != found[1]).any(axis=1) | (constants[0] != constants[1])


def _widened(row: I64, width: int, filled: int) -> I64:
    if row.shape[1] == width:
        return row
    found = np.full((len(row), width), filled, np.int64)
    found[:, : row.shape[1]] = row
    return found


def scaled(weights: I64, found: I64, taps: Taps) -> I64 | None:
    """The weights of a sum that is known but for a factor, so that they are those of the taps in the fullest trip."""
    known = is_constant(found)
    row = int((~known).sum(axis=1).argmax())
    mine, theirs = weights[~known[row]], taps.weights[~is_constant(taps.names[row])]
    if not len(mine) or not len(theirs):
        return weights
    one, other = int(np.gcd.reduce(mine)), int(np.gcd.reduce(theirs))
    if not one or (weights * other % one).any():
        return None
    fitted = weights * other // one
    at = slice(row, row + 1)
    for sign in (1, -1):
        if not differ(rows(found[at], sign * fitted), rows(taps.names[at], taps.weights)).any():
            return sign * fitted
    return fitted
