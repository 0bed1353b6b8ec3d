"""Evaluate a network as a function of its parameters: a point t gives the function f_t on normalised inputs.

Activations are a static tuple, so that one compiled function serves all points of the same shape.
Mathematics: docs/mathematics.md, section 1.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from armlet.network.activation import Activation, activated
from armlet.network.frozen import F32
from armlet.network.network import Network

Parameters: TypeAlias = tuple[jax.Array, jax.Array]  # of a layer: weight (out, in), bias (out,)
Point: TypeAlias = tuple[Parameters, ...]
Activations: TypeAlias = tuple[tuple[Activation, float], ...]  # of each layer, with the slope that leaky_relu has
Masks: TypeAlias = tuple[jax.Array, ...]  # for each layer: 1.0 where a weight survives, 0.0 where it is removed

FUNCTIONS: Mapping[Activation, Callable[[jax.Array, float], jax.Array]] = MappingProxyType(
    {
        Activation.LINEAR: lambda x, _: x,
        Activation.RELU: lambda x, _: jax.nn.relu(x),
        Activation.LEAKY_RELU: lambda x, slope: jax.nn.leaky_relu(x, slope),
        Activation.RELU6: lambda x, _: jax.nn.relu6(x),
        Activation.SIGMOID: lambda x, _: jax.nn.sigmoid(x),
        Activation.TANH: lambda x, _: jnp.tanh(x),
    }
)


def point_of(network: Network) -> Point:
    """The parameters of `network`, float32."""
    return tuple((jnp.asarray(layer.weight), jnp.asarray(layer.bias)) for layer in network.dense)


def masks_of(network: Network) -> Masks:
    """1 for each connection of `network`. A weight that is already zero counts as removed."""
    return masks_at(point_of(network))


def masks_at(point: Point) -> Masks:
    """1 for each weight of `point` that is not zero."""
    return tuple((weight != 0).astype(jnp.float32) for weight, _ in point)


def activations_of(network: Network) -> Activations:
    """The activation of each layer."""
    return tuple((layer.activation, layer.slope) for layer in network.dense)


def activate(kind: tuple[Activation, float], z: jax.Array) -> jax.Array:
    """Apply an activation with its slope to the sums z."""
    return FUNCTIONS[kind[0]](z, kind[1])


def network_at(point: Point, dense: Network, provenance: Mapping[str, Any]) -> Network:
    """The network with the parameters of `point` and the shape, activations and domain of `dense`."""
    layers = tuple(
        replace(layer, weight=np.asarray(weight), bias=np.asarray(bias))
        for (weight, bias), layer in zip(point, dense.dense, strict=True)
    )
    return replace(dense, layers=layers, provenance=provenance)


def normalised(network: Network, raw: F32) -> F32:
    """Normalise raw inputs (samples, inputs) as the first layer takes them: (x - mean) / std."""
    if network.domain.is_normalised:
        return raw
    return ((raw - network.domain.mean) / network.domain.std).astype(np.float32)


def evaluate(point: Point, x: jax.Array, activations: Activations) -> jax.Array:
    """Evaluate f_t on normalised inputs: (samples, inputs) to (samples, outputs)."""
    for (weight, bias), kind in zip(point, activations, strict=True):
        x = activate(kind, x @ weight.T + bias)
    return x


def outputs(network: Network, raw: F32) -> F32:
    """Evaluate a network on raw inputs (samples, inputs) in numpy float32.

    This ranks draws and shows accuracies; d is measured by `evaluate`.
    """
    value = normalised(network, raw)
    for layer in network.dense:
        value = value @ layer.weight.T + layer.bias
        value = activated(layer.activation, np.float32(layer.slope), value)
    return value


def masked(point: Point, masks: Masks) -> Point:
    """Set every removed weight of `point` to exactly zero."""
    return tuple((jnp.where(mask > 0, weight, 0.0), bias) for (weight, bias), mask in zip(point, masks, strict=True))
