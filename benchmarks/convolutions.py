"""Cycles and bytes of convolutions in int8 on Cortex-M4, by the count that a manifest has: docs/decisions/lanes.md.

    python benchmarks/convolutions.py [--resnet] [--ds-cnn]

One layer, 3x3 from 32 channels to 32 at 16x16, in bodies of every shape, a share of its weights removed at random; and
a depthwise one that is dense. With --resnet, the shapes of ResNet-8 with 90 % of the weights of all convolutions
removed at random, no channel left out, for speed and for a flash of 150,000 bytes. Weights are normal, the greatest at
three times their spread, and multipliers those of TensorFlow Lite, rounded once. With --ds-cnn, the shapes of the
benchmark's network for keywords with 80 % of the weights of all convolutions removed at random, for speed.
"""

import argparse
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from armlet.build.tensors.cycles import line_cycles
from armlet.build.tensors.frame import tensor_frame
from armlet.build.tensors.manifest import tensor_memory
from armlet.cli.terminal.console import table
from armlet.integer.formats import INT8
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerLayer, IntegerPool
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier
from armlet.isa.thumb.integer.cortex_m4 import CORTEX_M4
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Reduction, Reshape
from armlet.network.shapes import Wiring
from armlet.select.integer.program import bytes_of
from armlet.select.integer.select import Optimize
from armlet.select.tensors.bodies.convolution import Shape
from armlet.select.tensors.choose import TensorBudget, choose_tensors
from armlet.select.tensors.program import TensorProgram
from armlet.select.tensors.select import select_tensors
from armlet.select.tensors.shapes import SHAPES

PLANE, CHANNELS = 16, 32
FLASH = 150_000


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resnet", action="store_true", help="ResNet-8 too")
    parser.add_argument("--ds-cnn", action="store_true", help="the network for keywords too")
    asked = parser.parse_args()
    if asked.resnet or asked.ds_cnn:
        for flash in (1 << 30, FLASH) if asked.resnet else ():
            _tell("ResNet-8, 90 % removed", resnet(0.1), flash)
        if asked.ds_cnn:
            _tell("DS-CNN, 80 % removed", ds_cnn(0.2), 1 << 30)
        return
    rows = []
    for shape in SHAPES:
        found = [_cost(one_layer(1 - kept, CHANNELS, 1), shape) for kept in (0.2, 0.1)]
        numbers = [f"{number:.2f}" for pair in zip(*found) for number in pair]
        rows.append([f"{shape.across} x {shape.channels}", "2^8" if shape.raised else "", *numbers])
    print(table(["words x channels", "raised", "80 %: cycles", "90 %", "80 %: bytes", "90 %"], rows))
    print(f"depthwise, dense: {_cost(one_layer(0.0, 2 * CHANNELS, 2 * CHANNELS), Shape(4, 1, True))[0]:.2f} cycles")


def _tell(name: str, network: IntegerNetwork, flash: int) -> None:
    program = choose_tensors(network, CORTEX_M4, Optimize.SPEED, TensorBudget("net", flash, _flash)).program
    cycles, size = line_cycles(CORTEX_M4, program.lines).sum(), _flash(program)
    print(f"{name}: {cycles:,} cycles, {size:,} bytes of flash of {flash:,} at most")


def _flash(program: TensorProgram) -> int:
    return tensor_memory(program, tensor_frame(program, "net")).flash


def _cost(network: IntegerNetwork, shape: Shape) -> tuple[float, float]:
    """Cycles of a product that is computed, bytes of a weight that is left; of the first layer."""
    program = select_tensors(network, CORTEX_M4, [shape] * len(network.layers))
    mine, kept = program.lines["layer"] == 0, network.connections
    size = bytes_of(CORTEX_M4, program.lines[mine]) + len(program.constants)
    return line_cycles(CORTEX_M4, program.lines)[mine].sum() / kept / PLANE**2, size / kept


