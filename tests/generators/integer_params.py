"""Random networks in integers: every format, every way to scale back, every activation, clamps and zeros anywhere."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.integer.formats import INT8, INT16, INT32, UINT8, IntegerFormat
from armlet.integer.layers import IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier, Requantisation, Shift
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.outputs import OutputKind
from generators.choices import Choices, Seeded

ALPHABETS = ((1, -1), (1, -1, 2, -2, 4, -8), (3, -3, 1, 6, -12), (127, -128, 5, 90), (300, -32768, 32767, 7))


def draw_integer_network(rng: np.random.Generator, widest: int = 8, deepest: int = 4) -> IntegerNetwork:
    """A small network whose sums fit 32 bits: at most 2^3 products of 2^15 by 2^15, and a bias, stay below 2^31."""
    choices = Seeded(rng)
    widths = [choices.integer(1, widest) for _ in range(choices.integer(2, deepest + 1))]
    taken = choices.pick((UINT8, INT8, INT16))
    layers: list[IntegerDense] = []
    before = taken
    for i, (inputs, neurons) in enumerate(pairwise(widths)):
        last = i == len(widths) - 2
        layer = _sums(choices, inputs, neurons, before) if last and choices.chance(2) else None
        layers.append(layer or _layer(choices, inputs, neurons, before))
        before = layers[-1].stored
    inputs, outputs = widths[0], widths[-1]
    domain = InputDomain.undeclared(inputs)
    if choices.chance(2):
        domain = InputDomain.uniform(inputs, -rng.random(inputs), rng.random(inputs))
    scales = rng.random(inputs) + 0.01, rng.random(outputs) + 0.01
    zeros: tuple[NDArray[Any], NDArray[Any]] = rng.integers(-3, 4, inputs), rng.integers(-3, 4, outputs)
    output = choices.pick((None, *OutputKind))
    return IntegerNetwork(tuple(layers), domain, (inputs,), taken, scales[0], zeros[0], scales[1], zeros[1], {}, output)


def _sums(choices: Choices, inputs: int, neurons: int, taken: IntegerFormat) -> IntegerDense:
    weight, bias = _weights(choices, inputs, neurons, taken)
    ends = np.full(neurons, INT32.low), np.full(neurons, INT32.high)
    return IntegerDense(weight, bias, None, Activation.LINEAR, INT32, *ends)


def _layer(choices: Choices, inputs: int, neurons: int, taken: IntegerFormat) -> IntegerDense:
    spread, stored = choices.spread, choices.pick((UINT8, INT8, INT16))
    ends: NDArray[Any]
    weight, bias = _weights(choices, inputs, neurons, taken)
    activation = choices.pick(tuple(Activation))
    ends = np.sort(spread.integers(stored.low, stored.high + 1, (2, neurons)), axis=0)
    low, high = ends if choices.chance(2) else (np.full(neurons, stored.low), np.full(neurons, stored.high))
    zero = choices.integer(stored.low, stored.high)
    slope = choices.integer(1, (1 << 15) - 1) if activation is Activation.LEAKY_RELU else 0
    table: NDArray[Any] | None = None
    if activation in (Activation.SIGMOID, Activation.TANH):
        table = np.sort(spread.integers(stored.low, stored.high + 1, 256))
    scaling = _requantisation(choices, neurons)
    return IntegerDense(weight, bias, scaling, activation, stored, low, high, zero, slope, table)


def _weights(choices: Choices, inputs: int, neurons: int, taken: IntegerFormat) -> tuple[NDArray[Any], NDArray[Any]]:
    """Sparse weights of one alphabet, narrower where values are wide, and biases."""
    spread, some = choices.spread, ALPHABETS[: len(ALPHABETS) - (taken is INT16)]
    weight = spread.choice(choices.pick(some), (neurons, inputs)) * (spread.random((neurons, inputs)) < 0.5)
    return weight.astype(np.int64), spread.integers(-(2**20), 2**20, neurons)


def _requantisation(choices: Choices, neurons: int) -> Requantisation:
    spread = choices.spread
    if choices.chance(2):
        return Shift(spread.integers(0, 24, neurons))
    return Multiplier(spread.integers(1 << 30, 1 << 31, neurons), spread.integers(-20, 1, neurons), choices.chance(2))
