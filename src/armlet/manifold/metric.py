"""How far two networks are apart: a distance without units, and the metric that it induces on parameters.

Everything follows from one function, the residual r_t, a vector in which d(t, t_0) = ||r_t||. Its Jacobian J gives
the metric G = J^T J; products with J, J^T and G are taken, G is never formed.
Mathematics: docs/mathematics.md, section 2.
"""

from collections.abc import Mapping
from enum import Enum
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from armlet.manifold.functional import Activations, Point, evaluate
from armlet.network.frozen import F32, F64


class OutputMetric(Enum):
    """L, how differences of outputs are weighed."""

    LOGITS = "logits"  # the identity
    VALUES = "values"  # diag(1 / var f_home): each output in its own spread
    FISHER = "fisher"  # diag(q) - q q^T at q = softmax(f_home): what moves probabilities counts
    TEMPERED = "tempered"  # diag(q) - 3/4 q q^T at q = softmax(f_home / T): likely answers count most, all count


CENTRED: Mapping[OutputMetric, float] = {OutputMetric.FISHER: 1.0, OutputMetric.TEMPERED: 0.5}  # share of q-mean gone
FLATTEST = 1e-11  # least share of an output's mean square that varies; below, float32 sees its own rounding
STEADY = 1e-2  # of its size: the unit of an output that never varies
_ENOUGH = 16384  # draws to tell a deviation by
COOL = 0.5  # T of `tempered` at its coolest, in root mean squares of the outputs about their mean over outputs


class Reference(NamedTuple):
    """A draw of inputs with what the dense network t_0 says of them."""

    x: jax.Array  # (samples, inputs), normalised
    home: jax.Array  # (samples, outputs), f_{t_0}(x)
    spread: jax.Array  # (), E ||f_{t_0} - E f_{t_0}||^2_L: the unit of d^2
    temperature: jax.Array  # (), T; without effect on `logits` and `values`
    unit: jax.Array  # (outputs,), what each output is measured in: its deviation, or 1 but for `values`

    @property
    def likely(self) -> jax.Array:
        """q = softmax(home / T), (samples, outputs)."""
        return jax.nn.softmax(self.home / self.temperature, axis=-1)

    def weighed(self, output: OutputMetric) -> jax.Array:
        """What `root` weighs by, (samples, outputs): q, or for `values` 1 / unit, or nothing."""
        if output in CENTRED:
            return self.likely
        return jnp.broadcast_to(1 / self.unit, self.home.shape)


class Shape(NamedTuple):
    """What a compiled function must know beforehand; hashable."""

    activations: Activations
    output: OutputMetric


def refer(home: Point, x: jax.Array, shape: Shape) -> Reference:
    """The reference of the dense point `home` on normalised inputs x, in units that the draw itself gives."""
    outputs = _evaluate(home, x, shape.activations)
    return in_unit(
        Reference(x, outputs, jnp.ones(()), _temperature(outputs, shape.output), _unit(outputs, shape.output)), shape
    )


def in_unit(draw: Reference, shape: Shape) -> Reference:
    """`draw` with the unit of d^2 that its outputs give at its temperature."""
    return draw._replace(spread=_spread(draw, shape))


@partial(jax.jit, static_argnames="shape")
def _spread(draw: Reference, shape: Shape) -> jax.Array:
    centred = root(draw.weighed(shape.output), draw.home - draw.home.mean(axis=0), shape.output)
    return jnp.mean(jnp.sum(centred**2, axis=1))


def _temperature(outputs: jax.Array, output: OutputMetric) -> jax.Array:
    if output is not OutputMetric.TEMPERED:
        return jnp.ones(())
    apart = jnp.sqrt(jnp.mean((outputs - outputs.mean(axis=1, keepdims=True)) ** 2))
    return jnp.where(apart > 0, COOL * apart, 1.0)  # one output, or outputs that are always equal: q is even


