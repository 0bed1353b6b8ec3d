"""Walk the survivors home with the mask held: Adam on inputs that are new at each step.

What is descended counts a draw that is far astray by less than its square, under which a few draws, seldom like data,
would rule the walk. Steps are in units of each layer's own weights, so that they mean the same wherever on its fibre a
network stands. Biases move too. The end is a mean of the last steps, since each follows only the few inputs it drew.
The walk is judged by d itself on a fixed validation draw that it never sees; one that ends farther from home than it
began is not taken.
Mathematics: docs/mathematics.md, section 5.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from armlet.manifold.functional import Masks, Point, masked
from armlet.manifold.metric import Reference, Shape, residual

MEMORY = 0.2  # of a walk: what its end is averaged over
POWER = 1.5  # of each draw's own distance: what is descended; docs/sparsify.md
TRUST = 2  # walks taken in a row, after which the next may be bolder
LEAST = 4.0**-6  # of the rate asked for: no walk is slower
CLOSE = 1e-3  # distance of a draw from which on nearer hardly counts, so that the slope is finite at home


@partial(jax.jit, static_argnames=("shape", "batch"))
def walk(
    point: Point, masks: Masks, bank: Reference, key: jax.Array, rate: float, steps: int, shape: Shape, batch: int
) -> Point:
    """`steps` steps of Adam, each on `batch` inputs drawn from `bank`.

    `rate` is the first step's size, in root mean squares of the layer's surviving weights; it falls along a cosine to
    a tenth. The end is an average of the steps that forgets over `MEMORY` of the walk.
    """
    optimiser = optax.scale_by_adam(b2=0.99)  # a short memory: each walk is a few hundred steps

    def descend(number: jax.Array, state: tuple[Point, optax.OptState, Point]):
        here, moments, mean = state
        rows = jax.random.randint(jax.random.fold_in(key, number), (batch,), 0, len(bank.x))
        drawn = bank._replace(x=bank.x[rows], home=bank.home[rows])
        slope = masked(jax.grad(astray)(here, drawn, shape), masks)
        updates, moments = optimiser.update(slope, moments)
        pace = rate * (0.55 + 0.45 * jnp.cos(jnp.pi * number / steps))
        here = _stepped(here, updates, units, pace)
        return here, moments, jax.tree.map(lambda m, h: m + (h - m) * forget, mean, here)

    point = masked(point, masks)
    units = tuple(_unit(weight, mask) for (weight, _), mask in zip(point, masks, strict=True))
    forget = 1 / jnp.maximum(MEMORY * steps, 1.0)
    return masked(jax.lax.fori_loop(0, steps, descend, (point, optimiser.init(point), point))[2], masks)


def careful(rate: float, taken: Iterable[bool]) -> float:
    """`rate` for the next walk, by which of the walks before were taken, each that was not having been too bold.

    It falls to a quarter after each that was not, and doubles, up to `rate`, after `TRUST` in a row that were.
    """
    now, run = rate, 0
    for was_taken in taken:
        run = run + 1 if was_taken else 0
        if not was_taken:
            now = max(now / 4, LEAST * rate)
        elif run % TRUST == 0:
            now = min(rate, 2 * now)
    return now


def astray(point: Point, drawn: Reference, shape: Shape) -> jax.Array:
    """The mean over draws of each one's own distance to the power `POWER`; at 2 it would be d^2."""
    own = jnp.sum(residual(point, drawn, shape) ** 2, axis=1) * len(drawn.x)
    return jnp.mean((own + CLOSE**2) ** (POWER / 2))


def _unit(weight: jax.Array, mask: jax.Array) -> jax.Array:
    return jnp.sqrt(jnp.sum(weight**2) / jnp.maximum(jnp.sum(mask), 1.0))


def _stepped(point: Point, updates: Any, units: tuple[jax.Array, ...], pace: jax.Array) -> Point:
    layers = zip(point, updates, units, strict=True)
    return tuple((w - pace * unit * dw, b - pace * unit * db) for (w, b), (dw, db), unit in layers)
