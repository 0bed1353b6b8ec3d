"""Choose each weight's value on the grid by distance and by price: the nearest one, or a cheaper one near by.

A value that needs fewer digits is taken where the distance that it adds, for what it saves on the target, is less than
removing a weight would add for what that saves. Mathematics: docs/mathematics.md, section 8.
"""

from collections.abc import Sequence

import numpy as np

from armlet.integer.price import Price
from armlet.network.frozen import F64
from armlet.pruning.geometry.curvature import LayerCurvature
from armlet.pruning.geometry.functional import Masks, Point
from armlet.pruning.quantise.grid import Grid

_DIGITS = 4  # the most that cheaper values have
_CHEAP = 0.1  # of the weights, those whose removal would add least: the dearest of them says what a cycle is worth


def chosen_values(
    weight: F64, step: F64, felt: F64, grid: Grid, ways: Sequence[Price], worth: float
) -> tuple[F64, Price]:
    """The values (out, in) of a layer in the way to write it whose distance and price together are least, and the way.

    `felt` is what the square of a change of each weight adds to d^2, `worth` what one unit of price may add.
    """
    nearest = grid.nearest(weight, step)
    tried = [nearest] if grid.powers else [*_near(weight, step, grid), nearest]
    best, chosen, least = nearest, ways[0], np.inf
    for way in ways:
        costs = np.stack([_cost(value, weight, step, felt, way, ways[0], worth) for value in tried])
        total = float(costs.min(axis=0).sum())
        if total < least:
            best = np.take_along_axis(np.stack(tried), costs.argmin(axis=0)[None], axis=0)[0]
            chosen, least = way, total
    return best, chosen


def worth_of(point: Point, masks: Masks, found: Sequence[LayerCurvature]) -> float:
    """What one connection of the cheapest kind may add to d^2: as much as removing one of the least ones would."""
    removal = [
        (np.asarray(w, np.float64) ** 2 * np.asarray(felt.weight, np.float64))[np.asarray(mask) > 0]
        for (w, _), mask, felt in zip(point, masks, found, strict=True)
    ]
    return float(np.quantile(np.concatenate(removal), _CHEAP))


def _cost(value: F64, weight: F64, step: F64, felt: F64, way: Price, unit: Price, worth: float) -> F64:
    price = way.cost(np.rint(value / step[:, None]).astype(np.int64), unit)
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
