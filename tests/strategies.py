"""The one generator of random networks, and of inputs for them: all property tests draw from here.

A network is built from a small pool of drawn weights spread by a drawn seed, so that values repeat, layers of any
density come quickly, and a failing example shrinks to few widths, few weights and seed 0.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.network import Layer, Network

CHEAP = (0.0, -0.0, 1.0, -1.0, 2.0, -2.0, -0.5, 1.75, -8.0, 2.0**-20)  # absent, sign, doubled, held, powers of two
DENORMAL = (2.0**-149, -(2.0**-149), 1e-40, -1.1754942e-38)
LARGE = (1e9, -(2.0**30))  # one layer of these overflows nothing
LARGEST = float(np.finfo(np.float32).max)
OVERFLOWING = (LARGEST, -3e38, 2.0**127)
SLOPES = st.sampled_from((0.01, 0.3, 0.5, 1 - 2.0**-24, 2.0**-149))
EDGES = (0.0, -0.0, 1.0, -1.0, 2.0**-149, -(2.0**-133), 0.125, 255.0, -84.875)  # of input intervals, all float32


def _float32(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(float(np.float32(low)), float(np.float32(high)), width=32)


def weights(overflowing: bool = False) -> st.SearchStrategy[float]:
    """One float32 weight: ordinary, cheap or special."""
    special = CHEAP + DENORMAL + (LARGE + OVERFLOWING if overflowing else ())
    return _float32(-8, 8) | st.sampled_from(special)


@st.composite
def networks(
    draw: st.DrawFn,
    widest: int = 8,
    deepest: int = 4,
    overflowing: bool = False,
    normalised: bool | None = None,
) -> Network:
    """A multilayer perceptron, float32 to the edges.

    `overflowing` lets sums leave float32, whose results are unspecified. `normalised` asks for a domain with mean 0
    and std 1 (True) or with a normalisation to fold (False).
    """
    widths = draw(st.lists(st.integers(1, widest), min_size=2, max_size=deepest + 1))
    large = draw(st.none() | st.integers(0, len(widths) - 2))
    last = len(widths) - 2
    layers: list[Layer] = []
    for i, (fan_in, fan_out) in enumerate(pairwise(widths)):
        values = weights(overflowing) | st.sampled_from(LARGE) if i == large else weights(overflowing)
        activation = Activation.LINEAR if i == last else Activation.RELU
        if draw(st.integers(0, 7)) == 7:
            activation = draw(st.sampled_from(Activation))
        layer = draw(_layers(fan_in, fan_out, values, activation))
        layers.append(replace(layer, slope=draw(SLOPES)) if activation is Activation.LEAKY_RELU else layer)
    domain = draw(domains(widths[0], normalised))
    return Network(tuple(layers), domain, (widths[0],))


@st.composite
def _layers(
    draw: st.DrawFn, fan_in: int, fan_out: int, values: st.SearchStrategy[float], activation: Activation
) -> Layer:
    pool = np.array(draw(st.lists(values, min_size=1, max_size=6)), np.float32)
    density = draw(st.sampled_from((1.0, 0.5, 0.2, 0.05, 0.0)))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weight = random.choice(pool, (fan_out, fan_in))
    if draw(st.booleans()):  # most trained weights are like no other
        weight = np.clip(weight * (1 + random.integers(-9, 10, weight.shape) / 64), -LARGEST, LARGEST)
    weight = np.where(random.random(weight.shape) < density, weight, np.float32(0))
    if draw(st.booleans()):  # rows without a way in, columns without a way out
        weight[random.random(fan_out) < 0.3, :] = 0
        weight[:, random.random(fan_in) < 0.3] = 0
    bias = random.choice(np.array(draw(st.lists(values, min_size=1, max_size=3)), np.float32), fan_out)
    if draw(st.integers(0, 3)) == 3:  # neurons that are others, times a power of two
        one, other = random.integers(0, fan_out, 2)
        times = 2.0 ** random.integers(-2, 3)
        weight[one] = np.clip(weight[other].astype(np.float64) * times, -LARGEST, LARGEST)
        bias[one] = np.clip(float(bias[other]) * times, -LARGEST, LARGEST)
    return Layer(weight, bias, activation)


@st.composite
def domains(draw: st.DrawFn, inputs: int, normalised: bool | None = None) -> InputDomain:
    """Intervals whose ends are float32 values, the same for all inputs or one for each; some hold a single point."""
    end = st.sampled_from(EDGES) | _float32(-4, 4)
    count = inputs if draw(st.booleans()) else 1
    ends = np.array([sorted(draw(st.tuples(end, end))) for _ in range(count)])
    if normalised is None:
        normalised = draw(st.booleans())
    share = draw(st.none() | st.floats(0, 1))  # where in the interval the mean lies, if it is not 0
    mean = 0.0 if normalised or share is None else np.float32(ends @ (1 - share, share)).clip(*ends.T)
    std = 1.0 if normalised else draw(_float32(0.125, 4))
    if not normalised and not np.any(mean) and std == 1:
        std = 2.0
    return InputDomain.uniform(inputs, ends[:, 0], ends[:, 1], mean, std)


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
