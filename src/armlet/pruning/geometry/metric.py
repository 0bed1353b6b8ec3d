"""Measure the distance between two networks, and multiply by the metric that it induces on their parameters.

Everything follows from one function, the residual r_t with d(t, t_0) = ||r_t||. Its Jacobian J gives the metric
G = J^T J. Only products with J, J^T and G are computed; G is never formed.
Mathematics: docs/mathematics.md, section 2.
"""

from collections.abc import Mapping
from enum import Enum
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from armlet.network.frozen import F32, F64
from armlet.pruning.geometry.architecture import Architecture
from armlet.pruning.geometry.functional import Point, evaluate, evaluate_all


class OutputMetric(Enum):
    """The metric L of the output space, by which differences of outputs are weighted."""

    LOGITS = "logits"  # the identity
    VALUES = "values"  # diag(1 / var f_dense): each output in its own spread
    FISHER = "fisher"  # diag(q) - q q^T at q = softmax(f_dense): changes of probabilities count
    TEMPERED = "tempered"  # diag(q) - 3/4 q q^T at q = softmax(f_dense / T): likely answers count most, all count


# the share of the q-mean that the root takes away
CENTRED: Mapping[OutputMetric, float] = {OutputMetric.FISHER: 1.0, OutputMetric.TEMPERED: 0.5}
LEAST_VARYING = 1e-11  # of an output's mean square: a variance below it is float32's rounding
CONSTANT_UNIT = 1e-2  # of its root mean square: the unit of an output that never varies
_MOST_DRAWS = 16384  # draws that are enough to estimate a deviation
COOLEST = 0.5  # lowest T of `tempered`, in root mean squares of the outputs about their mean over outputs


class Reference(NamedTuple):
    """A draw of inputs with the outputs of the dense network t_0 on it."""

    x: jax.Array  # (samples, inputs), normalised
    dense: jax.Array  # (samples, outputs), f_{t_0}(x)
    spread: jax.Array  # (), E ||f_{t_0} - E f_{t_0}||^2_L: the unit of d^2
    temperature: jax.Array  # (), T of the softmax; unused by `logits` and `values`
    unit: jax.Array  # (outputs,), each output's deviation for `values`, else 1

    @property
    def probabilities(self) -> jax.Array:
        """q = softmax(dense / T), (samples, outputs)."""
        return jax.nn.softmax(self.dense / self.temperature, axis=-1)

    def root_weights(self, output: OutputMetric) -> jax.Array:
        """The weights that `root` takes, (samples, outputs): q, or 1 / unit."""
        if output in CENTRED:
            return self.probabilities
        return jnp.broadcast_to(1 / self.unit, self.dense.shape)


class Shape(NamedTuple):
    """The static arguments of compiled functions; hashable."""

    architecture: Architecture
    output: OutputMetric


def make_reference(dense: Point, x: jax.Array, shape: Shape) -> Reference:
    """Evaluate the dense point on normalised inputs x, and derive temperature, units and spread from this draw."""
    outputs = evaluate_all(dense, x, shape.architecture)
    return with_spread(
        Reference(x, outputs, jnp.ones(()), _temperature(outputs, shape.output), _unit(outputs, shape.output)), shape
    )


def with_spread(draw: Reference, shape: Shape) -> Reference:
    """Set the spread, the unit of d^2, from the outputs of `draw` at its temperature."""
    return draw._replace(spread=_spread(draw, shape))


@partial(jax.jit, static_argnames="shape")
def _spread(draw: Reference, shape: Shape) -> jax.Array:
    centred = root(draw.root_weights(shape.output), draw.dense - draw.dense.mean(axis=0), shape.output)
    return jnp.mean(jnp.sum(centred**2, axis=1))


def _temperature(outputs: jax.Array, output: OutputMetric) -> jax.Array:
    if output is not OutputMetric.TEMPERED:
        return jnp.ones(())
    apart = jnp.sqrt(jnp.mean((outputs - outputs.mean(axis=1, keepdims=True)) ** 2))
    return jnp.where(apart > 0, COOLEST * apart, 1.0)  # one output, or outputs that are always equal


def _unit(outputs: jax.Array, output: OutputMetric) -> jax.Array:
    """Each output's deviation; for a constant output a hundredth of its size, or 1 if it is always 0."""
    if output is not OutputMetric.VALUES:
        return jnp.ones(outputs.shape[1])
    deviation, size = deviations(outputs)
    return jnp.asarray(np.where(deviation > 0, deviation, np.where(size > 0, CONSTANT_UNIT * size, 1.0)), outputs.dtype)


