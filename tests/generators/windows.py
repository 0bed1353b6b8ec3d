"""The one law of random int8 networks with windows: convolutions, pools, additions, a dense layer at the end,
and the class in place of the outputs (`answering`).

Scales are such that sums spread over what is stored; zeros and borders lie anywhere, weights have all densities.
"""

from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.integer.choose_argmax import with_argmax
from armlet.integer.formats import INT8, INT32
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerLayer, IntegerPool, PoolScaling
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier, Shift
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Pair, Reduction, Reshape, Sides
from armlet.network.shapes import Shape

DENSITIES = (1.0, 0.5, 0.5, 0.2, 0.1, 0.02)


@dataclass(frozen=True, slots=True)
class Windows:
    """How a convolution goes over a plane."""

    size: Pair
    stride: Pair = (1, 1)
    sides: Sides = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1


@dataclass(slots=True)
class Drawn:
    """A network on its way: layers, what each takes, and the shape and zero of each value."""

    random: np.random.Generator
    shapes: list[Shape]
    zeros: list[int]
    layers: list[IntegerLayer] = field(default_factory=list)
    wiring: list[tuple[int, ...]] = field(default_factory=list)

    def add(self, layer: IntegerLayer, shape: Shape, zero: int, *sources: int) -> None:
        self.layers.append(layer)
        self.wiring.append(sources)
        self.shapes.append(shape)
        self.zeros.append(zero)

    @property
    def last(self) -> int:
        return len(self.shapes) - 1

    def network(self) -> IntegerNetwork:
        """All that was added."""
        shape = self.shapes[0]
        inputs, outputs = int(np.prod(shape)), int(np.prod(self.shapes[-1]))
        scales, zeros = (np.ones(inputs), np.ones(outputs)), (np.full(inputs, self.zeros[0]), np.zeros(outputs, int))
        domain, wiring = InputDomain.undeclared(inputs), tuple(self.wiring)
        ends = (INT8, scales[0], zeros[0], scales[1], zeros[1])
        return IntegerNetwork(tuple(self.layers), domain, shape, *ends, wiring=wiring)

    @classmethod
    def of(cls, random: np.random.Generator, shape: Shape) -> "Drawn":
        """Nothing but inputs of a shape yet."""
        return cls(random, [shape], [zero_of(random)])


def windowed_network(seed: int, padded_pools: bool = True, residuals: bool = True) -> IntegerNetwork:
    """The network of a seed; another one, mostly, where pools never take padding; the same but for residuals."""
    random = np.random.default_rng(seed)
    shape = (int(random.integers(1, 5)), *(int(extent) for extent in random.integers(1, 12, 2)))
    drawn = Drawn.of(random, shape)
    for _ in range(int(random.integers(1, 5))):
        _add_layer(drawn, padded_pools)
    if random.random() < 0.4:
        add_residual(drawn)
    if random.random() < 0.5 or not any(isinstance(layer, IntegerConv) for layer in drawn.layers):
        add_dense(drawn)
    if residuals:
        draw_residuals(drawn, np.random.default_rng((seed, 1)))
    return drawn.network()


def answering(network: IntegerNetwork, seed: int) -> IntegerNetwork:
    """For a third of all seeds with the class in place of the outputs, half of these at scales of their own.

    Itself where it has one output, or no scores fit 32 bits.
    """
    random, count = np.random.default_rng((seed, 1)), network.outputs
    if random.random() > 1 / 3 or count < 2:
        return network
    if random.random() < 0.5:
        scale, zero = random.random(count) + 0.1, random.integers(-128, 128, count).astype(np.int32)
        network = replace(network, output_scale=scale, output_zero=zero)
    with suppress(InputError):
        return with_argmax(network)
    return network


def has_residuals(network: IntegerNetwork) -> bool:
    """Whether a convolution adds a second tensor."""
    return any(isinstance(layer, IntegerConv) and layer.residual is not None for layer in network.layers)


