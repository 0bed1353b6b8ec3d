"""The pieces of C that layers with windows are made of."""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from armlet.baseline.floats.arena import Arena, arena
from armlet.baseline.text import floats, head
from armlet.baseline.text import signature as run_signature
from armlet.network.layers import Add, Conv, Dense, Depthwise
from armlet.network.network import Network
from armlet.network.normalise import Folded
from armlet.network.shapes import Shape
from armlet.tensors.floats.planes import homes_of

_OWN_LOOPS = '#ifndef __clang__\n#pragma GCC optimize("no-tree-loop-distribute-patterns")\n#endif'  # no memset to link
Activated = Dense | Conv | Depthwise | Add
Planes: TypeAlias = tuple[int, int, int]  # channels, height, width


def network_c(network: Network, name: str, layers: Mapping[int, list[str]], statics: list[str]) -> str:
    """C text of all layers but reshapes, by their numbers, and of `NAME_run`, which calls them."""
    lay, used = arena(network), {layer.activation for layer in network.layers if isinstance(layer, Activated)}
    lines = [_OWN_LOOPS, *head(used), *statics, *(line for each in layers.values() for line in each)]
    if lay.floats:
        lines.append(f"static float arena[{lay.floats}];")
    return "\n".join([*lines, run_signature(name), *_called(network, lay, layers), "}", ""])


def _called(network: Network, lay: Arena, layers: Mapping[int, list[str]]) -> list[str]:
    """C of the calls, one layer after the other."""
    return [f"  layer{i}({', '.join(lay.names[k] for k in (*network.sources[i], i + 1))});" for i in layers]


def signature(i: int, other: bool = False) -> str:
    """Of the function of a layer that takes one tensor or two."""
    more = "const float *other, " if other else ""
    return f"static __attribute__((noinline)) void layer{i}(const float *from, {more}float *restrict to)"


def table(name: str, values: ArrayLike) -> str:
    """A constant array of floats."""
    return f"static const float {name}[{np.size(values)}] = {{{floats(values)}}};"


def windows_of(layer: Conv | Depthwise) -> Conv:
    """The layer as a convolution: a depthwise one has a group for each channel."""
    if isinstance(layer, Conv):
        return layer
    own = layer.activation, layer.slope, layer.stride, layer.padding, layer.dilation
    return Conv(layer.weight[:, None], layer.bias, *own, groups=len(layer.weight))


def planes(shape: Shape) -> Planes:
    """The shape of what a layer with windows takes or gives."""
    channels, height, width = shape
    return channels, height, width


def border_of(folded: Folded, source: int) -> float:
    """What a window finds beyond the planes of a value: the inputs may have a mean."""
    return 0.0 if homes_of(folded.network)[source] else folded.border
