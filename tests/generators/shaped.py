"""Random int8 networks in the shapes that people use: LeNet-5, signals over time, blocks of mobile networks, groups.

Extents, channels, weights and their zeros are random; seed k has shape k modulo their number.
"""

from collections.abc import Callable

import numpy as np

from armlet.integer.layers import IntegerPool
from armlet.integer.network import IntegerNetwork
from armlet.network.layers import Pair, Reduction, Sides
from generators.windows import Drawn, Windows, add_convolution, add_dense, add_hidden, add_pool, add_residual, zero_of


def shaped_network(seed: int) -> IntegerNetwork:
    """The network of a seed."""
    return SHAPED[seed % len(SHAPED)](np.random.default_rng(seed))


def lenet_5(random: np.random.Generator) -> IntegerNetwork:
    """Two convolutions of 5 x 5, each with a pool, and three dense layers."""
    side = int(random.integers(16, 29))
    drawn = Drawn.of(random, (1, side, side))
    for channels in (int(random.integers(2, 7)), int(random.integers(4, 13))):
        _convolve(drawn, channels, Windows((5, 5)))
        _pool(drawn, (2, 2))
    add_hidden(drawn, int(random.integers(8, 25)))
    add_hidden(drawn, int(random.integers(6, 13)))
    add_dense(drawn, 10)
    return drawn.network()


def motion(random: np.random.Generator) -> IntegerNetwork:
    """Several sensors over time: convolutions along it, a pool between them, an average of all moments."""
    drawn = Drawn.of(random, (int(random.integers(3, 10)), 1, int(random.integers(40, 129))))
    for _ in range(2):
        size, stride = int(random.integers(3, 10)), int(random.integers(1, 3))
        side = int(random.integers(0, size))
        _convolve(drawn, int(random.integers(2, 9)), Windows((1, size), (1, stride), (0, side, 0, size - 1 - side)))
    _pool(drawn, (1, 2))
    _convolve(drawn, int(random.integers(2, 9)), Windows((1, 3)))
    add_pool(drawn, IntegerPool(Reduction.AVERAGE if random.random() < 0.7 else Reduction.MAX))
    add_dense(drawn, int(random.integers(4, 8)))
    return drawn.network()


def heartbeat(random: np.random.Generator) -> IntegerNetwork:
    """One signal down a column: windows of growing dilation, a branch that is added, a dense layer on all of it."""
    drawn = Drawn.of(random, (1, int(random.integers(60, 188)), 1))
    for dilation in (1, 2, 4):
        reach = 2 * dilation
        sides = (reach, 0, 0, 0) if random.random() < 0.5 else (dilation, 0, dilation, 0)  # causal, or in the middle
        _convolve(drawn, int(random.integers(2, 7)), Windows((3, 1), sides=sides, dilation=(dilation, 1)))
    add_residual(drawn)
    _pool(drawn, (3, 1))
    add_dense(drawn, 5)
    return drawn.network()


def mobile(random: np.random.Generator) -> IntegerNetwork:
    """A convolution with stride, pairs of a depthwise and a pointwise one, an average of the plane."""
    side = int(random.integers(8, 17))
    drawn = Drawn.of(random, (3, side, side))
    _convolve(drawn, int(random.integers(4, 9)), Windows((3, 3), (2, 2), _same(side, 2)))
    for _ in range(int(random.integers(1, 3))):
        channels, height, _ = drawn.shapes[-1]
        stride = int(random.integers(1, 3)) if height > 2 else 1
        _convolve(drawn, channels, Windows((3, 3), (stride, stride), _same(height, stride), groups=channels))
        _convolve(drawn, int(random.integers(4, 13)), Windows((1, 1)))
    add_pool(drawn, IntegerPool(Reduction.AVERAGE))
    add_dense(drawn)
    return drawn.network()


def grouped(random: np.random.Generator) -> IntegerNetwork:
    """Convolutions in groups of channels, also several outputs for each channel of a depthwise one."""
    groups, each = int(random.integers(2, 5)), int(random.integers(1, 4))
    drawn = Drawn.of(random, (groups * each, int(random.integers(3, 10)), int(random.integers(3, 10))))
    _convolve(drawn, groups * int(random.integers(1, 4)), Windows((3, 3), sides=(1, 1, 1, 1), groups=groups))
    channels = drawn.shapes[-1][0]
    _convolve(drawn, channels * int(random.integers(1, 4)), Windows((2, 2), groups=channels))
    add_dense(drawn)
    return drawn.network()


SHAPED: tuple[Callable[[np.random.Generator], IntegerNetwork], ...] = (lenet_5, motion, heartbeat, mobile, grouped)


def _convolve(drawn: Drawn, outputs: int, windows: Windows) -> None:
    add_convolution(drawn, outputs, windows, zero_of(drawn.random))


def _pool(drawn: Drawn, size: Pair) -> None:
    add_pool(drawn, IntegerPool(Reduction.MAX if drawn.random.random() < 0.5 else Reduction.AVERAGE, size, size))


def _same(extent: int, stride: int) -> Sides:
    """The padding with which windows of 3 x 3 begin at every position of a stride, as TensorFlow Lite has it."""
    total = max((-(-extent // stride) - 1) * stride + 3 - extent, 0)
    return total // 2, total // 2, total - total // 2, total - total // 2
