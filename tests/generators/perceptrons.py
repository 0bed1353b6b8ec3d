"""ReLU perceptrons of given widths, the same for the same seed."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Dense
from armlet.network.network import Network, multilayer_perceptron

SCALES = (1e-42, 1e-30, 1e-3, 1.0, 1e3, 1e12)


def random_network(
    widths: Sequence[int],
    density: float = 1.0,
    seed: int = 0,
    domain: InputDomain | None = None,
    *,
    gain: float | None = None,
    bias: float = 1.0,
    shape: tuple[int, ...] = (),
) -> Network:
    """Normal weights, of which this part is left, and normal biases of standard deviation `bias`.

    The weights' standard deviation is 1, or with a gain what keeps signals at that size: gain / sqrt(fan in). The
    inputs lie between 0 and 1 where no domain is given.
    """
    rng = np.random.default_rng(seed)
    weights: list[np.ndarray] = []
    for fan_in, fan_out in pairwise(widths):
        weight = rng.normal(size=(fan_out, fan_in)) * (1 if gain is None else gain / fan_in**0.5)
        weights.append(weight * (rng.random(weight.shape) < density) if density < 1 else weight)
    biases = [bias * rng.normal(size=fan_out) for fan_out in widths[1:]]
    return multilayer_perceptron([*weights], [*biases], domain or InputDomain.uniform(widths[0]), shape)


def initialised(widths: tuple[int, ...] = (6, 5, 4, 3), seed: int = 0, shape: tuple[int, ...] = ()) -> Network:
    """As training begins, on inputs with a normalisation; a row of inputs where no shape is given."""
    domain = InputDomain.uniform(widths[0], -1.0, 1.0, 0.25, 0.5)
    return random_network(widths, 1.0, seed, domain, gain=1, bias=0.25, shape=shape or widths[:1])


def small_network(seed: int = 0) -> Network:
    """9-7-6-3 with six of ten weights: small enough for an emulator, large enough for every kind of instruction."""
    return random_network((9, 7, 6, 3), 0.6, seed, InputDomain.uniform(9, -1, 2), shape=(9,))


def tiny() -> Network:
    """Two inputs, two hidden, one output, one connection pruned: the network of docs/compiler.md."""
    hidden = Dense(np.array([[1.0, -0.5], [0.0, 2.0]]), np.array([0.25, -1.0]), Activation.RELU)
    return Network(
        (hidden, Dense(np.array([[3.0, 0.5]]), np.array([0.0]), Activation.LINEAR)), InputDomain.uniform(2), (2,)
    )


def scaled_network(rng: np.random.Generator, normalised: bool) -> Network:
    """Weights of very different sizes, beside each other in one neuron; any activations."""
    widths = rng.integers(1, 24, rng.integers(2, 6))
    layers: list[Dense] = []
    for fan_in, fan_out in pairwise(widths):
        scale = rng.choice(SCALES, (fan_out, fan_in), p=(0.05, 0.05, 0.1, 0.65, 0.1, 0.05))
        weight = rng.standard_normal((fan_out, fan_in)) * scale * (rng.random((fan_out, fan_in)) < 0.7)
        bias = rng.standard_normal(fan_out) * rng.choice(SCALES)
        kind = tuple(Activation)[rng.integers(len(Activation))]
        layers.append(Dense(weight.astype(np.float32), bias.astype(np.float32), kind))
    inputs = int(widths[0])
    mean, std = (rng.random(inputs), rng.random(inputs) + 0.1) if normalised else (0.0, 1.0)
    return Network(tuple(layers), InputDomain.uniform(inputs, -2, 2, mean, std), (inputs,))
