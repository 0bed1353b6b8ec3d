"""A multilayer perceptron as JAX sees it: a list of (weight, bias), its start, its logits and its loss."""

from itertools import pairwise
from typing import TypeAlias

import jax
import jax.numpy as jnp
import optax

Parameters: TypeAlias = list[tuple[jax.Array, jax.Array]]  # weight (outputs, inputs), bias (outputs,)


def initial(key: jax.Array, widths: tuple[int, ...]) -> Parameters:
    """He's start: weights of variance 2 / inputs, which keeps the signal through ReLU; biases zero.

    He, Zhang, Ren, Sun, "Delving deep into rectifiers", ICCV 2015.
    """
    keys = jax.random.split(key, len(widths) - 1)
    return [
        (jax.random.normal(k, (fan_out, fan_in)) * jnp.sqrt(2.0 / fan_in), jnp.zeros(fan_out))
        for k, (fan_in, fan_out) in zip(keys, pairwise(widths))
    ]


def logits(parameters: Parameters, x: jax.Array) -> jax.Array:
    """(samples, classes) of (samples, inputs)."""
    *hidden, (weight, bias) = parameters
    for w, b in hidden:
        x = jax.nn.relu(x @ w.T + b)
    return x @ weight.T + bias


def loss(parameters: Parameters, x: jax.Array, y: jax.Array) -> jax.Array:
    """Mean cross entropy in nats."""
    return optax.losses.softmax_cross_entropy_with_integer_labels(logits(parameters, x), y).mean()
