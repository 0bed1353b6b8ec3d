"""The law of random networks in integers with every kind of layer, whose sums are proved to fit 32 bits."""

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from armlet.integer.bounds import Interval, layer_bounds, taps
from armlet.integer.formats import INT8, INT16, UINT8, IntegerFormat
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerLayer, IntegerPool, PoolScaling
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier, Shift
from armlet.integer.shapes import integer_shapes, stored_formats
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Reduction, Reshape
from armlet.network.shapes import Shape
from generators.choices import Choices, Drawn, Seeded
from generators.integers import ALPHABETS, draw_scaled, draw_sums
from generators.layered import window

FORMATS = (INT8, INT8, UINT8, INT16)
_RAISED = 29  # bits of what an addition raises


@dataclass
class _Growing:
    """Layers so far, and of every value its shape, its format and its interval."""

    shapes: list[Shape]
    formats: list[IntegerFormat]
    values: list[Interval]
    layers: list[IntegerLayer]
    wiring: list[tuple[int, ...]]

    def add(self, layer: IntegerLayer, *others: int) -> None:
        self.layers.append(layer)
        self.wiring.append((len(self.layers) - 1, *others))
        self.shapes = [*integer_shapes(self.layers, tuple(self.wiring), self.shapes[0])]
        self.formats = [*stored_formats(self.layers, tuple(self.wiring), self.formats[0])]
        sources = self.wiring[-1]
        shapes = [self.shapes[at] for at in (*sources, len(self.layers))]
        taken = [self.values[at] for at in sources]
        self.values.append(layer_bounds(layer, len(self.layers) - 1, taken, shapes)[1])


@st.composite
def integer_planes(draw: st.DrawFn, deepest: int = 5) -> IntegerNetwork:
    """A network of any kinds of layers, each behind the one before; additions go back to any value that fits."""
    return _network(Drawn(draw), deepest)


def draw_integer_planes(rng: np.random.Generator, deepest: int = 5) -> IntegerNetwork:
    return _network(Seeded(rng), deepest)


def stored_planes(network: IntegerNetwork, rng: np.random.Generator, count: int) -> np.ndarray:
    """Stored inputs (count, inputs) in their intervals: mostly any, some at the ends, whole planes too."""
    low, high = network.input_ends
    rows = rng.integers(low, high + 1, (count, network.inputs))
    ends = np.where(rng.random(rows.shape) < 0.5, low, high)
    rows = np.where(rng.random((count, 1)) < 0.3, ends, rows)
    rows[0], rows[1] = low, high
    return rows


def _network(choices: Choices, deepest: int) -> IntegerNetwork:
    shape: Shape = (choices.integer(1, 4), choices.integer(1, 6), choices.integer(1, 6))
    stored, count = choices.pick(FORMATS), int(np.prod(shape))
    low, high = np.full(count, stored.low), np.full(count, stored.high)
    if choices.chance(3):
        low, high = np.sort(choices.spread.integers(stored.low, stored.high + 1, (2, count)), axis=0)
    ends = (low.reshape(shape[0], -1).min(axis=1), high.reshape(shape[0], -1).max(axis=1))
    growing = _Growing([shape], [stored], [Interval(*ends)], [], [])
    for _ in range(choices.integer(0, deepest)):
        choices.pick(_GROW)(choices, growing)
    if not any(isinstance(layer, IntegerConv) for layer in growing.layers) or choices.chance(2):
        _dense(choices, growing)
    if choices.chance(3):
        _add(choices, growing)
    zero = choices.spread.integers(-8, 9, count, np.int32)
    domain = InputDomain.uniform(count, (low - zero) * 0.25, (high - zero) * 0.25)
    outputs = int(np.prod(growing.shapes[-1]))
    scales = np.full(count, 0.25), zero, np.full(outputs, 0.5), np.zeros(outputs, np.int32)
    return IntegerNetwork(tuple(growing.layers), domain, shape, stored, *scales, wiring=tuple(growing.wiring))


def _dense(choices: Choices, growing: _Growing) -> None:
    outputs, last = choices.integer(1, 4), growing.values[-1]
    times = int(np.prod(growing.shapes[-1])) // len(last.low)
    taken = Interval(np.repeat(last.low, times), np.repeat(last.high, times))
    weight, bias, sums = draw_sums(choices, len(taken.low), outputs, choices.pick(ALPHABETS), taken)
    growing.add(draw_scaled(choices, weight, bias, sums, FORMATS))


