"""Fine-tune what is still free while snapped weights stay on their grid: free weights, biases, and steps.

A snapped weight is `step * n`. Where the steps of a layer may be any, each is tuned as a factor.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from armlet.pruning.fine_tune import averaged_descent, begun, descent, robust_loss, stepped, units_of
from armlet.pruning.geometry.functional import Masks, Point, masked
from armlet.pruning.geometry.metric import Reference, Shape
from armlet.pruning.quantise.grid import Grid

_SLOWER = 0.3  # the rate of a factor, to that of a weight
_LARGEST = 3.0  # of Adam's steps that a factor takes


class Tuned(NamedTuple):
    """A point whose snapped weights wait for the factors of their steps."""

    point: Point
    factors: tuple[jax.Array | None, ...]  # (outputs,) of each layer; None where steps stay


def tune_unsnapped(
    point: Point,
    masks: Masks,
    snapped: Masks,
    turning: tuple[jax.Array | None, ...],
    training: Reference,
    key: jax.Array,
    rate: float,
    steps: int,
    shape: Shape,
    batch: int,
) -> Tuned:
    """Take `steps` steps of Adam. Factors move only where `turning` is 1; layers without any have None."""
    if shape.architecture.is_chain:
        return _tune_chain(point, masks, snapped, turning, training, key, rate, steps, shape, batch)
    state = begun(_start(point, masks, turning))
    for number in range(steps):  # as in `fine_tune`
        state = _step(number, state, masks, snapped, turning, training, key, rate, steps, shape, batch)
    return state[2]


@partial(jax.jit, static_argnames=("shape", "batch"))
def _tune_chain(
    point: Point,
    masks: Masks,
    snapped: Masks,
    turning: tuple[jax.Array | None, ...],
    training: Reference,
    key: jax.Array,
    rate: float,
    steps: int,
    shape: Shape,
    batch: int,
) -> Tuned:
    start = _start(point, masks, turning)
    found = _found(units_of(point, masks), masks, snapped, turning, shape)
    return averaged_descent(start, *found, training, key, rate, steps, batch)


@partial(jax.jit, static_argnames=("shape", "batch"))
def _step(
    number: int,
    state: tuple[Tuned, Any, Tuned],
    masks: Masks,
    snapped: Masks,
    turning: tuple[jax.Array | None, ...],
    training: Reference,
    key: jax.Array,
    rate: float,
    steps: int,
    shape: Shape,
    batch: int,
) -> tuple[Tuned, Any, Tuned]:
    found = _found(units_of(state[0].point, masks), masks, snapped, turning, shape)
    return descent(*found, training, key, rate, steps, batch)(jnp.asarray(number), state)


@partial(jax.jit, static_argnames=("grid", "shape", "batch"))
def _step_on_grid(
    number: int,
    state: tuple[Point, Any, Point],
    masks: Masks,
    sizes: tuple[jax.Array, ...],
    units: tuple[jax.Array, ...],
    training: Reference,
    key: jax.Array,
    rate: float,
    steps: int,
    grid: Grid,
    shape: Shape,
    batch: int,
) -> tuple[Point, Any, Point]:
    def gradient(here: Point, drawn: Reference) -> Point:
        return masked(jax.grad(lambda at: robust_loss(on_grid(at, sizes, grid), drawn, shape))(here), masks)

    def step(here: Point, updates: Point, size: jax.Array) -> Point:
        return stepped(here, updates, units, size)

    return descent(gradient, step, training, key, rate, steps, batch)(jnp.asarray(number), state)


def tune_on_grid(
    point: Point,
    masks: Masks,
    sizes: tuple[jax.Array, ...],
    grid: Grid,
    training: Reference,
    key: jax.Array,
    rate: float,
    steps: int,
    shape: Shape,
    batch: int,
) -> Point:
    """Take `steps` steps of Adam whose slopes are those at the grid: weights that go on one way change their value.

    Slopes pass straight through the rounding (Bengio, Leonard, Courville, arXiv:1308.3432); `sizes` are the grid's
    steps.
    """
    state, units = begun(masked(point, masks)), units_of(point, masks)
    for number in range(steps):
        state = _step_on_grid(number, state, masks, sizes, units, training, key, rate, steps, grid, shape, batch)
    return on_grid(masked(state[2], masks), sizes, grid)


def on_grid(point: Point, sizes: tuple[jax.Array, ...], grid: Grid) -> Point:
    """The point with every weight at the nearest value of its grid, whose slope is 1."""
    layers = zip(point, sizes, strict=True)
    return tuple(
        (weight + jax.lax.stop_gradient(_nearest(weight, size, grid) - weight), bias) for (weight, bias), size in layers
    )


def _nearest(weight: jax.Array, size: jax.Array, grid: Grid) -> jax.Array:
    """`Grid.nearest`."""
    step = size.reshape(-1, *(1,) * (weight.ndim - 1))
    ratio = jnp.abs(weight) / step
    if grid.powers:
        exponent = jnp.floor(jnp.log2(jnp.maximum(ratio, 0.5) * (4 / 3)))
        whole = jnp.where(ratio < 0.5, 0.0, jnp.exp2(jnp.clip(exponent, 0, np.log2(grid.largest))))
    else:
        whole = jnp.minimum(jnp.rint(ratio), grid.largest)
    return jnp.sign(weight) * whole * step


def _start(point: Point, masks: Masks, turning: tuple[jax.Array | None, ...]) -> Tuned:
    return Tuned(masked(point, masks), tuple(None if turn is None else jnp.ones_like(turn) for turn in turning))


def _found(
    units: tuple[jax.Array, ...], masks: Masks, snapped: Masks, turning: tuple[jax.Array | None, ...], shape: Shape
) -> tuple[Callable[[Tuned, Reference], Tuned], Callable[[Tuned, Any, jax.Array], Tuned]]:
    """The gradient of a batch, and a step that Adam proposes."""
    free = tuple(mask * (1 - fixed) for mask, fixed in zip(masks, snapped, strict=True))

    def gradient(here: Tuned, drawn: Reference) -> Tuned:
        slope = jax.grad(lambda at: robust_loss(assembled(at, snapped), drawn, shape))(here)
        return Tuned(masked(slope.point, free), jax.tree.map(jnp.multiply, slope.factors, turning))

    def step(here: Tuned, updates: Tuned, size: jax.Array) -> Tuned:
        return Tuned(
            stepped(here.point, updates.point, units, size),
            jax.tree.map(partial(_turned, size), here.factors, updates.factors),
        )

    return gradient, step


def _turned(size: jax.Array, factor: jax.Array, update: jax.Array) -> jax.Array:
    return factor * (1 - _SLOWER * size * jnp.clip(update, -_LARGEST, _LARGEST))


def assembled(here: Tuned, snapped: Masks) -> Point:
    """The point, with the factors in the snapped weights."""
    layers = zip(here.point, here.factors, snapped, strict=True)
    return tuple(
        (weight if factor is None else _multiplied(weight, factor, on), bias) for (weight, bias), factor, on in layers
    )


def _multiplied(weight: jax.Array, factor: jax.Array, on: jax.Array) -> jax.Array:
    return jnp.where(on > 0, weight * factor.reshape(-1, *(1,) * (weight.ndim - 1)), weight)
