"""Score the removal of each weight by what it costs, at several depths of approximation.

Mathematics: docs/mathematics.md, section 3.
"""

from collections.abc import Sequence
from enum import Enum
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from armlet.pruning.geometry.curvature import LayerCurvature, curvature, gradient
from armlet.pruning.geometry.functional import Parameters, Point
from armlet.pruning.geometry.metric import Reference, Shape

RIDGE = 1e-4  # of second-order: added to the diagonal of H, in means of it; stands in the trace
Costs: TypeAlias = tuple[NDArray[np.float32], ...]  # for each layer, as its weight
Biases: TypeAlias = tuple[NDArray[np.float32], ...]  # the same: the change of the unit's bias


class Selector(Enum):
    """The ways to score a removal."""

    DIAGONAL = "diagonal"  # t_i^2 G_ii
    COMPENSATED = "compensated"  # the same, if the unit's bias takes over the mean of what is lost
    TAYLOR = "taylor"  # and with the gradient of d^2: right for few weights at a time, ruinous for many
    SECOND_ORDER = "second-order"  # t_i^2 / [H^-1]_ii within each unit, whose other weights compensate
    AUTO = "auto"  # second-order if it takes seconds, else compensated: auto.py
    EXACT = "exact"  # the true distance of each, one after another: for small networks
    MAGNITUDE = "magnitude"  # |t_i|, which knows nothing of the function: the baseline


def compensated(point: Point, found: Sequence[LayerCurvature]) -> Costs:
    """The cost of each single removal if its unit's bias compensates it, in units of d^2."""
    scored = [_compensated(layer, jax.tree.map(jnp.zeros_like, layer), m) for layer, m in zip(point, found)]
    return tuple(np.asarray(cost) for cost, _ in scored)


def score_removals(
    selector: Selector, point: Point, reference: Reference, key: jax.Array, shape: Shape
) -> tuple[Costs, Biases | None]:
    """The cost of each single removal, in units of d^2 (except for magnitude), and the change of the bias with it."""
    weights = [np.asarray(weight) for weight, _ in point]
    if selector is Selector.MAGNITUDE:
        return tuple(np.abs(weight) for weight in weights), None
    found = curvature(point, reference, key, shape)
    if selector is Selector.DIAGONAL:
        return tuple(w**2 * np.asarray(m.weight) for w, m in zip(weights, found)), None
    zero = jax.tree.map(jnp.zeros_like, point)
    slope = gradient(point, reference, key, shape) if selector is Selector.TAYLOR else zero
    scored = [_compensated(*layer) for layer in zip(point, slope, found)]
    return tuple(np.asarray(cost) for cost, _ in scored), tuple(np.asarray(step) for _, step in scored)


@jax.jit
def _compensated(layer: Parameters, slope: Parameters, found: LayerCurvature) -> tuple[jax.Array, jax.Array]:
    """The change of d^2 if a weight t is removed and its unit's bias takes the best step, t cross / bias."""
    t, (slope_weight, slope_bias) = layer[0], slope
    by_unit = (-1, *(1,) * (t.ndim - 1))
    share = found.cross / jnp.where(found.bias > 0, found.bias, 1.0).reshape(by_unit)
    curved = t**2 * jnp.maximum(found.weight - share * found.cross, 0.0)
    return curved - t * (slope_weight - share * slope_bias.reshape(by_unit)), t * share
