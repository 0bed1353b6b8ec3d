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

from armlet.manifold.functional import Activations, Point, evaluate


class OutputMetric(Enum):
    """L, how differences of outputs are weighed."""

    LOGITS = "logits"  # the identity
    FISHER = "fisher"  # diag(q) - q q^T at q = softmax(f_home): what moves probabilities counts
    TEMPERED = "tempered"  # diag(q) - 3/4 q q^T at q = softmax(f_home / T): likely answers count most, all count


CENTRED: Mapping[OutputMetric, float] = {OutputMetric.FISHER: 1.0, OutputMetric.TEMPERED: 0.5}  # share of q-mean gone
COOL = 0.5  # T of `tempered` at its coolest, in root mean squares of the outputs about their mean over outputs


class Reference(NamedTuple):
    """A draw of inputs with what the dense network t_0 says of them."""

    x: jax.Array  # (samples, inputs), normalised
    home: jax.Array  # (samples, outputs), f_{t_0}(x)
    spread: jax.Array  # (), E ||f_{t_0} - E f_{t_0}||^2_L: the unit of d^2
    temperature: jax.Array  # (), T; without effect on `logits`

    @property
    def likely(self) -> jax.Array:
        """q = softmax(home / T), (samples, outputs)."""
        return jax.nn.softmax(self.home / self.temperature, axis=-1)


class Shape(NamedTuple):
    """What a compiled function must know beforehand; hashable."""

    activations: Activations
    output: OutputMetric


def default_metric(inputs: int, outputs: int) -> OutputMetric:
    """What to assume when nobody says: fewer outputs than inputs score answers; as many, or one, are values."""
    return OutputMetric.TEMPERED if 1 < outputs < inputs else OutputMetric.LOGITS


def refer(home: Point, x: jax.Array, shape: Shape) -> Reference:
    """The reference of the dense point `home` on normalised inputs x, in units that the draw itself gives."""
    outputs = _evaluate(home, x, shape.activations)
    return in_unit(Reference(x, outputs, jnp.ones(()), _temperature(outputs, shape.output)), shape)


def in_unit(draw: Reference, shape: Shape) -> Reference:
    """`draw` with the unit of d^2 that its outputs give at its temperature."""
    return draw._replace(spread=_spread(draw, shape))


@partial(jax.jit, static_argnames="shape")
def _spread(draw: Reference, shape: Shape) -> jax.Array:
    centred = root(draw.likely, draw.home - draw.home.mean(axis=0), shape.output)
    return jnp.mean(jnp.sum(centred**2, axis=1))


def _temperature(outputs: jax.Array, output: OutputMetric) -> jax.Array:
    if output is not OutputMetric.TEMPERED:
        return jnp.ones(())
    apart = jnp.sqrt(jnp.mean((outputs - outputs.mean(axis=1, keepdims=True)) ** 2))
    return jnp.where(apart > 0, COOL * apart, 1.0)  # one output, or outputs that are always equal: q is even


def root(q: jax.Array, difference: jax.Array, output: OutputMetric) -> jax.Array:
    """R delta with R^T R = L at each sample, so that ||R delta||^2 = delta^T L delta. Both (samples, outputs)."""
    if output is OutputMetric.LOGITS:
        return difference
    return jnp.sqrt(q) * (difference - CENTRED[output] * jnp.sum(q * difference, axis=-1, keepdims=True))


def root_transpose(q: jax.Array, cotangent: jax.Array, output: OutputMetric) -> jax.Array:
    """R^T u, the adjoint of `root`."""
    if output is OutputMetric.LOGITS:
        return cotangent
    weighed = jnp.sqrt(q) * cotangent
    return weighed - CENTRED[output] * q * jnp.sum(weighed, axis=-1, keepdims=True)


def residual(point: Point, reference: Reference, shape: Shape) -> jax.Array:
    """r_t, (samples, outputs), with ||r_t|| = d(t, t_0) on the reference's draw."""
    difference = evaluate(point, reference.x, shape.activations) - reference.home
    return root(reference.likely, difference, shape.output) / jnp.sqrt(len(reference.x) * reference.spread)


@partial(jax.jit, static_argnames="shape")
def squared_distance(point: Point, reference: Reference, shape: Shape) -> jax.Array:
    """d(t, t_0)^2, what costs are in; people are shown its root."""
    return jnp.sum(residual(point, reference, shape) ** 2)


def distance(point: Point, reference: Reference, shape: Shape) -> float:
    """d(t, t_0), without units: 0 at home, 1 for a network that says the same of every input."""
    return float(jnp.sqrt(squared_distance(point, reference, shape)))


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
