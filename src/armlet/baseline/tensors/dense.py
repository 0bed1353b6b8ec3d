"""A network in integers with windows to dense C: every weight is multiplied, two products an instruction.

What libraries of kernels for Cortex-M4 do: windows are copied to columns of halfwords, two positions at a time, and
SMLAD makes the products; depthwise convolutions go four channels at a time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from armlet.baseline.integers.text import head, signature
from armlet.baseline.tensors.arena import Arena, arena, array_order, moved
from armlet.baseline.tensors.convolution import convolution_c
from armlet.baseline.tensors.convolution import signature as layer_signature
from armlet.baseline.tensors.groups import HALVES, grouped_c
from armlet.baseline.tensors.pools import LIMITED, addition_c, pool_c, reshape_c, scaling_of
from armlet.baseline.tensors.products import WIDE, Rows, multiplied_columns, widened
from armlet.baseline.tensors.residual import Residual
from armlet.errors import InputError
from armlet.integer.formats import IntegerFormat
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerPool, body_of
from armlet.integer.network import IntegerNetwork
from armlet.network.layers import Reshape
from armlet.network.shapes import Shape

_OWN_LOOPS = '#ifndef __clang__\n#pragma GCC optimize("no-tree-loop-distribute-patterns")\n#endif'  # no memset to link


def dense_c(network: IntegerNetwork, name: str) -> str:
    """C text in which every weight is multiplied, zero or not."""
    return network_c(network, name, {}, [f"static word columns[{_column_words(network)}];"])


def network_c(network: IntegerNetwork, name: str, given: Mapping[int, list[str]], statics: list[str]) -> str:
    """C text of all layers, some `given` by their number, and of `NAME_run`, which calls them on their arrays."""
    if network.argmax is not None:
        raise InputError("argmax", "is not written as C for networks with windows", "compare without it")
    lay = arena(network)
    scalings = {found for layer in network.layers if (found := scaling_of(layer))}
    bodies = {i: body for i, layer in enumerate(network.layers) if (body := body_of(layer)) is not None}
    lines = [_OWN_LOOPS, *head(bodies, scalings), WIDE, HALVES, LIMITED, *statics]
    for i in range(len(network.layers)):
        lines += given[i] if i in given else _layer(network, i)
    return "\n".join([*lines, *_called(network, name, lay), ""])


def _called(network: IntegerNetwork, name: str, lay: Arena) -> Iterator[str]:
    """C of `NAME_run`: the layers one after the other, on their arrays."""
    if lay.bytes:
        yield f"static int8_t arena[{lay.bytes}] __attribute__((aligned(4)));"
    yield signature(network, name)
    for i, taken in enumerate(network.sources):
        if lay.names[taken[0]] != lay.names[i + 1]:
            yield f"  layer{i}({', '.join(lay.names[k] for k in (*taken, i + 1))});"
    yield "}"


def _column_words(network: IntegerNetwork) -> int:
    """Two columns of halfwords of the longest row."""
    return max(
        (-(-body.inputs // 4) * 4 for layer in network.layers if (body := body_of(layer)) is not None), default=1
    )


def _layer(network: IntegerNetwork, i: int) -> list[str]:
    layer, sources = network.layers[i], network.sources[i]
    given, taken, made = network.formats[sources[0]], network.shapes[sources[0]], network.shapes[i + 1]
    match layer:
        case IntegerDense():
            return _dense(i, layer, given, network.shapes[sources[0]])
        case IntegerConv(groups=groups):
            write = convolution_c if groups == 1 else grouped_c
            return write(i, layer, given, taken, made, residual_of(network, i, layer))
        case IntegerPool():
            return pool_c(i, layer, given, taken, made)
        case IntegerAdd():
            return addition_c(i, layer, (given, network.formats[sources[1]]), network.widths[i + 1])
        case Reshape():
            return reshape_c(i, given, moved(network, i), network.widths[i + 1])


def residual_of(network: IntegerNetwork, i: int, layer: IntegerConv) -> Residual:
    """What the residual of layer `i` adds to its C."""
    return Residual(i, layer, None if layer.residual is None else network.formats[network.sources[i][1]])


def _dense(i: int, layer: IntegerDense, given: IntegerFormat, taken: Shape) -> list[str]:
    """One column of all inputs, in the order of their array."""
    rows = Rows(i, replace(layer, weight=layer.weight[:, array_order(taken)]), 1, given, 0)
    return [
        *rows.tables(),
        *widened(rows),
        *multiplied_columns(rows, 1, layer.neurons),
        f"{layer_signature(i, given, layer.stored)} {{",
        f"  widened{i}((half *)columns, from, {layer.inputs});",
        f"  multiply{i}_1(to);",
        "}",
    ]
