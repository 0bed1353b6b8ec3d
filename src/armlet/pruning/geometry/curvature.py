"""Compute the diagonal of the metric G and its blocks within a unit, without forming G.

For a weight t_ji of unit j, dr/dt_ji = x_i dr/dz_j. So the block of G within one unit is E[s_j x x^T] with
s_j = ||dr/dz_j||^2. Sums over samples are products of matrices: no Jacobian of a sample is ever formed, and memory is
linear in the parameters. Weights of windows serve many positions, so that their slopes are taken sample by sample
(slopes.py). Mathematics: docs/mathematics.md, section 3.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from armlet.network.activation import Activation
from armlet.pruning.geometry.architecture import Sums, activate
from armlet.pruning.geometry.functional import Point
from armlet.pruning.geometry.metric import Reference, Shape, root_transpose, squared_distance
from armlet.pruning.geometry.slopes import parts_of, sample_slopes

_LARGEST = 1 << 22  # floats of one chunk's deltas, rows x samples x units: 16 MB
MOST_ROWS = 64  # outputs that are propagated back one by one; for more, random signs are
PROBES = 16  # random signs for each sample: thousands of samples average their noise out


class LayerCurvature(NamedTuple):
    """Entries of G for one layer with inputs x and sensitivities s: expectations over the draw."""

    weight: jax.Array  # as the weight, E[s_j x_i^2] = G_ii of the weight
    cross: jax.Array  # the same, E[s_j x_i] = G between the weight and its unit's bias
    bias: jax.Array  # (out,), E[s_j] = G_ii of the bias


@jax.jit
def curvature_from(x: jax.Array, s: jax.Array) -> LayerCurvature:
    """Sum the entries of G for a layer with inputs x (samples, in) and sensitivities s (samples, out)."""
    return LayerCurvature(s.T @ x**2, s.T @ x, s.sum(axis=0))


def curvature(point: Point, reference: Reference, key: jax.Array, shape: Shape) -> tuple[LayerCurvature, ...]:
    """The entries of G for every layer of weights.

    Of dense layers in a chain they are exact for up to `MOST_ROWS` outputs, else an unbiased estimate.
    """
    if shape.architecture.is_chain:
        return chain_curvature(point, reference, key, shape)
    parts = parts_of(point, reference, key, shape)
    return added([_part_curvature(point, part, fresh, shape) for part, fresh in parts])


def added(parts: Sequence[tuple[LayerCurvature, ...]]) -> tuple[LayerCurvature, ...]:
    """The sum of what parts of a draw give."""
    return jax.tree.map(lambda *each: sum(each[1:], each[0]), *parts)


@partial(jax.jit, static_argnames="shape")
def _part_curvature(point: Point, part: Reference, key: jax.Array, shape: Shape) -> tuple[LayerCurvature, ...]:
    slopes = sample_slopes(point, part, key, shape)
    return tuple(summed(*layer, weight.shape) for layer, (weight, _) in zip(slopes, point, strict=True))


def summed(weight: jax.Array, bias: jax.Array, size: tuple[int, ...]) -> LayerCurvature:
    """The entries of G for a layer, from slopes of samples in its weights (samples, out, ...) and its biases."""
    cross = jnp.einsum("nok,no->ok", weight, bias)
    return LayerCurvature(jnp.sum(weight**2, axis=0).reshape(size), cross.reshape(size), jnp.sum(bias**2, axis=0))


@partial(jax.jit, static_argnames="shape")
def chain_curvature(point: Point, reference: Reference, key: jax.Array, shape: Shape) -> tuple[LayerCurvature, ...]:
    """The same of dense layers in a chain, as one program."""
    parts = _chunks(point, reference, key, shape)

    def sum_chunk(total: tuple[LayerCurvature, ...], part: tuple[jax.Array, jax.Array, jax.Array, jax.Array]):
        found = (curvature_from(x, s) for x, s in _sensitivities(point, *part, shape))
        return jax.tree.map(jnp.add, total, tuple(found)), None

    start = tuple(LayerCurvature(jnp.zeros_like(w), jnp.zeros_like(w), jnp.zeros_like(b)) for w, b in point)
    return jax.lax.scan(sum_chunk, start, parts)[0]


@partial(jax.jit, static_argnames="shape")
def sensitivities(
    point: Point, reference: Reference, key: jax.Array, shape: Shape
) -> tuple[tuple[jax.Array, jax.Array], ...]:
    """Inputs x (samples, in) and s (samples, out) of each layer: within unit j, G is the sum of s_j x x^T."""

    def some(part: tuple[jax.Array, jax.Array, jax.Array, jax.Array]) -> tuple[tuple[jax.Array, jax.Array], ...]:
        return _sensitivities(point, *part, shape)

    parts = jax.lax.map(some, _chunks(point, reference, key, shape))
    return jax.tree.map(lambda a: a.reshape(-1, a.shape[-1])[: len(reference.x)], parts)


def _chunks(
    point: Point, reference: Reference, key: jax.Array, shape: Shape
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """Split inputs, root weights, shares of the expectation and the key into chunks of bounded memory."""
    samples, outputs = reference.dense.shape
    rows = outputs if outputs <= MOST_ROWS else PROBES
    widest = max(max(weight.shape) for weight, _ in point)
    chunk = max(1, min(samples, _LARGEST // (rows * widest)))
    count = -(-samples // chunk)
    missing = count * chunk - samples
    # the last chunk is padded with samples of weight zero
    share = jnp.ones(samples) / (samples * reference.spread)
    x, q, share = (
        jnp.pad(a, [(0, missing)] + [(0, 0)] * (a.ndim - 1)).reshape(count, chunk, *a.shape[1:])
        for a in (reference.x, reference.root_weights(shape.output), share)
    )
    return x, q, share, jax.random.split(key, count)


def gradient(point: Point, reference: Reference, key: jax.Array, shape: Shape) -> Point:
    """The gradient of d^2 in the parameters."""
    if shape.architecture.is_chain:
        return _gradient(point, reference, shape)
    parts = [part for part, _ in parts_of(point, reference, key, shape)]
    slopes = [_gradient(point, part, shape) for part in parts]
    return jax.tree.map(lambda *each: sum(each) * len(parts[0].x), *slopes)


@partial(jax.jit, static_argnames="shape")
def _gradient(point: Point, reference: Reference, shape: Shape) -> Point:
    return jax.grad(squared_distance)(point, reference, shape)


def _sensitivities(
    point: Point, x: jax.Array, q: jax.Array, share: jax.Array, key: jax.Array, shape: Shape
) -> tuple[tuple[jax.Array, jax.Array], ...]:
    inputs, open_gates = _forward(point, x, shape.architecture.chain)
    deltas = root_transpose(q, _rows(q, key), shape.output)
    found: list[tuple[jax.Array, jax.Array]] = []
    for (weight, _), x_in, gate in reversed(list(zip(point, inputs, open_gates))):
        deltas = deltas if gate is None else deltas * gate
        found.append((x_in, jnp.sum(deltas**2, axis=0) * share[:, None]))
        if len(found) < len(point):
            deltas = deltas @ weight
    return tuple(reversed(found))


def _rows(q: jax.Array, key: jax.Array) -> jax.Array:
    """Cotangents u (rows, samples, outputs) with sum u u^T = I at each sample: exactly, or on average over keys.

    Random signs: Hutchinson, Commun. Stat. Simul. 19, 1990.
    """
    samples, outputs = q.shape
    if outputs <= MOST_ROWS:
        return jnp.broadcast_to(jnp.eye(outputs)[:, None, :], (outputs, samples, outputs))
    return jax.random.rademacher(key, (PROBES, samples, outputs), q.dtype) / jnp.sqrt(PROBES)


def _forward(point: Point, x: jax.Array, steps: tuple[Sums, ...]) -> tuple[list[jax.Array], list[jax.Array | None]]:
    inputs: list[jax.Array] = []
    gates: list[jax.Array | None] = []
    for (weight, bias), kind in zip(point, steps, strict=True):
        inputs.append(x)
        z = x @ weight.T + bias
        x, gate = jax.jvp(partial(activate, kind), (z,), (jnp.ones_like(z),))
        gates.append(None if kind[0] is Activation.LINEAR else gate)
    return inputs, gates