def _unit(outputs: jax.Array, output: OutputMetric) -> jax.Array:
    """Each output's deviation; what never varies is measured in hundredths of its size, and where that is 0 in 1."""
    if output is not OutputMetric.VALUES:
        return jnp.ones(outputs.shape[1])
    deviation, size = deviations(outputs)
    return jnp.asarray(np.where(deviation > 0, deviation, np.where(size > 0, STEADY * size, 1.0)), outputs.dtype)


def deviations(outputs: jax.Array | F32) -> tuple[F64, F64]:
    """Of each output its standard deviation, 0 where only rounding varies, and its root mean square, (outputs,)."""
    told = np.asarray(outputs[:_ENOUGH], np.float64)
    deviation, size = told.std(axis=0), np.sqrt((told**2).mean(axis=0))
    return np.where(deviation**2 > FLATTEST * size**2, deviation, 0.0), size


def root(q: jax.Array, difference: jax.Array, output: OutputMetric) -> jax.Array:
    """R delta with R^T R = L at each sample, so that ||R delta||^2 = delta^T L delta. Both (samples, outputs).

    q is what `Reference.weighed` gives."""
    if output is OutputMetric.LOGITS:
        return difference
    if output is OutputMetric.VALUES:
        return q * difference
    return jnp.sqrt(q) * (difference - CENTRED[output] * jnp.sum(q * difference, axis=-1, keepdims=True))


def root_transpose(q: jax.Array, cotangent: jax.Array, output: OutputMetric) -> jax.Array:
    """R^T u, the adjoint of `root`."""
    if output is OutputMetric.LOGITS:
        return cotangent
    if output is OutputMetric.VALUES:
        return q * cotangent
    weighed = jnp.sqrt(q) * cotangent
    return weighed - CENTRED[output] * q * jnp.sum(weighed, axis=-1, keepdims=True)


def residual(point: Point, reference: Reference, shape: Shape) -> jax.Array:
    """r_t, (samples, outputs), with ||r_t|| = d(t, t_0) on the reference's draw."""
    difference = evaluate(point, reference.x, shape.activations) - reference.home
    return root(reference.weighed(shape.output), difference, shape.output) / jnp.sqrt(
        len(reference.x) * reference.spread
    )


@partial(jax.jit, static_argnames="shape")
def squared_distance(point: Point, reference: Reference, shape: Shape) -> jax.Array:
    """d(t, t_0)^2, what costs are in; people are shown its root."""
    return jnp.sum(residual(point, reference, shape) ** 2)


def distance(point: Point, reference: Reference, shape: Shape) -> float:
    """d(t, t_0), without units: 0 at home, 1 for a network that says the same of every input."""
    return float(jnp.sqrt(squared_distance(point, reference, shape)))


def own_distances(point: Point, reference: Reference, shape: Shape) -> F64:
    """The distance of each output by itself, in its own spread, whatever the metric, (outputs,).

    An output that never varies is measured in hundredths of its size, or, where it is always 0, in 1."""
    differences = np.asarray(_evaluate(point, reference.x, shape.activations) - reference.home, np.float64)
    return np.sqrt((differences**2).mean(axis=0)) / np.asarray(_unit(reference.home, OutputMetric.VALUES))


def jacobian_vector(point: Point, v: Point, reference: Reference, shape: Shape) -> jax.Array:
    """J v by one forward sweep, (samples, outputs)."""
    return jax.jvp(lambda t: residual(t, reference, shape), (point,), (v,))[1]


def vector_jacobian(point: Point, u: jax.Array, reference: Reference, shape: Shape) -> Point:
    """J^T u by one reverse sweep."""
    return jax.vjp(lambda t: residual(t, reference, shape), point)[1](u)[0]


def metric_vector(point: Point, v: Point, reference: Reference, shape: Shape) -> Point:
    """G v = J^T (J v), in memory linear in the parameters."""
    return vector_jacobian(point, jacobian_vector(point, v, reference, shape), reference, shape)


_evaluate = jax.jit(evaluate, static_argnames="activations")