def _conv(choices: Choices, growing: _Growing) -> None:
    """With groups, or depthwise, where it is drawn so; the border is any stored value."""
    if len(shape := growing.shapes[-1]) != 3:
        return
    size, stride, padding, dilation = window(choices, shape)
    groups = choices.pick([count for count in range(1, shape[0] + 1) if shape[0] % count == 0])
    each, stored = choices.integer(1, 2), growing.formats[-1]
    border = choices.pick((0, stored.low, int(choices.spread.integers(stored.low, stored.high + 1))))
    fan_in = shape[0] // groups * size[0] * size[1]
    conv = IntegerConv(_zeros(groups * each, fan_in), size, stride, padding, dilation, groups, border)
    (_, given) = integer_shapes([conv], ((0,),), shape)
    low, high = taps(conv, growing.values[-1], shape, given)
    drawn = [draw_sums(choices, fan_in, each, choices.pick(ALPHABETS), Interval(*ends)) for ends in zip(low, high)]
    weight, bias = (np.concatenate(parts) for parts in ([d[0] for d in drawn], [d[1] for d in drawn]))
    sums = Interval(np.concatenate([d[2].low for d in drawn]), np.concatenate([d[2].high for d in drawn]))
    growing.add(replace(conv, body=draw_scaled(choices, weight, bias, sums, FORMATS)))


def _zeros(outputs: int, fan_in: int) -> IntegerDense:
    ends = np.full(outputs, INT8.low), np.full(outputs, INT8.high)
    weight, bias = np.zeros((outputs, fan_in), np.int16), np.zeros(outputs, np.int32)
    return IntegerDense(weight, bias, Shift(np.zeros(outputs, np.int64)), Activation.LINEAR, INT8, *ends)


def _pool(choices: Choices, growing: _Growing) -> None:
    if len(shape := growing.shapes[-1]) == 3:
        size, stride, padding, _ = window(choices, shape)
        reduction, stored = choices.pick(tuple(Reduction)), growing.formats[-1]
        ends = stored.low, stored.high
        if choices.chance(3):
            ends = tuple(sorted(choices.spread.integers(stored.low, stored.high + 1, 2).tolist()))
        windows = (None, (1, 1), (0, 0, 0, 0)) if choices.chance(4) else (size, stride, padding)
        pool = IntegerPool(reduction, *windows, low=ends[0], high=ends[1])
        is_plain = reduction is Reduction.MAX or any(pool.padding)
        growing.add(pool if is_plain or choices.chance(2) else _scaled_pool(choices, pool))


def _scaled_pool(choices: Choices, pool: IntegerPool) -> IntegerPool:
    """The same with a scaling of any size."""
    spread = choices.spread
    bias, multiplier, zero = (int(spread.integers(*ends)) for ends in ((-3000, 3001), (1 << 30, 1 << 31), (-200, 200)))
    return replace(pool, scaling=PoolScaling(bias, multiplier, choices.integer(-12, 2), zero, choices.chance(2)))


def _add(choices: Choices, growing: _Growing) -> None:
    """Of the last value and one of its shape: offsets and multipliers of any size that 32 bits hold."""
    other = choices.pick([k for k, shape in enumerate(growing.shapes) if shape == growing.shapes[-1]])
    spread, stored = choices.spread, choices.pick(FORMATS)
    offset = int(spread.integers(-300, 301)), int(spread.integers(-300, 301))
    ends = [(growing.values[at].low.min(), growing.values[at].high.max()) for at in (-1, other)]
    most = max(abs(int(end) + off) for pair, off in zip(ends, offset) for end in pair)
    raised = min(_RAISED - most.bit_length(), choices.pick((20, 15, 3)))
    first, last = spread.integers(1 << 30, 1 << 31, 2), spread.integers(1 << 30, 1 << 31, 1)
    once = choices.chance(4)
    scaling = Multiplier(first, spread.integers(-3, 1, 2), once)
    by = Multiplier(last, np.array([max(-raised - choices.integer(-1, 2), -31)]).clip(max=0), once)
    zero = int(spread.integers(-128, 128))
    low, high = (
        sorted(spread.integers(stored.low, stored.high + 1, 2).tolist())
        if choices.chance(3)
        else (
            stored.low,
            stored.high,
        )
    )
    growing.add(IntegerAdd(offset, raised, scaling, by, stored, low, high, zero), other)


def _reshape(choices: Choices, growing: _Growing) -> None:
    shape = growing.shapes[-1]
    turned = (shape[1], shape[2], shape[0]) if len(shape) == 3 else (shape[0], 1, 1)
    growing.add(Reshape(choices.pick((None, turned))))


_GROW = (_conv, _conv, _conv, _pool, _add, _reshape)