def one_layer(removed: float, channels: int, groups: int) -> IntegerNetwork:
    """A layer, and the greatest of each channel."""
    random = np.random.default_rng(0)
    body = _body(random, (channels, channels // groups * 9), 1 - removed, -128)
    layers = IntegerConv(body, (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), groups, -128), IntegerPool(Reduction.MAX)
    return _network(layers, ((0,), (1,)), (channels, PLANE, PLANE), channels)


def resnet(kept: float) -> IntegerNetwork:
    """ResNet-8 of MLPerf Tiny by its shapes: 32x32x3, three stages of 16, 32 and 64 channels, ten classes."""
    random, layers, wiring = np.random.default_rng(0), list[IntegerLayer](), list[tuple[int, ...]]()

    def add(layer: IntegerLayer, *taken: int) -> int:
        layers.append(layer)
        wiring.append(taken)
        return len(layers)

    def convolution(taken: int, sizes: tuple[int, int], kernel: int, stride: int, zero: int) -> int:
        sides = (0, 0, 0, 0) if kernel == 1 else (1, 1, 1, 1) if stride == 1 else (0, 0, 1, 1)
        body = _body(random, (sizes[1], sizes[0] * kernel**2), kept, zero)
        return add(IntegerConv(body, (kernel, kernel), (stride, stride), sides, (1, 1), 1, -128), taken)

    value = convolution(0, (3, 16), 3, 1, -128)
    for before, channels in ((16, 16), (16, 32), (32, 64)):
        stride = channels // before
        first = convolution(value, (before, channels), 3, stride, -128)
        second = convolution(first, (channels, channels), 3, 1, 5)
        beside = value if stride == 1 else convolution(value, (before, channels), 1, stride, 7)
        value = add(_addition(random, (-128 if stride == 1 else 7, 5)), beside, second)
    value = add(Reshape(), add(IntegerPool(Reduction.AVERAGE, (8, 8)), value))
    add(_body(random, (10, 64), 1.0, 0), value)
    return _network(layers, tuple(wiring), (3, 32, 32), 10)


def ds_cnn(kept: float) -> IntegerNetwork:
    """DS-CNN of MLPerf Tiny by its shapes: 49x10, four pairs of depthwise and pointwise, 64 channels, 12 classes."""
    random, channels = np.random.default_rng(0), 64
    first = _body(random, (channels, 10 * 4), kept, -128)
    layers: list[IntegerLayer] = [IntegerConv(first, (10, 4), (2, 2), (4, 1, 5, 1), (1, 1), 1, -128)]
    for _ in range(4):
        body = _body(random, (channels, 9), kept, -128)
        layers.append(IntegerConv(body, (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), channels, -128))
        layers.append(IntegerConv(_body(random, (channels, channels), kept, -128), (1, 1), border=-128))
    layers += [IntegerPool(Reduction.AVERAGE), Reshape(), _body(random, (12, channels), 1.0, 0)]
    return _network(layers, tuple((k,) for k in range(len(layers))), (1, 49, 10), 12)


def _addition(random: np.random.Generator, zeros: tuple[int, int]) -> IntegerAdd:
    scaling = Multiplier(random.integers(1 << 30, 1 << 31, 2), np.array([0, -1]), True)
    back = Multiplier(random.integers(1 << 30, 1 << 31, 1), np.array([-19]), True)
    return IntegerAdd((-zeros[0], -zeros[1]), 20, scaling, back, INT8, -128, 127, -128)


def _body(random: np.random.Generator, shape: tuple[int, int], kept: float, zero: int) -> IntegerDense:
    outputs = shape[0]
    weight = np.clip(np.rint(random.normal(size=shape) * 127 / 3), -127, 127).astype(np.int16)
    weight[weight == 0] = 1
    removed = random.permutation(weight.size)[round(weight.size * kept) :]
    weight.ravel()[removed] = 0
    exponent = -np.maximum(4, np.ceil(np.log2(np.abs(weight).sum(axis=1, dtype=np.int64) * 0.6 + 1))).astype(np.int64)
    by = Multiplier(random.integers(1 << 30, 1 << 31, outputs), exponent, True)
    ends = _full(outputs, -128), _full(outputs, 127)
    bias = random.integers(-500, 500, outputs).astype(np.int32)
    return IntegerDense(weight, bias, by, Activation.LINEAR, INT8, *ends, zero)  # the clamp is the activation


def _full(count: int, value: int) -> NDArray[np.int32]:
    return np.full(count, value, np.int32)


def _network(
    layers: Sequence[IntegerLayer], wiring: Wiring, shape: tuple[int, int, int], outputs: int
) -> IntegerNetwork:
    inputs = int(np.prod(shape))
    given, left = (np.ones(inputs), _full(inputs, -128)), (np.ones(outputs), _full(outputs, 0))
    domain = InputDomain.undeclared(inputs)
    return IntegerNetwork(tuple(layers), domain, shape, INT8, *given, *left, wiring=wiring)


if __name__ == "__main__":
    main()
