"""A network in integers with windows to C whose weights are constants: a statement for each output channel.

Each convolution copies what it takes to planes with their border, so that its statements read every tap without asking
where it lies, at every position. Other layers are those of the dense C.
"""

import numpy as np

from armlet.baseline.integers.text import stored
from armlet.baseline.tensors.arena import array_order
from armlet.baseline.tensors.convolution import signature
from armlet.baseline.tensors.dense import network_c, residual_of
from armlet.baseline.tensors.residual import Residual
from armlet.integer.formats import I64, IntegerFormat
from armlet.integer.layers import IntegerConv, IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.network.layers import Pair
from armlet.network.shapes import Shape


def unrolled_c(network: IntegerNetwork, name: str) -> str:
    """C text in which no weight of a body is read from memory, and none that is zero is there."""
    unrolled: dict[int, list[str]] = {}
    size = 1
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        given, taken, made = network.formats[sources[0]], network.shapes[sources[0]], network.shapes[i + 1]
        if isinstance(layer, IntegerConv):
            size = max(size, taken[0] * int(np.prod(_extents(layer, taken))))
            unrolled[i] = _convolution(i, layer, given, taken, made, residual_of(network, i, layer))
        if isinstance(layer, IntegerDense):
            unrolled[i] = _dense(i, layer, given, taken)
    return network_c(network, name, unrolled, [f"static int8_t planes[{size}] __attribute__((aligned(4)));"])


def _extents(layer: IntegerConv, taken: Shape) -> Pair:
    """Height and width of planes with their border."""
    top, left, bottom, right = layer.padding
    return taken[1] + top + bottom, taken[2] + left + right


def _convolution(
    i: int, layer: IntegerConv, given: IntegerFormat, taken: Shape, made: Shape, residual: Residual
) -> list[str]:
    channels, height, width = taken
    down, across = _extents(layer, taken)
    row, bytes_of_row = across * channels, width * channels
    place, aside = layer.padding[0] * row + layer.padding[1] * channels, layer.stride[1] * channels
    weight, offsets = layer.weight, _offsets(layer, taken)
    lines = [
        f"{signature(i, given, layer.body.stored, residual.parameter)} {{",
        f"  {given.c_type} *const plane = ({given.c_type} *)planes;",
        f"  for (int k = 0; k < {down * row}; k++) plane[k] = {layer.border};",
        f"  for (int y = 0; y < {height}; y++)",
        f"    for (int k = 0; k < {bytes_of_row}; k++) plane[{place} + {row} * y + k] = from[{bytes_of_row} * y + k];",
        f"  for (int y = 0; y < {made[1]}; y++) {{",
        f"    const {given.c_type} *p = plane + {layer.stride[0] * row} * y;",
        f"    for (int x = 0; x < {made[2]}; x++, p += {aside}, to += {made[0]}{residual.moved(made[0])}) {{",
    ]
    for o in range(made[0]):
        used = np.argwhere(weight[o])
        first = o // (made[0] // layer.groups) * weight.shape[1]
        products = [f" + {weight[o][c, j, k]} * p[{first + offsets[c, j, k]}]" for c, j, k in used.tolist()]
        sum = f"{layer.body.bias[o]}{''.join(products)}"
        lines.append(f"      to[{o}] = {stored(i, layer.body, residual.added(sum, o, str(o)), o)};")
    return [*lines, "    }", "  }", "}"]


def _offsets(layer: IntegerConv, taken: Shape) -> I64:
    """Of each tap (channel, row, column) of a window, from its begin."""
    channel, row, column = np.indices(layer.weight.shape[1:], np.int64)
    across = _extents(layer, taken)[1]
    return np.asarray((row * layer.dilation[0] * across + column * layer.dilation[1]) * taken[0] + channel)


def _dense(i: int, layer: IntegerDense, given: IntegerFormat, taken: Shape) -> list[str]:
    ordered, lines = layer.weight[:, array_order(taken)], [f"{signature(i, given, layer.stored)} {{"]
    for o, row in enumerate(ordered):
        products = "".join(f" + {row[k]} * from[{k}]" for k in np.flatnonzero(row).tolist())
        lines.append(f"  to[{o}] = {stored(i, layer, f'{layer.bias[o]}{products}', o)};")
    return [*lines, "}"]
