"""Choose each weight's value on the grid by distance and by price: the nearest one, or a cheaper one near by.

A value that needs fewer digits is taken where the distance that it adds, for what it saves on the target, is less than
removing a weight would add for what that saves. Mathematics: docs/mathematics.md, section 8.
"""

from collections.abc import Sequence

import numpy as np

from armlet.integer.price import Price
from armlet.network.frozen import F64
from armlet.pruning.quantise.grid import Grid

_DIGITS = 4  # the most that cheaper values have


def chosen_values(weight: F64, step: F64, felt: F64, grid: Grid, ways: Sequence[Price], worth: float) -> F64:
    """The values (out, in) of a layer in the way to write it whose distance and price together are least.

    `felt` is what the square of a change of each weight adds to d^2, `worth` what one unit of price may add.
    """
    nearest = grid.nearest(weight, step)
    if not ways or grid.powers:  # whose values all cost the same
        return nearest
    tried = [*_near(weight, step, grid), nearest]
    best, least = nearest, np.inf
    for way in ways:
        costs = np.stack([_cost(value, weight, step, felt, way, ways[0], worth) for value in tried])
        total = float(costs.min(axis=0).sum())
        if total < least:
            best, least = np.take_along_axis(np.stack(tried), costs.argmin(axis=0)[None], axis=0)[0], total
    return best


def _cost(value: F64, weight: F64, step: F64, felt: F64, way: Price, unit: Price, worth: float) -> F64:
    cycles, size = way.of(np.rint(value / step[:, None]).astype(np.int64))
    price = (cycles / unit.cycles + size / unit.bytes) / 2  # both count alike
    return (value - weight) ** 2 * felt + worth * price


def _near(weight: F64, step: F64, grid: Grid) -> list[F64]:
    """The values next to each weight that have at most 1, 2, ... digits."""
    ratio = np.abs(weight) / step[:, None]
    left, whole, found = ratio, np.zeros_like(ratio), list[F64]()
    for _ in range(_DIGITS):
        size = np.abs(left)
        with np.errstate(divide="ignore"):
            digit = np.exp2(np.maximum(np.floor(np.log2(size * (4 / 3))), 0.0))  # 3/2 lies between 1 and 2
        whole = whole + np.where(size < 0.5, 0.0, np.sign(left) * digit)
        left = ratio - whole
        found.append(np.sign(weight) * np.minimum(whole, grid.largest) * step[:, None])
    return found
