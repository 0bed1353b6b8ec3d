"""One round of snapping: put the weights that cost least onto the grid, and tune what is still free.

The cost of a snap is that of its change under the metric, (change)^2 G_ii. Each layer
snaps the same share of its weights; the last round snaps all. Mathematics: docs/mathematics.md, section 8.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np

from armlet.integer.price import Price
from armlet.network.activation import Activation
from armlet.network.frozen import F64
from armlet.pruning.geometry.curvature import curvature
from armlet.pruning.geometry.functional import Masks, Point
from armlet.pruning.quantise.prepare import Prepared
from armlet.pruning.quantise.tune import assembled, tune_on_grid, tune_unsnapped
from armlet.pruning.quantise.value import chosen_values, worth_of


@dataclass(frozen=True, slots=True, eq=False)
class Snapped:
    """A point of which some weights lie on the grid."""

    point: Point
    snapped: Masks  # 1 where a weight lies on the grid
    steps: tuple[F64, ...]  # of each layer's neurons


def unsnapped(point: Point) -> Snapped:
    """The point before the first round."""
    nothing = tuple(jnp.zeros_like(weight) for weight, _ in point)
    return Snapped(point, nothing, tuple(np.ones(len(bias)) for _, bias in point))


def snap(
    at: Snapped, masks: Masks, prepared: Prepared, key: jax.Array, share: float, ways: Sequence[Price] = ()
) -> Snapped:
    """Put `share` of each layer's survivors onto the grid, those that cost least; the steps are chosen anew.

    With prices of the `ways` in which the target writes a layer, cheaper values are taken where they are worth it.
    """
    inputs, grid = prepared.inputs, prepared.grid
    found = curvature(at.point, inputs.scoring, key, inputs.shape)
    worth = worth_of(at.point, masks, found) if ways else 0.0
    layers: list[tuple[jax.Array, jax.Array]] = []
    snapped: list[jax.Array] = []
    steps: list[F64] = []
    for i, ((w, b), mask, felt) in enumerate(zip(at.point, masks, found, strict=True)):
        weight, bias = np.asarray(w, np.float64), np.asarray(b, np.float64)
        free = i + 1 == len(masks) and has_free_steps(prepared)
        least = prepared.least(i, weight, bias)
        step = (grid.free_steps if free else grid.binary_steps)(weight, prepared.importance[i], least)
        value = grid.nearest(weight, step)
        if ways:
            value, _ = chosen_values(weight, step, np.asarray(felt.weight, np.float64), grid, ways, worth)
        alive = np.asarray(mask) > 0
        cost = np.where(alive, (value - weight) ** 2 * np.asarray(felt.weight, np.float64), np.inf)
        count = int(np.ceil(share * np.count_nonzero(alive)))
        chosen = np.zeros(weight.size, bool)
        chosen[np.argsort(cost, axis=None, kind="stable")[:count]] = True
        chosen = chosen.reshape(weight.shape)
        layers.append((jnp.asarray(np.where(chosen, value, weight), jnp.float32), b))
        snapped.append(jnp.asarray(chosen, jnp.float32))
        steps.append(step)
    return Snapped(tuple(layers), tuple(snapped), tuple(steps))


def tuned(
    at: Snapped, masks: Masks, prepared: Prepared, key: jax.Array, rate: float, steps: int, batch: int
) -> Snapped:
    """Tune what is free; steps that may be any change with their factors."""
    drawn = (prepared.inputs.training, key, rate, steps, prepared.inputs.shape, batch)
    found = tune_unsnapped(at.point, masks, at.snapped, _turning(at, prepared), *drawn)
    made = [
        step if factor is None else step * np.asarray(factor, np.float64)
        for step, factor in zip(at.steps, found.factors, strict=True)
    ]
    return Snapped(assembled(found, at.snapped), at.snapped, tuple(made))


def tuned_on_grid(
    at: Snapped, masks: Masks, prepared: Prepared, key: jax.Array, rate: float, steps: int, batch: int
) -> Snapped:
    """Tune values on the grid, all of which are snapped, and biases; steps stay."""
    inputs, sizes = prepared.inputs, tuple(jnp.asarray(step, jnp.float32) for step in at.steps)
    drawn = (inputs.training, key, rate, steps, inputs.shape, batch)
    return replace(at, point=tune_on_grid(at.point, masks, sizes, prepared.grid, *drawn))


def _turning(at: Snapped, prepared: Prepared) -> tuple[jax.Array | None, ...]:
    """Where steps may be any, 1: everywhere behind windows, else in a last layer whose sums are the outputs."""
    if not prepared.inputs.shape.architecture.is_chain:
        return tuple(jnp.ones(len(step)) for step in at.steps)
    last = jnp.full(len(at.steps[-1]), float(has_free_steps(prepared)))
    return (*(None for _ in at.steps[:-1]), last)


def has_free_steps(prepared: Prepared) -> bool:
    """Whether the last layer's sums are the outputs, so that each may have a step of its own."""
    return prepared.inputs.shape.architecture.chain[-1].activation is Activation.LINEAR
