"""Fine-tune what is still free while snapped weights stay on their grid: free weights, biases, and the last steps.

A snapped weight of the last layer is `step * n`; its step, one for each output, is tuned as a factor.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from armlet.pruning.fine_tune import averaged_descent, robust_loss, stepped, unit_of
from armlet.pruning.geometry.functional import Masks, Point, masked
from armlet.pruning.geometry.metric import Reference, Shape

_SLOWER = 0.3  # the rate of a factor, to that of a weight
_LARGEST = 3.0  # of Adam's steps that a factor takes


class Tuned(NamedTuple):
    """A point whose last layer's snapped weights wait for their factors."""

    point: Point
    factor: jax.Array  # (outputs,)


@partial(jax.jit, static_argnames=("shape", "batch"))
def tune_unsnapped(
    point: Point,
    masks: Masks,
    snapped: Masks,
    free_steps: jax.Array,
    training: Reference,
    key: jax.Array,
    rate: float,
    steps: int,
    shape: Shape,
    batch: int,
) -> Tuned:
    """Take `steps` steps of Adam. Factors move only where `free_steps` is 1, (outputs,)."""
    free = tuple(mask * (1 - fixed) for mask, fixed in zip(masks, snapped, strict=True))
    units = tuple(unit_of(weight, mask) for (weight, _), mask in zip(point, masks, strict=True))

    def gradient(here: Tuned, drawn: Reference) -> Tuned:
        slope = jax.grad(lambda at: robust_loss(assembled(at, snapped), drawn, shape))(here)
        return Tuned(masked(slope.point, free), slope.factor * free_steps)

    def step(here: Tuned, updates: Tuned, size: jax.Array) -> Tuned:
        turned = jnp.clip(updates.factor, -_LARGEST, _LARGEST)
        factor = here.factor * (1 - _SLOWER * size * turned)
        return Tuned(stepped(here.point, updates.point, units, size), factor)

    start = Tuned(masked(point, masks), jnp.ones_like(point[-1][1]))
    return averaged_descent(start, gradient, step, training, key, rate, steps, batch)


def assembled(here: Tuned, snapped: Masks) -> Point:
    """The point, with the factors in the last layer's snapped weights."""
    *before, (weight, bias) = here.point
    return (*before, (jnp.where(snapped[-1] > 0, weight * here.factor[:, None], weight), bias))
