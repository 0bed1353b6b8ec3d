"""A multilayer perceptron as JAX sees it: a list of (weight, bias), its start, its logits and its loss."""

from itertools import pairwise
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import optax

Parameters: TypeAlias = list[tuple[jax.Array, jax.Array]]  # weight (outputs, inputs), bias (outputs,)


def initial(random: np.random.Generator, widths: tuple[int, ...]) -> Parameters:
    """He's start: weights of variance 2 / inputs, which keeps the signal through ReLU; biases zero.

    He, Zhang, Ren, Sun, "Delving deep into rectifiers", ICCV 2015.
    """
    weights = [random.standard_normal((n, m), np.float32) * np.float32((2 / m) ** 0.5) for m, n in pairwise(widths)]
    return [(jnp.asarray(weight), jnp.zeros(len(weight))) for weight in weights]


def logits(parameters: Parameters, x: jax.Array) -> jax.Array:
    """(samples, classes) of (samples, inputs)."""
    *hidden, (weight, bias) = parameters
    for w, b in hidden:
        x = jax.nn.relu(x @ w.T + b)
    return x @ weight.T + bias


def loss(parameters: Parameters, x: jax.Array, y: jax.Array) -> jax.Array:
    """Mean cross entropy in nats."""
    return optax.losses.softmax_cross_entropy_with_integer_labels(logits(parameters, x), y).mean()
