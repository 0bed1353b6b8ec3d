"""A network as a function of its parameters: a point t on the parameter surface, and f_t on normalised inputs.

Activations are a static tuple of booleans, so that one compiled function serves every point of the same shape.
Mathematics: docs/mathematics.md, section 1.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from armlet.errors import InputError
from armlet.network.activation import Activation
from armlet.network.network import F32, Network

Parameters: TypeAlias = tuple[jax.Array, jax.Array]  # of a layer: weight (out, in), bias (out,)
Point: TypeAlias = tuple[Parameters, ...]
Masks: TypeAlias = tuple[jax.Array, ...]  # for each layer: 1.0 where a weight survives, 0.0 where it is removed


def point_of(network: Network) -> Point:
    """The parameters of `network`, float32."""
    return tuple((jnp.asarray(layer.weight), jnp.asarray(layer.bias)) for layer in network.layers)


def masks_of(network: Network) -> Masks:
    """The connections of `network`: a weight that is zero already is absent and stays so."""
    return tuple(jnp.asarray(layer.weight != 0, jnp.float32) for layer in network.layers)


def rectified(network: Network) -> tuple[bool, ...]:
    """Which layers end in a ReLU. Raises `InputError` for an activation that the mathematics does not know yet."""
    for i, layer in enumerate(network.layers):
        if layer.activation not in (Activation.RELU, Activation.LINEAR):
            problem = f"has activation {layer.activation.value}"
            raise InputError(f"layer {i}", problem, "sparsify takes relu and linear layers")
    return tuple(layer.activation is Activation.RELU for layer in network.layers)


def network_at(point: Point, home: Network, provenance: Mapping[str, Any]) -> Network:
    """The network at `point`, of the same shape, activations and domain as `home`."""
    layers = tuple(
        replace(layer, weight=np.asarray(weight), bias=np.asarray(bias))
        for (weight, bias), layer in zip(point, home.layers, strict=True)
    )
    return replace(home, layers=layers, provenance=provenance)


def normalised(network: Network, raw: F32) -> F32:
    """Raw inputs (samples, inputs) as the first layer takes them: (x - mean) / std."""
    if network.domain.is_normalised:
        return raw
    return ((raw - network.domain.mean) / network.domain.std).astype(np.float32)


def evaluate(point: Point, x: jax.Array, relu: tuple[bool, ...]) -> jax.Array:
    """f_t on normalised inputs: (samples, inputs) to (samples, outputs)."""
    for (weight, bias), rectify in zip(point, relu, strict=True):
        x = x @ weight.T + bias
        x = jax.nn.relu(x) if rectify else x
    return x


def outputs(network: Network, raw: F32) -> F32:
    """f on raw inputs (samples, inputs) in float32 by numpy: to rank draws and to show accuracies, not to measure d."""
    value = normalised(network, raw)
    for layer in network.layers:
        value = value @ layer.weight.T + layer.bias
        value = np.maximum(value, 0) if layer.activation is Activation.RELU else value
    return value


def masked(point: Point, masks: Masks) -> Point:
    """`point` with every removed weight at exactly zero."""
    return tuple((jnp.where(mask > 0, weight, 0.0), bias) for (weight, bias), mask in zip(point, masks, strict=True))