def draw_residuals(drawn: Drawn, random: np.random.Generator, share: float = 0.5) -> None:
    """Let a share of the convolutions that could add an earlier value, also the one they take, do so."""
    for i, layer in enumerate(drawn.layers):
        twins = [k for k in range(i + 1) if drawn.shapes[k] == drawn.shapes[i + 1]]
        if isinstance(layer, IntegerConv) and twins and random.random() < share:
            most = max(2, int(np.abs(layer.body.weight.astype(int)).sum(axis=1).max()) // 2)
            times = random.integers(-most, most + 1, layer.body.neurons) * (random.random(layer.body.neurons) < 0.9)
            drawn.layers[i] = replace(layer, residual=times)
            drawn.wiring[i] = (*drawn.wiring[i], twins[int(random.integers(len(twins)))])


def zero_of(random: np.random.Generator) -> int:
    return -128 if random.random() < 0.6 else int(random.integers(-128, 128))


def _add_layer(drawn: Drawn, padded_pools: bool) -> None:
    random, taken = drawn.random, drawn.last
    twins = [k for k in range(taken) if drawn.shapes[k] == drawn.shapes[taken]]
    kind = int(random.integers(0, 7 if twins else 6))
    if kind < 5:
        _add_any_convolution(drawn, depthwise=kind >= 3)
    elif kind == 5:
        _add_pool(drawn, padded_pools)
    else:
        zero, other = zero_of(random), twins[int(random.integers(len(twins)))]
        drawn.add(addition(drawn, other, taken, zero), drawn.shapes[taken], zero, other, taken)


def _add_any_convolution(drawn: Drawn, depthwise: bool) -> None:
    random, (channels, *plane), zero = drawn.random, drawn.shapes[-1], zero_of(drawn.random)
    size, stride, dilation = _windows(drawn, plane)
    sides = _sides(drawn, size)
    groups = channels if depthwise else 1
    outputs = channels if depthwise else int(random.integers(1, 7))
    add_convolution(drawn, outputs, Windows(size, stride, sides, dilation, groups), zero)


def add_convolution(drawn: Drawn, outputs: int, windows: Windows, zero: int) -> None:
    """A convolution on what was added last."""
    channels, *plane = drawn.shapes[-1]
    size = windows.size
    body = body_of(drawn, outputs, channels // windows.groups * size[0] * size[1], zero)
    layer = IntegerConv(body, size, windows.stride, windows.sides, windows.dilation, windows.groups, drawn.zeros[-1])
    steps = _steps(plane, size, windows.stride, windows.sides, windows.dilation)
    drawn.add(layer, (outputs, *steps), zero, drawn.last)


def add_residual(drawn: Drawn) -> None:
    """A convolution that keeps the shape, and the sum of what it takes and gives."""
    random, (channels, *plane), zero = drawn.random, drawn.shapes[-1], zero_of(drawn.random)
    size = (3 if plane[0] > 2 else 1, 3 if plane[1] > 2 else 1)
    sides = (size[0] // 2, size[1] // 2, size[0] // 2, size[1] // 2)
    body, taken = body_of(drawn, channels, channels * size[0] * size[1], zero), drawn.last
    layer = IntegerConv(body, size, (1, 1), sides, (1, 1), 1, drawn.zeros[-1])
    drawn.add(layer, (channels, *plane), zero, taken)
    total = zero_of(random)
    drawn.add(addition(drawn, taken, drawn.last, total), (channels, *plane), total, taken, drawn.last)


def _add_pool(drawn: Drawn, is_padded: bool) -> None:
    random, (_, *plane) = drawn.random, drawn.shapes[-1]
    reduction = Reduction.AVERAGE if random.random() < 0.6 else Reduction.MAX
    low, high = sorted(int(end) for end in random.integers(-128, 128, 2)) if random.random() < 0.3 else (-128, 127)
    if random.random() < 0.5:
        pool = IntegerPool(reduction, low=low, high=high)
    else:
        window, stride, _ = _windows(drawn, plane)
        sides = _sides(drawn, window) if is_padded else (0, 0, 0, 0)
        pool = IntegerPool(reduction, window, stride, sides, low=low, high=high)
    apart = random.spawn(1)[0]  # what is drawn after it stays
    if reduction is Reduction.AVERAGE and not any(pool.padding) and apart.random() < 0.4:
        pool = scaled_pool(drawn, pool, apart)
    add_pool(drawn, pool)


def scaled_pool(drawn: Drawn, pool: IntegerPool, random: np.random.Generator) -> IntegerPool:
    """The pool on what was added last, its averages in a unit of their own: about as large as the values or larger."""
    _, height, width = drawn.shapes[-1]
    count, off = pool.count(height, width), int(random.integers(-200, 201))
    exponent = -max(2, count.bit_length() + int(random.integers(-2, 2)))
    numbers = (off - drawn.zeros[-1] * count, int(random.integers(1 << 30, 1 << 31)), exponent)
    scaling = PoolScaling(*numbers, zero_of(random), bool(random.random() < 0.5))
    return replace(pool, scaling=scaling)


def add_pool(drawn: Drawn, pool: IntegerPool) -> None:
    """A pool on what was added last."""
    channels, *plane = drawn.shapes[-1]
    size = _steps(plane, pool.size, pool.stride, pool.padding, (1, 1)) if pool.size else (1, 1)
    zero = drawn.zeros[-1] if pool.scaling is None else pool.scaling.zero
    drawn.add(pool, (channels, *size), zero, drawn.last)


def add_dense(drawn: Drawn, neurons: int = 0) -> None:
    """The last layer on all that was added, which may give sums; any small number of neurons where none is given."""
    neurons = neurons or int(drawn.random.integers(1, 12))
    if drawn.random.random() >= 0.3:
        add_hidden(drawn, neurons)
        return
    taken = _flatten(drawn)
    weight = _weights(drawn, neurons, taken)
    ends = (np.full(neurons, INT32.low), np.full(neurons, INT32.high))
    bias = drawn.random.integers(-500, 500, neurons).astype(np.int32)
    drawn.add(IntegerDense(weight, bias, None, Activation.LINEAR, INT32, *ends), (neurons,), 0, drawn.last)


def add_hidden(drawn: Drawn, neurons: int) -> None:
    """A dense layer that stores bytes."""
    taken, zero = _flatten(drawn), zero_of(drawn.random)
    drawn.add(body_of(drawn, neurons, taken, zero), (neurons,), zero, drawn.last)


def _flatten(drawn: Drawn) -> int:
    """How many values a dense layer takes, after they are a row."""
    taken = int(np.prod(drawn.shapes[-1]))
    if len(drawn.shapes[-1]) > 1:
        drawn.add(Reshape(), (taken,), drawn.zeros[-1], drawn.last)
    return taken


def _windows(drawn: Drawn, plane: list[int]) -> tuple[Pair, Pair, Pair]:
    random = drawn.random
    size = [int(random.integers(1, min(extent, 4) + 1)) for extent in plane]
    stride = [int(k) for k in random.integers(1, 3, 2)]
    dilation = [
        int(random.integers(1, (extent - 1) // max(1, k - 1) + 1)) if k > 1 else 1 for extent, k in zip(plane, size)
    ]
    dilation = [min(each, 2) for each in dilation]
    return (size[0], size[1]), (stride[0], stride[1]), (dilation[0], dilation[1])


def _sides(drawn: Drawn, size: Pair) -> Sides:
    if drawn.random.random() < 0.4:
        return (0, 0, 0, 0)
    top, left, bottom, right = (int(drawn.random.integers(0, size[k % 2])) for k in range(4))
    return top, left, bottom, right


def _steps(plane: list[int], size: Pair, stride: Pair, sides: Sides, dilation: Pair) -> Pair:
    wide = plane[0] + sides[0] + sides[2], plane[1] + sides[1] + sides[3]
    reach = [(extent - 1) * step + 1 for extent, step in zip(size, dilation)]
    return (wide[0] - reach[0]) // stride[0] + 1, (wide[1] - reach[1]) // stride[1] + 1


def _weights(drawn: Drawn, outputs: int, taps: int) -> NDArray[np.int16]:
    random = drawn.random
    weight = random.integers(-127, 128, (outputs, taps)) * (random.random((outputs, taps)) < random.choice(DENSITIES))
    return (weight // int(random.choice((1, 1, 8, 64)))).astype(np.int16)


def body_of(drawn: Drawn, outputs: int, taps: int, zero: int) -> IntegerDense:
    random = drawn.random
    weight, bias = _weights(drawn, outputs, taps), random.integers(-500, 500, outputs).astype(np.int32)
    places = np.maximum(3, np.ceil(np.log2(np.abs(weight.astype(int)).sum(axis=1) + 1))).astype(int)
    if random.random() < 0.7:
        once = bool(random.random() < 0.4)
        by: Multiplier | Shift = Multiplier(random.integers(1 << 30, 1 << 31, outputs), -places, once)
    else:
        by = Shift(np.minimum(places, 31) * int(random.random() < 0.9))
    low, high = (-128, 127) if random.random() < 0.7 else sorted(int(end) for end in random.integers(-128, 128, 2))
    ends = (np.full(outputs, low), np.full(outputs, high))
    return IntegerDense(weight, bias, by, Activation.LINEAR, INT8, *ends, zero)


def addition(drawn: Drawn, one: int, other: int, zero: int) -> IntegerAdd:
    random = drawn.random
    offset = (-drawn.zeros[one], -drawn.zeros[other])
    once = bool(random.random() < 0.4)
    scaling = Multiplier(random.integers(1 << 30, 1 << 31, 2), np.array([0, -int(random.integers(0, 4))]), once)
    back = Multiplier(random.integers(1 << 30, 1 << 31, 1), np.array([-int(random.integers(17, 21))]), once)
    return IntegerAdd(offset, 20, scaling, back, INT8, -128, 127, zero)
