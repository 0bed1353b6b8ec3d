"""Networks of single convolutions, and their programs, that the proof of tensors is tried on."""

import numpy as np

from armlet.integer.formats import INT8
from armlet.integer.layers import IntegerConv, IntegerDense, IntegerLayer
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier, Shift
from armlet.integer.shapes import integer_shapes
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Pair, Sides
from armlet.network.shapes import Shape, Wiring, chain
from tensor_programs import Lanes, TensorProgram, Writer, framed, write_border, write_conv


def conv(
    rng: np.random.Generator,
    channels: Pair,
    kernel: Pair = (3, 3),
    stride: Pair = (1, 1),
    padding: Sides = (1, 1, 1, 1),
    border: int = -5,
    shifted: bool = False,
    density: float = 0.4,
    groups: int = 1,
) -> IntegerConv:
    """A random convolution whose sums fit their field."""
    outputs = channels[1]
    shape = outputs, channels[0] // groups * kernel[0] * kernel[1]
    weight = rng.integers(-127, 128, shape) * (rng.random(shape) < density)
    weight[:, 0] = np.where(weight.any(axis=1), weight[:, 0], 77)
    bias = rng.integers(-2000, 2000, outputs)
    by = Multiplier(rng.integers(1 << 30, 1 << 31, outputs), rng.integers(-9, -6, outputs), once=True)
    if shifted:
        by = Shift(rng.integers(5, 8, outputs))
    ends = np.full(outputs, -128), np.full(outputs, 127)
    body = IntegerDense(weight.astype(np.int16), bias.astype(np.int32), by, Activation.LINEAR, INT8, *ends, zero=-5)
    return IntegerConv(body, kernel, stride, padding, groups=groups, border=border)


def network(shape: Shape, layers: tuple[IntegerLayer, ...], wiring: Wiring = ()) -> IntegerNetwork:
    """A network of int8."""
    count = int(np.prod(shape))
    domain = InputDomain.uniform(count, -128, 127)
    scales = np.ones(count), np.zeros(count, int)
    outputs = int(np.prod(integer_shapes(layers, wiring or chain(len(layers)), shape)[-1]))
    return IntegerNetwork(layers, domain, shape, INT8, *scales, np.ones(outputs), np.zeros(outputs, int), wiring=wiring)


def one_layer(
    across: int = 1,
    together: int = 1,
    stride: Pair = (1, 1),
    size: Pair = (4, 4),
    channels: Pair = (2, 2),
    **more: object,
) -> TensorProgram:
    """A program of one convolution."""
    layer = conv(np.random.default_rng(1), channels, stride=stride, **more)  # pyright: ignore[reportArgumentType]
    whole = network((channels[0], *size), (layer,))
    made = whole.shapes[1]
    assert len(made) == 3
    split = made[1] // 2
    padding = layer.padding
    taken = Lanes((channels[0], *size), split * stride[0], 0, padding[0], padding[2], padding[1], padding[3])
    left = Lanes((made[0], made[1], made[2]), split, taken.size)
    w = Writer()
    write_border(w, taken, layer.border)
    write_conv(w, layer, taken, left, across, together)
    return TensorProgram(whole, (taken, left), framed(w), tuple(w.words), left.start + left.size)
