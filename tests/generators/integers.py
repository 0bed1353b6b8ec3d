"""The one law of random networks in integers, and of stored inputs for them.

Layers are drawn one after the other together with the intervals of their values, so that every sum is proved to fit
32 bits: what would not is drawn smaller. Weights come from alphabets or from the whole format, ends included; neurons
have no way in or no way out, hold one value, are twins; zeros, clamps, shifts and multipliers lie at their edges.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from armlet.integer.argmax import Argmax
from armlet.integer.bounds import Interval, integer_bounds
from armlet.integer.formats import I64, INT8, INT16, INT32, UINT8, IntegerFormat
from armlet.integer.layers import IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier, Requantisation, Shift
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from generators.choices import Choices, Drawn, Seeded

F64, I32 = NDArray[np.float64], NDArray[np.int32]

ALPHABETS: tuple[tuple[int, ...], ...] = (
    (1,),
    (1, 2, 4, 8, 16),
    (1, 2, 3, 4, 6, 8, 12, 24),
    (1, 2, 64, 127, 128),
    tuple(range(1, 128)),
    (1, 3, 255, 256, 4096, 32767, 32768),
    tuple(range(1, 32768)),
)
VALUES = (UINT8, UINT8, INT8, INT16)  # of inputs and between layers; unsigned bytes are what most code is for
DENSITIES = (1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.2, 0.2, 0.05, 0.0)
SCALES = (1.0, 2.0**-8, 1 / 255, 0.37)
LARGEST = INT32.high


@dataclass(frozen=True, slots=True)
class Kind:
    """What formats of values, and what magnitudes of weights, a network is drawn from."""

    values: tuple[IntegerFormat, ...] = VALUES
    alphabets: tuple[tuple[int, ...], ...] = ALPHABETS


ANY = Kind()


@st.composite
def integer_networks(draw: st.DrawFn, widest: int = 8, deepest: int = 4) -> IntegerNetwork:
    """A multilayer perceptron in integers whose sums are proved to fit 32 bits."""
    return _network(Drawn(draw), widest, deepest, ANY)


def draw_integer_network(
    rng: np.random.Generator, widest: int = 8, deepest: int = 4, kind: Kind = ANY, wide: int = 5
) -> IntegerNetwork:
    """Mostly small; one in `wide` is three or twelve times as wide."""
    choices = Seeded(rng)
    if choices.chance(wide):
        widest *= choices.pick((3, 12))
    return _network(choices, widest, deepest, kind)


def stored_inputs(network: IntegerNetwork, rng: np.random.Generator, count: int) -> I64:
    """Stored inputs (count or more, inputs) in their intervals: all ends, the worst for some neurons, and others."""
    low, high = network.input_ends
    rows = [low, high]
    for neuron in rng.integers(network.dense[0].neurons, size=2).tolist():
        up = network.dense[0].weight[neuron] > 0
        rows += [np.where(up, high, low), np.where(up, low, high)]
    shape = (max(count - len(rows), 2), network.inputs)
    between = rng.integers(low, high + 1, shape)
    ends = np.where(rng.random(shape) < 0.5, low, high)
    return np.concatenate((rows, np.where(rng.random((len(between), 1)) < 0.7, between, ends)))


def _network(choices: Choices, widest: int, deepest: int, kind: Kind) -> IntegerNetwork:
    widths = [choices.integer(1, widest) for _ in range(choices.integer(2, deepest + 1))]
    given = choices.pick(kind.values)
    scale, zero, domain, values = _inputs(choices, given, widths[0])
    layers: list[IntegerDense] = []
    letters = choices.pick(kind.alphabets)
    for i, (fan_in, fan_out) in enumerate(pairwise(widths)):
        is_last = i == len(widths) - 2
        letters = choices.pick(kind.alphabets) if choices.chance(4) else letters
        weight, bias, sums = draw_sums(choices, fan_in, fan_out, letters, values)
        keeps = is_last and not choices.chance(3)
        layers.append(_sums_kept(weight, bias) if keeps else draw_scaled(choices, weight, bias, sums, kind.values))
        values = sums if keeps else _stored(layers[-1], values)
    count = widths[-1]
    out_zero = choices.spread.integers(-128, 128, count, np.int32) * choices.chance(3)
    out_scale = np.full(count, choices.pick(SCALES))
    network = IntegerNetwork(tuple(layers), domain, (widths[0],), given, scale, zero, out_scale, out_zero)
    return replace(network, argmax=_argmax(choices, values)) if count > 1 and choices.chance(4) else network


def _argmax(choices: Choices, values: Interval) -> Argmax | None:
    """Plain, or with factors, offsets and a shift; smaller until its keys fit."""
    count, plain = len(values.low), choices.chance(2)
    factor = (
        np.ones(count) if plain else choices.spread.integers(1, choices.pick((2, 9, 1 << 15)), count, endpoint=True)
    )
    offset = np.zeros(count) if plain else choices.spread.integers(-choices.pick((1, 300, 70_000)), 300, count)
    for shift in range(0 if plain else choices.pick((0, 0, 3)), 32):
        made = Argmax(np.minimum(factor, (1 << 15) - 1).astype(np.int64), offset.astype(np.int64), shift)
        if not made.obstacle(values.low, values.high):
            return made
    return None


def _inputs(choices: Choices, given: IntegerFormat, count: int) -> tuple[F64, I32, InputDomain, Interval]:
    """Scale, zero and domain of inputs, and the intervals of what is stored: all of the format, 7 bits, or any."""
    spread, bits = choices.spread, choices.pick((given.bytes * 8, given.bytes * 8, 7, 1))
    low = np.full(count, max(given.low, -(1 << (bits - 1))) if given.low else 0)
    high = np.full(count, min(given.high, (1 << bits) - 1))
    if choices.chance(5):  # each input its own interval, some of one point
        low, high = np.sort(spread.integers(low, high + 1, (2, count)), axis=0)
    zero = spread.integers(given.low, given.high + 1, count, np.int32) * choices.chance(3)
    scale: F64 = np.full(count, choices.pick(SCALES))
    if choices.chance(3):
        scale = np.ldexp(scale, spread.integers(-3, 4, count))
    if choices.chance(8):
        ends = Interval(np.full(count, given.low), np.full(count, given.high))
        return scale, zero, InputDomain.undeclared(count), ends
    domain = InputDomain.uniform(count, (low - zero) * scale, (high - zero) * scale)
    return scale, zero, domain, Interval(low, high)


def draw_sums(
    choices: Choices, fan_in: int, fan_out: int, letters: tuple[int, ...], values: Interval
) -> tuple[I64, I64, Interval]:
    """Weights, biases and the intervals of sums, all within 32 bits."""
    spread, shape = choices.spread, (fan_out, fan_in)
    weight = spread.choice(np.array(letters), shape) * spread.choice((-1, 1), shape)
    weight = np.clip(weight, INT8.low if letters[-1] <= 128 else INT16.low, 127 if letters[-1] == 128 else INT16.high)
    weight = np.where(spread.random(shape) < choices.pick(DENSITIES), weight, 0)
    if choices.chance(6):  # rows without a way in, columns without a way out
        weight[spread.random(fan_out) < 0.2, :] = 0
        weight[:, spread.random(fan_in) < 0.2] = 0
    bias = _biases(choices, _interval(weight, np.zeros(fan_out, np.int64), values))
    if choices.chance(4):  # a neuron that is another
        one, other = spread.integers(0, fan_out, 2)
        weight[one], bias[one] = weight[other], bias[other]
    while not _fits(sums := _interval(weight, bias, values)):
        over = (sums.low < INT32.low) | (sums.high > INT32.high)
        weight[over], bias[over] = np.trunc(weight[over] / 2), np.trunc(bias[over] / 2)
    return weight, bias, sums


def _biases(choices: Choices, sums: Interval) -> I64:
    """Mostly such that the sum may have either sign; or none; or of any size."""
    if choices.chance(12):
        return choices.spread.integers(INT32.low, INT32.high + 1, len(sums.low)) >> choices.pick((0, 2, 16, 24))
    room = sums.high - sums.low
    central = choices.spread.integers(-room, room + 1) // 4 - (sums.low + sums.high) // 2
    return np.zeros_like(room) if choices.chance(8) else np.clip(central, INT32.low, INT32.high)


def _interval(weight: I64, bias: I64, values: Interval) -> Interval:
    up, down = np.maximum(weight, 0), np.minimum(weight, 0)
    return Interval(up @ values.low + down @ values.high + bias, up @ values.high + down @ values.low + bias)


def _fits(sums: Interval) -> bool:
    return bool(sums.low.min() >= INT32.low and sums.high.max() <= INT32.high)


def _sums_kept(weight: I64, bias: I64) -> IntegerDense:
    low, high = np.full(len(bias), INT32.low, np.int32), np.full(len(bias), INT32.high, np.int32)
    return IntegerDense(weight.astype(np.int16), bias.astype(np.int32), None, Activation.LINEAR, INT32, low, high)


def draw_scaled(
    choices: Choices, weight: I64, bias: I64, sums: Interval, formats: tuple[IntegerFormat, ...]
) -> IntegerDense:
    """A layer that stores scaled sums, most of them spread over the format."""
    stored, neurons = choices.pick(formats), len(bias)
    activation = choices.pick(tuple(Activation)) if choices.chance(3) else Activation.RELU
    curved = activation in (Activation.SIGMOID, Activation.TANH)
    bits = 8 if curved else stored.bytes * 8
    requantisation = _requantisation(choices, np.maximum(-sums.low, sums.high), bits)
    zero = int(choices.spread.integers(stored.low, stored.high + 1)) if choices.chance(4) else 0
    low, high = np.full(neurons, stored.low, np.int32), np.full(neurons, stored.high, np.int32)
    if activation in (Activation.RELU, Activation.RELU6):
        low[:] = zero
    if activation is Activation.RELU6 or choices.chance(8):  # some values are clamped early, some to one point
        high = choices.spread.integers(low, high, dtype=np.int32, endpoint=True)
    slope = choices.pick((1, 328, 9830, 1 << 14, (1 << 15) - 1)) if activation is Activation.LEAKY_RELU else 0
    table = np.sort(choices.spread.integers(stored.low, stored.high + 1, 256, np.int32)) if curved else None
    whole = weight.astype(np.int16), bias.astype(np.int32)
    return IntegerDense(*whole, requantisation, activation, stored, low, high, zero, slope, table)


def _requantisation(choices: Choices, most: I64, bits: int) -> Requantisation:
    """That brings sums of magnitude `most` to about as many bits, or any."""
    spread, neurons = choices.spread, len(most)
    length = np.ceil(np.log2(np.maximum(most, 1) + 1)).astype(np.int64)
    near = length - bits + spread.integers(-2, 3, neurons)
    if choices.chance(12):
        near = spread.integers(-31, 32, neurons)
    if not choices.chance(4):
        return Shift(np.clip(near, 0, 31))
    multiplier = spread.integers(1 << 30, 1 << 31, neurons)
    multiplier = np.where(spread.random(neurons) < 0.1, spread.choice((0, 1 << 30, LARGEST), neurons), multiplier)
    exponent = np.clip(-near, -31, np.clip(31 - length, 0, 30))  # shifted up, it still fits 32 bits
    return Multiplier(multiplier, exponent, once=bool(multiplier[0] & 2))


def _stored(layer: IntegerDense, values: Interval) -> Interval:
    """The intervals of what a layer stores, by the proof itself: a network of this layer alone."""
    count = layer.inputs
    domain = InputDomain.uniform(count, values.low, values.high)
    inputs = np.ones(count), np.zeros(count, np.int32)
    outputs = np.ones(layer.neurons), np.zeros(layer.neurons, np.int32)
    (bounds,) = integer_bounds(IntegerNetwork((layer,), domain, (count,), INT32, *inputs, *outputs))
    return Interval(bounds.low, bounds.high)
