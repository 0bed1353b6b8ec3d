"""Random networks and random wishes to the compiler out of one numpy generator: a thousand a second, from a number.

The law is that of tests/strategies.py, without hypothesis: few weights, ordinary, cheap (powers of two, +-1,
zeros of both signs), denormal or huge, spread at any density; dead inputs and outputs; normalisation; intervals whose
ends are edges of float32.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from armlet.config import AnnealOptions, CompileOptions
from armlet.isa.targets import TARGETS
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.frozen import F32
from armlet.network.network import Layer, Network

CHEAP = (0.0, -0.0, 1.0, -1.0, 2.0, -0.5, 0.25, -8.0, 2.0**-20)
DENORMAL = (2.0**-149, -(2.0**-149), 1e-40, -1.1754942e-38)
LARGE = (1e9, -(2.0**30))
LARGEST = float(np.finfo(np.float32).max)
OVERFLOWING = (LARGEST, -3e38, 2.0**127)
SLOPES = (0.01, 0.3, 0.5, 1 - 2.0**-24, 2.0**-149)
EDGES = (0.0, -0.0, 1.0, -1.0, 2.0**-149, -(2.0**-133), 0.125, 255.0, -84.875)
DENSITIES = (1.0, 0.5, 0.2, 0.05, 0.0)


def draw_network(rng: np.random.Generator, widest: int = 8, deepest: int = 4) -> Network:
    """Mostly small; one in ten three times as wide, one in ten with weights that may leave float32."""
    widest = widest * 3 if rng.random() < 0.1 else widest
    overflowing = rng.random() < 0.1
    widths = rng.integers(1, widest + 1, rng.integers(2, deepest + 2)).tolist()
    last, large = len(widths) - 2, rng.integers(-len(widths), len(widths) - 1)
    layers: list[Layer] = []
    for i, (fan_in, fan_out) in enumerate(pairwise(widths)):
        special = CHEAP + DENORMAL + (LARGE if i == large else ()) + (LARGE + OVERFLOWING if overflowing else ())
        activation = Activation.LINEAR if i == last else Activation.RELU
        if rng.random() < 0.125:
            activation = tuple(Activation)[rng.integers(len(Activation))]
        slope = float(rng.choice(SLOPES))
        layers.append(replace(_layer(rng, fan_in, fan_out, special, activation), slope=slope))
    return Network(tuple(layers), _domain(rng, widths[0]), (widths[0],))


def draw_options(rng: np.random.Generator) -> CompileOptions:
    """Every wish that changes the code; the annealing short."""
    moves, chains = int(rng.choice([0, 20, 200])), int(rng.integers(1, 3))
    return CompileOptions(
        target=str(rng.choice([*TARGETS])),
        registers=None if rng.random() < 0.2 else int(rng.integers(2, 25)),
        batch=None if rng.random() < 0.5 else int(rng.integers(1, 17)),
        inputs=str(rng.choice(["free", "natural"])),
        multiply_add=str(rng.choice(["separate", "fused"])),
        simplify=bool(rng.random() < 0.8),
        rescale=str(rng.choice(["none", "free", "any"])),
        seed=int(rng.integers(1 << 31)),
        anneal=AnnealOptions(moves=moves, chains=chains),
    )


def _values(rng: np.random.Generator, special: tuple[float, ...], count: int) -> F32:
    pool = np.where(rng.random(count) < 0.5, rng.uniform(-8, 8, count), rng.choice(np.array(special), count))
    return pool.astype(np.float32)


def _layer(
    rng: np.random.Generator, fan_in: int, fan_out: int, special: tuple[float, ...], activation: Activation
) -> Layer:
    weight = rng.choice(_values(rng, special, int(rng.integers(1, 7))), (fan_out, fan_in)).astype(np.float64)
    if rng.random() < 0.5:  # most trained weights are like no other
        weight = np.clip(weight * (1 + rng.integers(-9, 10, weight.shape) / 64), -LARGEST, LARGEST)
    weight = np.where(rng.random(weight.shape) < rng.choice(DENSITIES), weight, 0.0)
    if rng.random() < 0.5:  # rows without a way in, columns without a way out
        weight[rng.random(fan_out) < 0.3, :] = 0
        weight[:, rng.random(fan_in) < 0.3] = 0
    bias = rng.choice(_values(rng, special, int(rng.integers(1, 4))), fan_out)
    if rng.random() < 0.25:  # neurons that are others, times a power of two
        (one, other), times = rng.integers(0, fan_out, 2), 2.0 ** rng.integers(-2, 3)
        weight[one] = np.clip(weight[other] * times, -LARGEST, LARGEST)
        bias[one] = np.clip(float(bias[other]) * times, -LARGEST, LARGEST)
    return Layer(weight.astype(np.float32), bias, activation)


def _domain(rng: np.random.Generator, inputs: int) -> InputDomain:
    count = inputs if rng.random() < 0.5 else 1
    free = rng.uniform(-4, 4, (count, 2)).astype(np.float32)
    ends = np.sort(np.where(rng.random((count, 2)) < 0.5, free, rng.choice(np.array(EDGES), (count, 2))), axis=1)
    if rng.random() < 0.5:
        return InputDomain.uniform(inputs, ends[:, 0], ends[:, 1])
    share, std = rng.random(), np.float32(rng.uniform(0.125, 4))
    mean = (ends @ (1 - share, share)).astype(np.float32).clip(*ends.T)
    return InputDomain.uniform(inputs, ends[:, 0], ends[:, 1], mean, std)
