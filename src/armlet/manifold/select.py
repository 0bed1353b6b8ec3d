"""Which weights to remove next: a cost for every survivor, then the cheapest, never the last path.

A selector is a function from a point to costs; removing is the same for all. Ties fall to the earlier weight, layer
by layer and row by row, so that a run repeats to the bit. Mathematics: docs/mathematics.md, section 3.
"""

from enum import Enum
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from armlet.errors import InvariantError
from armlet.manifold.curvature import Moments, moments, slope
from armlet.manifold.functional import Masks, Parameters, Point, masked
from armlet.manifold.metric import Reference, Shape

Costs: TypeAlias = tuple[NDArray[np.float32], ...]  # for each layer (out, in)
Biases: TypeAlias = tuple[NDArray[np.float32], ...]  # for each layer (out, in): what the unit's bias gains


class Selector(Enum):
    """How the cost of a removal is judged."""

    DIAGONAL = "diagonal"  # t_i^2 G_ii
    COMPENSATED = "compensated"  # the same, when the unit's bias takes over the mean of what is lost
    TAYLOR = "taylor"  # and with the slope of d^2 at this point: right for few weights at a time, ruinous for many
    MAGNITUDE = "magnitude"  # |t_i|, which knows nothing of the network: the baseline


def judge(
    selector: Selector, point: Point, reference: Reference, key: jax.Array, shape: Shape
) -> tuple[Costs, Biases | None]:
    """The cost of each single removal, in units of d^2 (but for magnitude), and the step of the bias with it."""
    weights = [np.asarray(weight) for weight, _ in point]
    if selector is Selector.MAGNITUDE:
        return tuple(np.abs(weight) for weight in weights), None
    found = moments(point, reference, key, shape)
    if selector is Selector.DIAGONAL:
        return tuple(w**2 * np.asarray(m.weight) for w, m in zip(weights, found)), None
    down = slope(point, reference, shape) if selector is Selector.TAYLOR else jax.tree.map(jnp.zeros_like, point)
    judged = [_compensated(*layer) for layer in zip(point, down, found)]
    return tuple(np.asarray(cost) for cost, _ in judged), tuple(np.asarray(step) for _, step in judged)


@jax.jit
def _compensated(layer: Parameters, down: Parameters, found: Moments) -> tuple[jax.Array, jax.Array]:
    """The quadratic of d^2 on a weight t and its unit's bias, t gone and the bias at its best: b += t cross / bias."""
    t, (down_weight, down_bias) = layer[0], down
    share = found.cross / jnp.where(found.bias > 0, found.bias, 1.0)[:, None]
    curved = t**2 * jnp.maximum(found.weight - share * found.cross, 0.0)
    return curved - t * (down_weight - share * down_bias[:, None]), t * share


def remove(point: Point, masks: Masks, costs: Costs, biases: Biases | None, count: int) -> tuple[Point, Masks]:
    """The point without its `count` cheapest survivors. One path from an input to an output always stays."""
    alive = [np.asarray(mask) > 0 for mask in masks]
    for layer, path in enumerate(strongest_path(costs, alive)):
        alive[layer][path] = False
    flat = np.concatenate([np.where(a, c, np.inf).ravel() for c, a in zip(costs, alive)])
    if count > np.count_nonzero(np.isfinite(flat)):
        raise InvariantError(f"{count} removals asked of {np.count_nonzero(np.isfinite(flat))} free weights")
    gone = np.split(_cheapest(flat, count), np.cumsum([c.size for c in costs])[:-1])
    gone = [g.reshape(c.shape) for g, c in zip(gone, costs)]
    left = tuple(jnp.asarray(np.where(g, np.float32(0), mask)) for g, mask in zip(gone, masks))
    if biases is not None:
        point = tuple(
            (weight, bias + np.where(g, step, 0).sum(axis=1)) for (weight, bias), g, step in zip(point, gone, biases)
        )
    return masked(point, left), left


def strongest_path(costs: Costs, alive: list[NDArray[np.bool_]]) -> list[tuple[int, int]]:
    """The places (unit, input) in each layer of the path whose cheapest weight is dearest; empty if no path is left."""
    reach = np.full(costs[0].shape[1], np.inf)
    back: list[NDArray[np.int64]] = []
    for cost, open_ in zip(costs, alive):
        width = np.where(open_, np.minimum(cost, reach), -np.inf)  # (out, in)
        back.append(width.argmax(axis=1))
        reach = width.max(axis=1)
    if reach.max() == -np.inf:
        return []
    unit, path = int(reach.argmax()), []
    for arrive in reversed(back):
        path.append((unit, int(arrive[unit])))
        unit = path[-1][1]
    return path[::-1]


def _cheapest(flat: NDArray[np.float32], count: int) -> NDArray[np.bool_]:
    """Exactly `count` places, the lowest costs; among equals at the edge, the earlier ones. Linear time."""
    if count == 0:
        return np.zeros(len(flat), bool)
    edge = np.partition(flat, count - 1)[count - 1]
    chosen = flat < edge
    chosen[np.flatnonzero(flat == edge)[: count - np.count_nonzero(chosen)]] = True
    return chosen
