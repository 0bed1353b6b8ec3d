"""Fine-tune the surviving weights and the biases by Adam under a fixed mask, towards the dense network's outputs.

The loss weights a draw with a large error by less than its square, since few draws, seldom like data, would dominate
otherwise. Steps are measured in units of each layer's own weights, so that they do not depend on how layers are
scaled. The result is an average of the last steps, because each step sees only the few inputs it drew.
Mathematics: docs/mathematics.md, section 5.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import optax

from armlet.pruning.geometry.functional import Masks, Point, masked
from armlet.pruning.geometry.metric import Reference, Shape, residual

AVERAGED = 0.2  # share of the steps that the result is averaged over
POWER = 1.5  # of each draw's own distance in the loss; docs/sparsify.md
RAISE_AFTER = 2  # accepted fine-tunings in a row, after which the rate doubles
SLOWEST_RATE = 4.0**-6  # of the rate asked for: no fine-tuning is slower
_Here = TypeVar("_Here")  # what is tuned: a tree of arrays
_OPTIMISER: Any = optax.scale_by_adam(b2=0.99)  # a short memory: a fine-tuning is a few hundred steps
SMOOTHING = 1e-3  # added to the distance of a draw, so that the gradient is finite at distance 0


def fine_tune(
    point: Point, masks: Masks, training: Reference, key: jax.Array, rate: float, steps: int, shape: Shape, batch: int
) -> Point:
    """Take `steps` steps of Adam, each on `batch` inputs drawn from `training`.

    `rate` is the size of the first step, in root mean squares of the layer's surviving weights; it falls along a
    cosine to a tenth. The result is a moving average that forgets over the share `AVERAGED` of the steps.
    """
    if shape.architecture.is_chain:
        return fine_tune_chain(point, masks, training, key, rate, steps, shape, batch)
    point = masked(point, masks)
    state, units = begun(point), units_of(point, masks)
    for number in range(steps):  # XLA runs convolutions ten times as slowly within a loop of its own, on a processor
        state = _step(number, state, masks, units, training, key, rate, steps, shape, batch)
    return masked(state[2], masks)


@partial(jax.jit, static_argnames=("shape", "batch"))
def fine_tune_chain(
    point: Point, masks: Masks, training: Reference, key: jax.Array, rate: float, steps: int, shape: Shape, batch: int
) -> Point:
    """The same for dense layers in a chain, as one program."""
    point = masked(point, masks)
    found = _found(masks, units_of(point, masks), shape)
    return masked(averaged_descent(point, *found, training, key, rate, steps, batch), masks)


@partial(jax.jit, static_argnames=("shape", "batch"))
def _step(
    number: int,
    state: tuple[Point, Any, Point],
    masks: Masks,
    units: tuple[jax.Array, ...],
    training: Reference,
    key: jax.Array,
    rate: float,
    steps: int,
    shape: Shape,
    batch: int,
) -> tuple[Point, Any, Point]:
    return descent(*_found(masks, units, shape), training, key, rate, steps, batch)(jnp.asarray(number), state)


def _found(
    masks: Masks, units: tuple[jax.Array, ...], shape: Shape
) -> tuple[Callable[[Point, Reference], Point], Callable[[Point, Any, jax.Array], Point]]:
    """The gradient of a batch, and a step that Adam proposes, in the units of the layers."""

    def gradient(here: Point, drawn: Reference) -> Point:
        return masked(jax.grad(robust_loss)(here, drawn, shape), masks)

    def step(here: Point, updates: Point, size: jax.Array) -> Point:
        return stepped(here, updates, units, size)

    return gradient, step


def averaged_descent(
    start: _Here,
    gradient: Callable[[_Here, Reference], _Here],
    step: Callable[[_Here, Any, jax.Array], _Here],
    training: Reference,
    key: jax.Array,
    rate: float,
    steps: int,
    batch: int,
) -> _Here:
    """The average of the last steps of Adam from `start`: `step` takes what it proposes, and the size of the step."""
    descend = descent(gradient, step, training, key, rate, steps, batch)
    return jax.lax.fori_loop(0, steps, descend, begun(start))[2]


def begun(start: _Here) -> tuple[_Here, Any, _Here]:
    """The state of a descent from `start`: where it is, the moments of Adam, and the average."""
    return start, _OPTIMISER.init(start), start


def descent(
    gradient: Callable[[_Here, Reference], _Here],
    step: Callable[[_Here, Any, jax.Array], _Here],
    training: Reference,
    key: jax.Array,
    rate: float,
    steps: int,
    batch: int,
) -> Callable[[jax.Array, tuple[_Here, Any, _Here]], tuple[_Here, Any, _Here]]:
    """One step of `averaged_descent`, from its number and the state before it."""

    def descend(number: jax.Array, state: tuple[_Here, Any, _Here]):
        here, moments, mean = state
        rows = jax.random.randint(jax.random.fold_in(key, number), (batch,), 0, len(training.x))
        drawn = training._replace(x=training.x[rows], dense=training.dense[rows])
        updates, moments = _OPTIMISER.update(gradient(here, drawn), moments)
        size = rate * (0.55 + 0.45 * jnp.cos(jnp.pi * number / steps))
        here = step(here, updates, size)
        return here, moments, jax.tree.map(lambda m, h: m + (h - m) * forget, mean, here)

    forget = 1 / jnp.maximum(AVERAGED * steps, 1.0)
    return descend


def next_rate(rate: float, accepted: Iterable[bool]) -> float:
    """The rate of the next fine-tuning, from whether each one before it was accepted.

    It falls to a quarter after each that was rejected. It doubles, up to `rate`, after every `RAISE_AFTER` in a row
    that were accepted.
    """
    now, run = rate, 0
    for was_accepted in accepted:
        run = run + 1 if was_accepted else 0
        if not was_accepted:
            now = max(now / 4, SLOWEST_RATE * rate)
        elif run % RAISE_AFTER == 0:
            now = min(rate, 2 * now)
    return now


def robust_loss(point: Point, drawn: Reference, shape: Shape) -> jax.Array:
    """The mean over draws of each draw's own distance to the power `POWER`; at power 2 it is d^2."""
    own = jnp.sum(residual(point, drawn, shape) ** 2, axis=1) * len(drawn.x)
    return jnp.mean((own + SMOOTHING**2) ** (POWER / 2))


def units_of(point: Point, masks: Masks) -> tuple[jax.Array, ...]:
    """The unit of each layer."""
    return tuple(unit_of(weight, mask) for (weight, _), mask in zip(point, masks, strict=True))


def unit_of(weight: jax.Array, mask: jax.Array) -> jax.Array:
    """The root mean square of a layer's surviving weights."""
    return jnp.sqrt(jnp.sum(weight**2) / jnp.maximum(jnp.sum(mask), 1.0))


def stepped(point: Point, updates: Any, units: tuple[jax.Array, ...], size: jax.Array) -> Point:
    """A step of `size` against `updates`, in each layer's units."""
    layers = zip(point, updates, units, strict=True)
    return tuple((w - size * unit * dw, b - size * unit * db) for (w, b), (dw, db), unit in layers)
