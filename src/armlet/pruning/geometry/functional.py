"""Evaluate a network as a function of its parameters: a point t gives the function f_t on normalised inputs.

Mathematics: docs/mathematics.md, section 1.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from armlet.network.activation import activated
from armlet.network.frozen import F32
from armlet.network.layers import Add, Pool, Reshape, Weighted
from armlet.network.network import Network
from armlet.pruning.geometry.architecture import (
    Architecture,
    Step,
    Sums,
    Windows,
    activate,
    architecture_of,
    as_planes,
    as_rows,
    convolved,
    pooled,
)

Parameters: TypeAlias = tuple[jax.Array, jax.Array]  # of a layer: weight (out, in) or (out, in, height, width), bias
Point: TypeAlias = tuple[Parameters, ...]  # of the layers that have weights
Masks: TypeAlias = tuple[jax.Array, ...]  # for each of them: 1.0 where a weight survives, 0.0 where it is removed
Watch: TypeAlias = Callable[[int, jax.Array, jax.Array], jax.Array]
"""Given the number of a layer with weights, what it takes, and its sums; gives the sums to go on with."""

_AT_ONCE = 1 << 24  # numbers of all values of the samples that are evaluated together: 64 MB


def point_of(network: Network) -> Point:
    """The parameters of `network`, float32."""
    return tuple((jnp.asarray(layer.weight), jnp.asarray(layer.bias)) for layer in weighted(network))


def weighted(network: Network) -> tuple[Weighted, ...]:
    """The layers that have weights, in their order."""
    return tuple(layer for layer in network.layers if isinstance(layer, Weighted))


def masks_of(network: Network) -> Masks:
    """1 for each connection of `network`. A weight that is already zero counts as removed."""
    return masks_at(point_of(network))


def masks_at(point: Point) -> Masks:
    """1 for each weight of `point` that is not zero."""
    return tuple((weight != 0).astype(jnp.float32) for weight, _ in point)


def network_at(point: Point, dense: Network, provenance: Mapping[str, Any]) -> Network:
    """The network with the parameters of `point` and all else of `dense`."""
    parameters = iter(point)
    layers = tuple(_layer_at(layer, parameters) if isinstance(layer, Weighted) else layer for layer in dense.layers)
    return replace(dense, layers=layers, provenance=provenance)


def _layer_at(layer: Weighted, parameters: Iterator[Parameters]) -> Weighted:
    weight, bias = next(parameters)
    return replace(layer, weight=np.asarray(weight), bias=np.asarray(bias))


def normalised(network: Network, raw: F32) -> F32:
    """Normalise raw inputs (samples, inputs) as the first layer takes them: (x - mean) / std."""
    if network.domain.is_normalised:
        return raw
    return ((raw - network.domain.mean) / network.domain.std).astype(np.float32)


def _sums(number: int, taken: jax.Array, z: jax.Array) -> jax.Array:
    """Watch nothing."""
    return z


def evaluate(point: Point, x: jax.Array, architecture: Architecture, watch: Watch = _sums) -> jax.Array:
    """Evaluate f_t on normalised inputs: (samples, inputs) to (samples, outputs)."""
    return as_rows(values_of(point, x, architecture, watch)[-1])


def values_of(point: Point, x: jax.Array, architecture: Architecture, watch: Watch = _sums) -> list[jax.Array]:
    """What the first layer takes of normalised inputs, and what each layer gives: planes or rows."""
    shapes = architecture.shapes
    values = [as_planes(x, shapes[0]) if shapes and len(shapes[0]) == 3 else x]
    number = 0
    for step, sources in zip(architecture.steps, architecture.wiring, strict=True):
        taken = [values[source] for source in sources]
        if isinstance(step, Sums | Windows):
            z = watch(number, taken[0], _affine(step, taken[0], *point[number]))
            number += 1
            values.append(activate(step, z))
        else:
            values.append(_unweighted(step, taken))
    return values


def _affine(step: Sums | Windows, taken: jax.Array, weight: jax.Array, bias: jax.Array) -> jax.Array:
    if isinstance(step, Sums):
        return as_rows(taken) @ weight.T + bias
    return convolved(taken, weight, step) + bias


def _unweighted(step: Step, taken: list[jax.Array]) -> jax.Array:
    match step:
        case Pool():
            return pooled(taken[0], step)
        case Add():
            return activate(step, taken[0] + taken[1])
        case Reshape(shape):
            row = as_rows(taken[0])
            return as_planes(row, shape) if shape is not None and len(shape) == 3 else row
        case Sums() | Windows():
            raise AssertionError


def evaluate_all(point: Point, x: jax.Array | F32, architecture: Architecture) -> jax.Array:
    """The same in parts of bounded memory, where a sample has more values than a row."""
    if architecture.is_chain:
        return _evaluate(point, jnp.asarray(x), architecture)
    rows = max(1, min(len(x), _AT_ONCE // architecture.size))
    parts = (_filled(x[at : at + rows], rows) for at in range(0, len(x), rows))
    return jnp.concatenate([_evaluate(point, jnp.asarray(part), architecture) for part in parts])[: len(x)]


def _filled(x: jax.Array | F32, rows: int) -> jax.Array | F32:
    """As many rows as all parts have, so that one compiled function serves them."""
    return x if len(x) == rows else np.concatenate([x, np.zeros((rows - len(x), x.shape[1]), x.dtype)])


def outputs(network: Network, raw: F32) -> F32:
    """Evaluate a network on raw inputs (samples, inputs) in float32.

    This ranks draws and shows accuracies; d is measured by `evaluate`.
    """
    value = normalised(network, raw)
    if not (architecture := architecture_of(network)).is_chain:
        return np.asarray(evaluate_all(point_of(network), value, architecture))
    for layer in network.dense:
        value = value @ layer.weight.T + layer.bias
        value = activated(layer.activation, np.float32(layer.slope), value)
    return value


def masked(point: Point, masks: Masks) -> Point:
    """Set every removed weight of `point` to exactly zero."""
    return tuple((jnp.where(mask > 0, weight, 0.0), bias) for (weight, bias), mask in zip(point, masks, strict=True))


_evaluate = jax.jit(evaluate, static_argnames=("architecture", "watch"))
