"""Reduce d(., t_0)^2 by Gauss-Newton steps under a fixed mask, by conjugate gradients on products with J and J^T.

With r the residual and G = J^T J at the point, a step s solves (G + ridge U) s = -J^T r on the surviving weights and
the biases. U is the mean of G's diagonal over a layer's weights, and over its biases, estimated from random signs. The
ridge follows Levenberg and Marquardt: it falls after an accepted step and rises after a rejected one. A step is
accepted if it reduces the distance on the validation draw. Mathematics: docs/mathematics.md,
section 5.
"""

from functools import partial

import jax
import jax.numpy as jnp

from armlet.pruning.geometry.functional import Masks, Point, masked
from armlet.pruning.geometry.metric import (
    Reference,
    Shape,
    distance,
    metric_vector,
    residual,
    vector_jacobian,
)

ROWS = 4096  # inputs of one step, drawn anew for each
ITERATIONS = 30  # of conjugate gradients
RIDGE = 1e-3  # of the first step, in units of U
_PROBES = 4  # random signs that estimate the diagonal


def gauss_newton(
    point: Point, masks: Masks, training: Reference, validation: Reference, key: jax.Array, steps: int, shape: Shape
) -> tuple[Point, float, float]:
    """Take at most `steps` steps. Returns the point, its distance on the validation draw, and the last ridge."""
    ridge, nearest = RIDGE, distance(point, validation, shape)
    for number in range(steps):
        candidate = _step(point, masks, training, jax.random.fold_in(key, number), ridge, shape)
        there = distance(candidate, validation, shape)
        if there < nearest:
            point, nearest, ridge = candidate, there, ridge / 4
        else:
            ridge *= 8
    return point, nearest, ridge


@partial(jax.jit, static_argnames="shape")
def _step(point: Point, masks: Masks, training: Reference, key: jax.Array, ridge: float, shape: Shape) -> Point:
    rows = jax.random.randint(key, (min(ROWS, len(training.x)),), 0, len(training.x))
    drawn = training._replace(x=training.x[rows], dense=training.dense[rows])
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
    """Estimate the mean of G's diagonal over each layer's free weights, and over its biases: E (J^T u)^2."""
    total = jax.tree.map(lambda x: jnp.zeros(()), point)
    for probe in range(_PROBES):
        signs = jax.random.rademacher(jax.random.fold_in(key, probe + 1), drawn.dense.shape, drawn.dense.dtype)
        slope = masked(vector_jacobian(point, signs, drawn, shape), masks)
        total = jax.tree.map(lambda sum_, x: sum_ + jnp.sum(x**2), total, slope)
    layers = zip(masks, point, strict=True)
    free = tuple((jnp.maximum(jnp.sum(mask), 1.0), float(len(bias))) for mask, (_, bias) in layers)
    return jax.tree.map(lambda sum_, count: sum_ / (_PROBES * count) + 1e-20, total, free)
