"""Planes with their border in C: a window finds every tap without asking where it lies.

The channels of a position stand together, and what a window takes of a row is one run of floats.
"""

from collections.abc import Callable

from armlet.baseline.floats.dense import layers_c
from armlet.baseline.floats.text import Planes, border_of, network_c, planes, windows_of
from armlet.baseline.text import floats
from armlet.network.layers import Conv, Dense, Depthwise, Pair
from armlet.network.network import Network
from armlet.network.normalise import fold_into_windows


def bordered_c(
    network: Network,
    name: str,
    dense: Callable[[int, Dense], list[str]],
    convolution: Callable[[int, Conv, Planes, Planes, float], list[str]],
    serves: Callable[[Conv | Depthwise], bool],
) -> str:
    """C text with the functions of dense layers and of the convolutions that it `serves`; the others as dense C.

    Convolutions are given what they take and make, and what stands beyond. Raises `InputError` where no mean and std
    are folded.
    """
    folded, size = fold_into_windows(network), 1
    network, layers = folded.network, layers_c(folded)
    shapes = network.shapes
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        if isinstance(layer, Dense):
            layers[i] = dense(i, layer)
        if isinstance(layer, Conv | Depthwise) and serves(layer):
            conv, taken = windows_of(layer), planes(shapes[sources[0]])
            size = max(size, size_of(conv, taken))
            layers[i] = convolution(i, conv, taken, planes(shapes[i + 1]), border_of(folded, sources[0]))
    return network_c(network, name, layers, [f"static float planes[{size}];"])


def extents(layer: Conv, taken: Planes) -> Pair:
    """Height and width of planes with their border."""
    top, left, bottom, right = layer.padding
    return taken[1] + top + bottom, taken[2] + left + right


def size_of(layer: Conv, taken: Planes) -> int:
    """Floats of planes with their border."""
    down, across = extents(layer, taken)
    return taken[0] * down * across


def copied(layer: Conv, taken: Planes, border: float) -> list[str]:
    """C that copies what a layer takes `from` its array to `planes`."""
    (channels, height, width), (top, left, *_) = taken, layer.padding
    row = extents(layer, taken)[1] * channels
    place = f"{top * row + left * channels} + {row} * y + {channels} * x + c"
    return [
        f"  for (int k = 0; k < {size_of(layer, taken)}; k++) planes[k] = {floats(border)};",
        f"  for (int c = 0; c < {channels}; c++)",
        f"    for (int y = 0; y < {height}; y++)",
        f"      for (int x = 0; x < {width}; x++) planes[{place}] = *from++;",
    ]
