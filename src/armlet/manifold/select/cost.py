"""What the removal of each survivor costs, by what a selector knows of the point.

Mathematics: docs/mathematics.md, section 3.
"""

from collections.abc import Sequence
from enum import Enum
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from armlet.manifold.curvature import Moments, moments, slope
from armlet.manifold.functional import Parameters, Point
from armlet.manifold.metric import Reference, Shape

RIDGE = 1e-4  # of second-order: added to the diagonal of H, in means of it; stands in the trace
Costs: TypeAlias = tuple[NDArray[np.float32], ...]  # for each layer (out, in)
Biases: TypeAlias = tuple[NDArray[np.float32], ...]  # for each layer (out, in): what the unit's bias gains


class Selector(Enum):
    """How the cost of a removal is judged."""

    DIAGONAL = "diagonal"  # t_i^2 G_ii
    COMPENSATED = "compensated"  # the same, when the unit's bias takes over the mean of what is lost
    TAYLOR = "taylor"  # and with the slope of d^2 at this point: right for few weights at a time, ruinous for many
    SECOND_ORDER = "second-order"  # t_i^2 / [H^-1]_ii within each unit, whose other weights make up for it
    AUTO = "auto"  # second-order where it takes seconds, compensated before: what affordable.py says
    EXACT = "exact"  # the true distance of each, one after another: for small networks
    MAGNITUDE = "magnitude"  # |t_i|, which knows nothing of the network: the baseline


def compensated(point: Point, found: Sequence[Moments]) -> Costs:
    """The cost of each single removal that its unit's bias makes up for, in units of d^2."""
    judged = [_compensated(layer, jax.tree.map(jnp.zeros_like, layer), m) for layer, m in zip(point, found)]
    return tuple(np.asarray(cost) for cost, _ in judged)


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
