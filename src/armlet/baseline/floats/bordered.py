"""Planes with their border in C: a window finds every tap without asking where it lies.

The channels of a position stand together, and what a window takes of a row is one run of floats.
"""

from armlet.baseline.floats.text import Planes
from armlet.baseline.text import floats
from armlet.network.layers import Conv, Pair


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
