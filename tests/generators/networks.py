"""The one law of random networks, and of inputs for them: all property tests and all searches draw from here.

A network is built from a small pool of drawn weights spread at random, so that values repeat and layers of any density
come quickly: weights are ordinary, cheap (powers of two, +-1, zeros of both signs), denormal or huge; neurons have no
way in or no way out; the ends of intervals are edges of float32.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Dense
from armlet.network.network import Network
from generators.choices import Choices, Drawn, Seeded

CHEAP = (0.0, -0.0, 1.0, -1.0, 2.0, -0.5, 0.25, -8.0, 2.0**-20)  # absent, sign, doubled, held, powers of two
DENORMAL = (2.0**-149, -(2.0**-149), 1e-40, -1.1754942e-38)
LARGE = (1e9, -(2.0**30))  # one layer of these overflows nothing
LARGEST = float(np.finfo(np.float32).max)
OVERFLOWING = (LARGEST, -3e38, 2.0**127)
SLOPES = (0.01, 0.3, 0.5, 1 - 2.0**-24, 2.0**-149)
EDGES = (0.0, -0.0, 1.0, -1.0, 2.0**-149, -(2.0**-133), 0.125, 255.0, -84.875)  # of input intervals, all float32
DENSITIES = (1.0, 0.5, 0.2, 0.05, 0.0)


@st.composite
def networks(
    draw: st.DrawFn, widest: int = 8, deepest: int = 4, overflowing: bool = False, normalised: bool | None = None
) -> Network:
    """A multilayer perceptron, float32 to the edges.

    `overflowing` lets sums leave float32, whose results are unspecified. `normalised` asks for a domain with mean 0
    and std 1 (True) or with a normalisation to fold (False).
    """
    return _network(Drawn(draw), widest, deepest, overflowing, normalised)


@st.composite
def domains(draw: st.DrawFn, inputs: int, normalised: bool | None = None) -> InputDomain:
    """The domain of such a network."""
    return _domain(Drawn(draw), inputs, normalised)


def draw_network(rng: np.random.Generator, widest: int = 8, deepest: int = 4) -> Network:
    """Mostly small; one in ten three times as wide, one in ten with weights that may leave float32."""
    choices = Seeded(rng)
    widest = widest * 3 if choices.chance(10) else widest
    return _network(choices, widest, deepest, choices.chance(10))


def _network(choices: Choices, widest: int, deepest: int, overflowing: bool, normalised: bool | None = None) -> Network:
    widths = [choices.integer(1, widest) for _ in range(choices.integer(2, deepest + 1))]
    last, large = len(widths) - 2, choices.integer(-len(widths), len(widths) - 2)
    layers: list[Dense] = []
    for i, (fan_in, fan_out) in enumerate(pairwise(widths)):
        special = CHEAP + DENORMAL + (LARGE if i == large else ()) + (LARGE + OVERFLOWING if overflowing else ())
        activation = Activation.LINEAR if i == last else Activation.RELU
        if choices.chance(8):
            activation = choices.pick(tuple(Activation))
        slope = choices.pick(SLOPES)
        layers.append(replace(_layer(choices, fan_in, fan_out, special, activation), slope=slope))
    return Network(tuple(layers), _domain(choices, widths[0], normalised), (widths[0],))


def _layer(choices: Choices, fan_in: int, fan_out: int, special: tuple[float, ...], activation: Activation) -> Dense:
    spread = choices.spread
    weight = spread.choice(choices.pool(special, 6), (fan_out, fan_in))
    if choices.chance(2):  # most trained weights are like no other
        weight = np.clip(weight * (1 + spread.integers(-9, 10, weight.shape) / 64), -LARGEST, LARGEST)
    weight = np.where(spread.random(weight.shape) < choices.pick(DENSITIES), weight, 0.0)
    if choices.chance(2):  # rows without a way in, columns without a way out
        weight[spread.random(fan_out) < 0.3, :] = 0
        weight[:, spread.random(fan_in) < 0.3] = 0
    bias = spread.choice(choices.pool(special, 3), fan_out)
    if choices.chance(4):  # neurons that are others, times a power of two
        (one, other), times = spread.integers(0, fan_out, 2), 2.0 ** spread.integers(-2, 3)
        weight[one] = np.clip(weight[other] * times, -LARGEST, LARGEST)
        bias[one] = np.clip(bias[other] * times, -LARGEST, LARGEST)
    return Dense(weight.astype(np.float32), bias.astype(np.float32), activation)


def _domain(choices: Choices, inputs: int, normalised: bool | None) -> InputDomain:
    """Intervals whose ends are float32 values, the same for all inputs or one for each; some hold a single point."""
    ends = choices.ends(EDGES, inputs if choices.chance(2) else 1)
    if normalised is None:
        normalised = choices.chance(2)
    if normalised:
        return InputDomain.uniform(inputs, ends[:, 0], ends[:, 1])
    share, std = choices.number(0, 1), np.float32(choices.number(0.125, 4))  # where in the interval the mean lies
    mean = (ends @ (1 - share, share)).astype(np.float32).clip(*ends.T)
    return InputDomain.uniform(inputs, ends[:, 0], ends[:, 1], mean, 2.0 if std == 1 and not mean.any() else std)


@st.composite
def inputs_for(draw: st.DrawFn, network: Network, most: int = 4) -> NDArray[np.float32]:
    """Raw inputs in the domain, (samples, inputs): ends of intervals, zeros of both signs, denormals, and between."""
    samples = draw(st.integers(1, most))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    low, high = network.domain.low, network.domain.high
    shape = (samples, network.inputs)
    between = low + (high - low) * random.random(shape)
    special = random.choice(np.array((0.0, -0.0, 2.0**-149, -1e-40)), shape)
    ends = np.where(random.random(shape) < 0.5, low, high)
    kind = random.choice(4, shape)
    drawn = np.where(kind < 2, between, np.where(kind == 2, ends, special))
    return _into(drawn, low, high)


def _into(values: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float32]:
    """The nearest float32 inside the interval, whose ends are float32."""
    inside = (values >= low) & (values <= high)
    return np.where(inside, values, np.clip(values, low, high)).astype(np.float32)
