"""Gauss-Newton steps down d(., t_0)^2 with the mask held, by conjugate gradients on products with J and J^T.

With r the residual and G = J^T J at the point, a step s solves (G + ridge U) s = -J^T r on the survivors and biases,
where U is the mean of G's diagonal over a layer's weights, and over its biases, as a few random signs show it. The
ridge follows Levenberg and Marquardt: less of it after a step that was taken, more after one that was not, and it is
recorded. A step that does not come nearer on the validation draw is not taken. Mathematics: docs/mathematics.md,
section 5.
"""

from functools import partial

import jax
import jax.numpy as jnp

from armlet.manifold.functional import Masks, Point, masked
from armlet.manifold.metric import (
    Reference,
    Shape,
    distance,
    metric_vector,
    residual,
    vector_jacobian,
)

ROWS = 4096  # inputs of one step, fresh for each
ITERATIONS = 30  # of conjugate gradients
RIDGE = 1e-3  # the first, in units of U
_PROBES = 4  # random signs that show the diagonal


def polish(
    point: Point, masks: Masks, bank: Reference, validation: Reference, key: jax.Array, steps: int, shape: Shape
) -> tuple[Point, float, float]:
    """The point after at most `steps` steps, its distance on the validation draw, and the ridge that stood last."""
    ridge, nearest = RIDGE, distance(point, validation, shape)
    for number in range(steps):
        candidate = _step(point, masks, bank, jax.random.fold_in(key, number), ridge, shape)
        there = distance(candidate, validation, shape)
        if there < nearest:
            point, nearest, ridge = candidate, there, ridge / 4
        else:
            ridge *= 8
    return point, nearest, ridge


@partial(jax.jit, static_argnames="shape")
def _step(point: Point, masks: Masks, bank: Reference, key: jax.Array, ridge: float, shape: Shape) -> Point:
    rows = jax.random.randint(key, (min(ROWS, len(bank.x)),), 0, len(bank.x))
    drawn = bank._replace(x=bank.x[rows], home=bank.home[rows])
    units = _units(point, masks, drawn, key, shape)
    down = masked(vector_jacobian(point, -residual(point, drawn, shape), drawn, shape), masks)

    def product(v: Point) -> Point:
        lifted = jax.tree.map(lambda u, x: ridge * u * x, units, v)
        return jax.tree.map(jnp.add, masked(metric_vector(point, v, drawn, shape), masks), lifted)

    def preconditioned(v: Point) -> Point:
        return jax.tree.map(lambda u, x: x / (u * (1 + ridge)), units, v)

    step, _ = jax.scipy.sparse.linalg.cg(product, down, maxiter=ITERATIONS, tol=1e-4, M=preconditioned)
    return masked(jax.tree.map(jnp.add, point, step), masks)


def _units(point: Point, masks: Masks, drawn: Reference, key: jax.Array, shape: Shape) -> Point:
    """For each layer's weights, and its biases, the mean of G's diagonal over those that are free: E (J^T u)^2."""
    total = jax.tree.map(lambda x: jnp.zeros(()), point)
    for probe in range(_PROBES):
        signs = jax.random.rademacher(jax.random.fold_in(key, probe + 1), drawn.home.shape, drawn.home.dtype)
        slope = masked(vector_jacobian(point, signs, drawn, shape), masks)
        total = jax.tree.map(lambda sum_, x: sum_ + jnp.sum(x**2), total, slope)
    layers = zip(masks, point, strict=True)
    free = tuple((jnp.maximum(jnp.sum(mask), 1.0), float(len(bias))) for mask, (_, bias) in layers)
    return jax.tree.map(lambda sum_, count: sum_ / (_PROBES * count) + 1e-20, total, free)
