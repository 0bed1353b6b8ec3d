"""A convolution of random survivors in int8, with the multipliers of TensorFlow Lite: what figures speak of."""

import numpy as np

from armlet.integer.formats import INT8
from armlet.integer.layers import IntegerConv, IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.shapes import Shape

ZERO = -128  # as behind a ReLU


def survivor_convolution(
    shape: Shape, outputs: int, size: int, sparsity: float, depthwise: bool = False, seed: int = 1
) -> IntegerNetwork:
    """A window of `size` rows and columns over planes that keep their extents; weights are removed at random."""
    random, groups = np.random.default_rng(seed), shape[0] if depthwise else 1
    weight = random.integers(1, 128, (outputs, shape[0] // groups * size**2)) * random.choice((-1, 1), (outputs, 1))
    weight *= random.choice((-1, 1), weight.shape)
    weight.ravel()[random.permutation(weight.size)[: round(sparsity * weight.size)]] = 0
    bias = -ZERO * weight.sum(axis=1) + random.integers(-500, 500, outputs)
    places = np.ceil(np.log2(np.abs(weight).sum(axis=1) + 1)).astype(int) // 2 + 2
    by = Multiplier(random.integers(1 << 30, 1 << 31, outputs), -places)
    ends = (np.full(outputs, INT8.low), np.full(outputs, INT8.high))
    body = IntegerDense(weight.astype(np.int16), bias, by, Activation.LINEAR, INT8, *ends, ZERO)
    side = size // 2
    layer = IntegerConv(body, (size, size), padding=(side, side, side, side), groups=groups, border=ZERO)
    inputs, results = int(np.prod(shape)), outputs * shape[1] * shape[2]
    given, made = (np.ones(inputs), np.full(inputs, ZERO)), (np.ones(results), np.full(results, ZERO))
    return IntegerNetwork((layer,), InputDomain.undeclared(inputs), shape, INT8, *given, *made)
