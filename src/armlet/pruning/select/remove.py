"""Remove the cheapest weights, but never the last path from an input to an output.

Ties go to the earlier weight, layer by layer and row by row, so that a run repeats to the bit.
Mathematics: docs/mathematics.md, section 3.
"""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from armlet.errors import InvariantError
from armlet.pruning.geometry.architecture import Architecture
from armlet.pruning.geometry.functional import Masks, Point, masked
from armlet.pruning.select.cost import Biases, Costs
from armlet.pruning.select.path import strongest_path
from armlet.pruning.select.savings import LayerSavings, scores


def remove(
    point: Point,
    masks: Masks,
    costs: Costs,
    biases: Biases | None,
    count: int,
    architecture: Architecture,
    savings: Sequence[LayerSavings] | None = None,
) -> tuple[Point, Masks]:
    """Remove the `count` survivors that cost least, for what they save where it is given.

    One path from an input to an output always stays.
    """
    alive = [np.asarray(mask) > 0 for mask in masks]
    path = strongest_path(costs, alive, architecture)
    if savings is not None:
        open_ = [mask.reshape(len(mask), -1) for mask in alive]
        scored = scores(tuple(cost.reshape(len(cost), -1) for cost in costs), open_, savings)
        costs = tuple(score.reshape(cost.shape) for score, cost in zip(scored, costs))
    for layer, place in path:
        alive[layer][place] = False
    flat = np.concatenate([np.where(a, c, np.inf).ravel() for c, a in zip(costs, alive)])
    if count > np.count_nonzero(np.isfinite(flat)):
        raise InvariantError(f"{count} removals asked of {np.count_nonzero(np.isfinite(flat))} free weights")
    gone = np.split(_cheapest(flat, count), np.cumsum([c.size for c in costs])[:-1])
    gone = [g.reshape(c.shape) for g, c in zip(gone, costs)]
    left = tuple(jnp.asarray(np.where(g, np.float32(0), mask)) for g, mask in zip(gone, masks))
    if biases is not None:
        point = tuple(
            (weight, bias + np.where(g, step, 0).reshape(len(bias), -1).sum(axis=1))
            for (weight, bias), g, step in zip(point, gone, biases)
        )
    return masked(point, left), left


def _cheapest(flat: NDArray[np.float32], count: int) -> NDArray[np.bool_]:
    """Mark the `count` lowest costs, the earlier ones among equals, in linear time."""
    if count == 0:
        return np.zeros(len(flat), bool)
    edge = np.partition(flat, count - 1)[count - 1]
    chosen = flat < edge
    chosen[np.flatnonzero(flat == edge)[: count - np.count_nonzero(chosen)]] = True
    return chosen
