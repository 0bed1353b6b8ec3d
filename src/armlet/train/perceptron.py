"""A multilayer perceptron as JAX sees it: a list of (weight, bias), its start and its logits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from armlet.network.activation import Activation

Parameters: TypeAlias = list[tuple[jax.Array, jax.Array]]  # weight (outputs, inputs), bias (outputs,)

Kinds: TypeAlias = tuple[tuple[Activation, float], ...]  # of each layer, with the slope that leaky_relu has

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


def initial(random: np.random.Generator, widths: tuple[int, ...]) -> Parameters:
    """He's start: weights of variance 2 / inputs, which keeps the signal through ReLU; biases zero.

    He, Zhang, Ren, Sun, "Delving deep into rectifiers", ICCV 2015.
    """
    weights = [random.standard_normal((n, m), np.float32) * np.float32((2 / m) ** 0.5) for m, n in pairwise(widths)]
    return [(jnp.asarray(weight), jnp.zeros(len(weight))) for weight in weights]


@dataclass(frozen=True, slots=True)
class Perceptron:
    """Its logits as a function of parameters and inputs; equal ones are compiled once."""

    kinds: Kinds

    def __call__(self, parameters: Parameters, x: jax.Array) -> jax.Array:
        """(samples, classes) of (samples, inputs)."""
        for (weight, bias), (kind, slope) in zip(parameters, self.kinds, strict=True):
            x = FUNCTIONS[kind](x @ weight.T + bias, slope)
        return x
