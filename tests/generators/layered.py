"""Random networks of every kind of layer, and one small network for each kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Add, Conv, Dense, Depthwise, Layer, Pair, Pool, Reduction, Reshape, Sides
from armlet.network.network import Network
from armlet.network.shapes import Shape, tensor_shapes
from generators.choices import Choices, Drawn

RELU, LINEAR = Activation.RELU, Activation.LINEAR


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


END = Dense(np.ones((2, 2 * 4 * 4), np.float32), zeros(2), LINEAR)
KINDS: Mapping[str, Layer] = {  # of planes 2x4x4, of which each makes planes 2x4x4 or a row of as many
    "conv": Conv(zeros(2, 2, 3, 3), zeros(2), RELU, padding=(1, 1, 1, 1)),
    "depthwise": Depthwise(zeros(2, 1, 1), zeros(2), RELU),
    "max_pool": Pool(Reduction.MAX, (3, 3), (1, 1), (1, 1, 1, 1)),
    "average_pool": Pool(Reduction.AVERAGE, (1, 1), (1, 1)),
    "add": Add(RELU),
    "reshape": Reshape(),
}


def network_with(layer: Layer) -> Network:
    """The layer on planes 2x4x4, and a dense layer behind it."""
    sources = (0, 0) if isinstance(layer, Add) else (0,)
    return Network((layer, END), InputDomain.uniform(32), (2, 4, 4), wiring=(sources, (1,)))


@dataclass
class _Growing:
    """Layers so far, and the shapes of the values that they give."""

    shapes: list[Shape]
    layers: list[Layer] = field(default_factory=list[Layer])
    wiring: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])

    def add(self, layer: Layer, *others: int) -> None:
        self.layers.append(layer)
        self.wiring.append((len(self.layers) - 1, *others))
        self.shapes = [*tensor_shapes(self.layers, tuple(self.wiring), self.shapes[0])]


@st.composite
def layered_networks(draw: st.DrawFn, deepest: int = 5) -> Network:
    """A network of any kinds of layers, each behind the one before; additions go back to any value that fits."""
    return grown(Drawn(draw), deepest)


def grown(choices: Choices, deepest: int) -> Network:
    """The same, of any choices."""
    growing = _Growing([(choices.integer(1, 4), choices.integer(1, 6), choices.integer(1, 6))])
    inputs = int(np.prod(growing.shapes[0]))
    for _ in range(choices.integer(0, deepest)):
        choices.pick(_GROW)(choices, growing)
    if not any(isinstance(layer, Conv | Depthwise) for layer in growing.layers) or choices.chance(2):
        _dense(choices, growing)
    if choices.chance(3):
        _add(choices, growing)
    return Network(tuple(growing.layers), InputDomain.uniform(inputs), growing.shapes[0], wiring=tuple(growing.wiring))


def _values(choices: Choices, *shape: int) -> np.ndarray:
    return choices.spread.standard_normal(shape).astype(np.float32)


def _activation(choices: Choices) -> tuple[Activation, float]:
    return choices.pick(tuple(Activation)), choices.pick((0.01, 0.25))


def _dense(choices: Choices, growing: _Growing) -> None:
    outputs = choices.integer(1, 4)
    weight = _values(choices, outputs, int(np.prod(growing.shapes[-1])))
    growing.add(Dense(weight, _values(choices, outputs), *_activation(choices)))


def window(choices: Choices, shape: Shape) -> tuple[Pair, Pair, Sides, Pair]:
    """Size, stride, padding and dilation that fit planes of this shape."""
    height, width = choices.integer(1, min(3, shape[1])), choices.integer(1, min(3, shape[2]))
    top, left, bottom, right = (choices.integer(0, size - 1) for size in (height, width, height, width))
    down = choices.integer(1, 2) if 2 * (height - 1) < shape[1] + top + bottom else 1
    across = choices.integer(1, 2) if 2 * (width - 1) < shape[2] + left + right else 1
    stride = choices.integer(1, 3), choices.integer(1, 3)
    return (height, width), stride, (top, left, bottom, right), (down, across)


def _conv(choices: Choices, growing: _Growing) -> None:
    if len(shape := growing.shapes[-1]) == 3:
        size, stride, padding, dilation = window(choices, shape)
        groups = choices.pick([count for count in range(1, shape[0] + 1) if shape[0] % count == 0])
        outputs = groups * choices.integer(1, 2)
        weight, bias = _values(choices, outputs, shape[0] // groups, *size), _values(choices, outputs)
        growing.add(Conv(weight, bias, *_activation(choices), stride, padding, dilation, groups))


def _depthwise(choices: Choices, growing: _Growing) -> None:
    if len(shape := growing.shapes[-1]) == 3:
        size, stride, padding, dilation = window(choices, shape)
        weight, bias = _values(choices, shape[0], *size), _values(choices, shape[0])
        growing.add(Depthwise(weight, bias, *_activation(choices), stride, padding, dilation))


def _pool(choices: Choices, growing: _Growing) -> None:
    if len(shape := growing.shapes[-1]) == 3:
        size, stride, padding, _ = window(choices, shape)
        reduction = choices.pick(tuple(Reduction))
        growing.add(Pool(reduction) if choices.chance(4) else Pool(reduction, size, stride, padding))


def _add(choices: Choices, growing: _Growing) -> None:
    alike = [k for k, shape in enumerate(growing.shapes) if shape == growing.shapes[-1]]
    growing.add(Add(*_activation(choices)), choices.pick(alike))


def _reshape(choices: Choices, growing: _Growing) -> None:
    size = int(np.prod(growing.shapes[-1]))
    channels = choices.pick([count for count in range(1, size + 1) if size % count == 0])
    growing.add(Reshape(choices.pick((None, (size,), (channels, size // channels, 1)))))


_GROW: tuple[Callable[[Choices, _Growing], None], ...] = (_dense, _conv, _depthwise, _pool, _add, _reshape)