def deviations(outputs: jax.Array | F32) -> tuple[F64, F64]:
    """Standard deviation (0 if only rounding varies) and root mean square of each output, (outputs,)."""
    drawn = np.asarray(outputs[:_MOST_DRAWS], np.float64)
    deviation, size = drawn.std(axis=0), np.sqrt((drawn**2).mean(axis=0))
    return np.where(deviation**2 > LEAST_VARYING * size**2, deviation, 0.0), size


def root(q: jax.Array, difference: jax.Array, output: OutputMetric) -> jax.Array:
    """Multiply by R with R^T R = L at each sample, so that ||R delta||^2 = delta^T L delta. Both (samples, outputs).

    q is what `Reference.root_weights` gives."""
    if output is OutputMetric.LOGITS:
        return difference
    if output is OutputMetric.VALUES:
        return q * difference
    return jnp.sqrt(q) * (difference - CENTRED[output] * jnp.sum(q * difference, axis=-1, keepdims=True))


def root_transpose(q: jax.Array, cotangent: jax.Array, output: OutputMetric) -> jax.Array:
    """Multiply by R^T, the adjoint of `root`."""
    if output is OutputMetric.LOGITS:
        return cotangent
    if output is OutputMetric.VALUES:
        return q * cotangent
    root_weights = jnp.sqrt(q) * cotangent
    return root_weights - CENTRED[output] * q * jnp.sum(root_weights, axis=-1, keepdims=True)


def residual(point: Point, reference: Reference, shape: Shape) -> jax.Array:
    """The residual r_t, (samples, outputs), with ||r_t|| = d(t, t_0) on the draw of `reference`."""
    return residual_of(evaluate(point, reference.x, shape.architecture), reference, shape)


def residual_of(outputs: jax.Array, reference: Reference, shape: Shape) -> jax.Array:
    """The residual of any outputs on the draw of `reference`, (samples, outputs)."""
    difference = outputs - reference.dense
    return root(reference.root_weights(shape.output), difference, shape.output) / jnp.sqrt(
        len(reference.x) * reference.spread
    )


@partial(jax.jit, static_argnames="shape")
def squared_distance(point: Point, reference: Reference, shape: Shape) -> jax.Array:
    """d(t, t_0)^2, the unit of all costs."""
    return jnp.sum(residual(point, reference, shape) ** 2)


def distance(point: Point, reference: Reference, shape: Shape) -> float:
    """d(t, t_0), without units: 0 for the dense network, 1 for the best constant output."""
    if shape.architecture.is_chain:
        return float(jnp.sqrt(squared_distance(point, reference, shape)))
    return distance_of(evaluate_all(point, reference.x, shape.architecture), reference, shape)


def distance_of(outputs: jax.Array, reference: Reference, shape: Shape) -> float:
    """The same of any outputs on the draw of `reference`."""
    return float(jnp.sqrt(jnp.sum(residual_of(outputs, reference, shape) ** 2)))


def output_distances(point: Point, reference: Reference, shape: Shape) -> F64:
    """The distance of each output alone, in its own spread, for every metric, (outputs,).

    A constant output is measured in hundredths of its size, or in 1 if it is always 0.
    """
    differences = np.asarray(evaluate_all(point, reference.x, shape.architecture) - reference.dense, np.float64)
    return np.sqrt((differences**2).mean(axis=0)) / np.asarray(_unit(reference.dense, OutputMetric.VALUES))


def jacobian_vector(point: Point, v: Point, reference: Reference, shape: Shape) -> jax.Array:
    """J v by one forward sweep, (samples, outputs)."""
    return jax.jvp(lambda t: residual(t, reference, shape), (point,), (v,))[1]


def vector_jacobian(point: Point, u: jax.Array, reference: Reference, shape: Shape) -> Point:
    """J^T u by one reverse sweep."""
    return jax.vjp(lambda t: residual(t, reference, shape), point)[1](u)[0]


def metric_vector(point: Point, v: Point, reference: Reference, shape: Shape) -> Point:
    """G v = J^T (J v), in memory linear in the parameters."""
    return vector_jacobian(point, jacobian_vector(point, v, reference, shape), reference, shape)
