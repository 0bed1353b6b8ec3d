"""Networks in integers to programs by the plainest road: one weight after another, each value loaded anew.

What a compiler would never write, and what the files of a build, the emulator and the verifier must take all the same.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from armlet.integer.formats import INT32, UINT8
from armlet.integer.layers import IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Shift
from armlet.isa.integer_operation import IntegerOperation as Op
from armlet.isa.integer_target import IntegerTarget
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.select.integer.program import BlockLayout, IntegerLine, IntegerProgram, lines_of

_VALUE, _WEIGHT, _SUM = 2, 3, 4  # registers


def draw_relu_network(widths: Sequence[int], seed: int = 0, density: float = 0.6) -> IntegerNetwork:
    """Inputs and hidden values in uint8, ReLU and a shift; the last layer gives its sums."""
    rng = np.random.default_rng(seed)
    layers: list[IntegerDense] = []
    for k, (inputs, neurons) in enumerate(pairwise(widths)):
        signs = rng.choice([-1, 1], (neurons, inputs)) * (rng.random((neurons, inputs)) < density)
        weight, bias = signs * 2 ** rng.integers(0, 5, (neurons, inputs)), rng.integers(-500, 1500, neurons)
        last = k == len(widths) - 2
        stored = INT32 if last else UINT8
        scaling = None if last else Shift(rng.integers(1, 7, neurons))
        activation = Activation.LINEAR if last else Activation.RELU
        ends: tuple[Any, Any] = np.full(neurons, INT32.low if last else 0), np.full(neurons, stored.high)
        arrays: tuple[Any, Any] = weight, bias
        layers.append(IntegerDense(*arrays, scaling, activation, stored, *ends))
    domain, ones, zeros = InputDomain.uniform(widths[0]), np.ones(widths[-1]), np.zeros(widths[-1], np.int32)
    scale, zero = np.full(widths[0], 1 / 255), np.zeros(widths[0], np.int32)
    return IntegerNetwork(tuple(layers), domain, (widths[0],), UINT8, scale, zero, ones * 0.125, zeros)


def naive_program(network: IntegerNetwork, target: IntegerTarget, packed: bool = False) -> IntegerProgram:
    """`network` for `target`; `packed`: the inputs lie two in a word, 24 bits apart, in another order."""
    order = np.random.default_rng(1).permutation(network.inputs)
    places = np.arange(network.inputs, dtype=np.int32)
    if packed:
        places[order] = 4 * (np.arange(network.inputs) // 2) + 3 * (np.arange(network.inputs) % 2)
    span = -(-int(places.max() + 1) // 4) * 4
    at, end, lines = places.tolist(), span, list[IntegerLine]()
    for k, layer in enumerate(network.dense):
        size, start = layer.stored.bytes, -(-end // 4) * 4
        for j in range(layer.neurons):
            lines += _neuron(network, target, k, j, at, packed and k == 0, start + j * size)
        at, end = [start + j * size for j in range(layer.neurons)], start + layer.neurons * size
    block = BlockLayout(places, 1, span, np.array(at), network.dense[-1].stored.bytes, -(-end // 4) * 4)
    return IntegerProgram(target, network, lines_of(lines), block, np.zeros(0, np.uint8))


def _neuron(
    network: IntegerNetwork, target: IntegerTarget, k: int, j: int, at: list[int], packed: bool, to: int
) -> Iterator[IntegerLine]:
    layer = network.dense[k]
    yield from _constant(target, _SUM, int(layer.bias[j]), k)
    for source in np.flatnonzero(layer.weight[j]).tolist():
        weight, place = int(layer.weight[j, source]), at[source]
        yield from _load(place, packed, k)
        yield from _constant(target, _WEIGHT, abs(weight), k)
        if target.can(Op.MULTIPLY):
            yield IntegerLine(Op.MULTIPLY, _WEIGHT, _WEIGHT, _VALUE, layer=k)
        else:
            yield IntegerLine(Op.MULTIPLY_TO, _WEIGHT, _VALUE, layer=k)
        add = Op.ADD if weight > 0 else Op.SUBTRACT
        yield IntegerLine(add, _SUM, _SUM, _WEIGHT, layer=k, source=source, neuron=j)
    if isinstance(layer.requantisation, Shift):
        by, bits = int(layer.requantisation.shift[j]), int(layer.high[j]).bit_length()
        yield IntegerLine(Op.CLAMP, _SUM, _SUM, by=by, number=bits, layer=k)
    yield IntegerLine({1: Op.STORE_BYTE, 4: Op.STORE}[layer.stored.bytes], _SUM, 0, number=to, layer=k)


def _load(place: int, packed: bool, k: int) -> Iterator[IntegerLine]:
    if not packed:
        yield IntegerLine(Op.LOAD_BYTE, _VALUE, 0, number=place, layer=k)
        return
    yield IntegerLine(Op.LOAD, _VALUE, 0, number=place - place % 4, layer=k)
    if place % 4:
        yield IntegerLine(Op.RIGHT, _VALUE, _VALUE, by=24, layer=k)
    else:  # with what lies between the fields, which must be zero
        yield IntegerLine(Op.LEFT, _VALUE, _VALUE, by=8, layer=k)
        yield IntegerLine(Op.RIGHT, _VALUE, _VALUE, by=8, layer=k)


def _constant(target: IntegerTarget, register: int, number: int, k: int) -> Iterator[IntegerLine]:
    bits = number & 0xFFFF_FFFF
    if target.can(Op.CONSTANT):
        yield IntegerLine(Op.CONSTANT, register, number=bits & 0xFFFF, layer=k)
        yield IntegerLine(Op.CONSTANT_HIGH, register, number=bits >> 16, layer=k)
        return
    yield IntegerLine(Op.SMALL_CONSTANT, register, number=bits >> 24, layer=k)
    for shift in (16, 8, 0):
        yield IntegerLine(Op.LEFT, register, register, by=8, layer=k)
        yield IntegerLine(Op.ADD_SMALL, register, number=bits >> shift & 0xFF, layer=k)
