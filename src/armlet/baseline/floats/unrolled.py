"""A network with windows in float32 to C whose weights are constants: a statement for each output channel.

Each convolution copies what it takes to planes with their border, the channels of a position together, so that its
statements read every tap without asking where it lies, at every position. Other layers are those of the dense C.
"""

import numpy as np

from armlet.baseline.floats.bordered import copied, extents, size_of
from armlet.baseline.floats.dense import layers_c
from armlet.baseline.floats.text import Planes, border_of, network_c, planes, signature, windows_of
from armlet.baseline.text import activated, floats
from armlet.network.layers import Conv, Dense, Depthwise
from armlet.network.network import Network
from armlet.network.normalise import fold_into_windows
from armlet.network.shapes import tensor_shapes


def unrolled_c(network: Network, name: str) -> str:
    """C text in which no weight is read from a table, and none that is zero is there.

    Raises `InputError` where no mean and std are folded.
    """
    folded, size = fold_into_windows(network), 1
    network, layers = folded.network, layers_c(folded)
    shapes = tensor_shapes(network.layers, network.sources, network.shape)
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        if isinstance(layer, Dense):
            layers[i] = _dense(i, layer)
        if isinstance(layer, Conv | Depthwise):
            conv, taken, border = windows_of(layer), planes(shapes[sources[0]]), border_of(folded, sources[0])
            size = max(size, size_of(conv, taken))
            layers[i] = _convolution(i, conv, taken, planes(shapes[i + 1]), border)
    return network_c(network, name, layers, [f"static float planes[{size}];"])


def _convolution(i: int, layer: Conv, taken: Planes, made: Planes, border: float) -> list[str]:
    channels, across = taken[0], extents(layer, taken)[1]
    return [
        f"{signature(i)} {{",
        *copied(layer, taken, border),
        f"  for (int y = 0; y < {made[1]}; y++) {{",
        f"    const float *p = planes + {layer.stride[0] * across * channels} * y;",
        f"    for (int x = 0; x < {made[2]}; x++, p += {layer.stride[1] * channels}, to++) {{",
        *(
            f"      to[{o * made[1] * made[2]}] = {activated(layer, total)};"
            for o, total in enumerate(_totals(layer, across, channels))
        ),
        "    }",
        "  }",
        "}",
    ]


def _totals(layer: Conv, across: int, channels: int) -> list[str]:
    """C of the sum of each channel, its taps in the order of their words."""
    found, each = list[str](), len(layer.weight) // layer.groups
    for o, (weight, bias) in enumerate(zip(layer.weight, layer.bias)):
        first, total = o // each * layer.weight.shape[1], floats(bias)
        for j, k, c in np.argwhere(weight.transpose(1, 2, 0)).tolist():
            place = (j * layer.dilation[0] * across + k * layer.dilation[1]) * channels + first + c
            total += f" + {floats(weight[c, j, k])} * p[{place}]"
        found.append(total)
    return found


def _dense(i: int, layer: Dense) -> list[str]:
    lines = [f"{signature(i)} {{"]
    for o, (row, bias) in enumerate(zip(layer.weight, layer.bias)):
        products = "".join(f" + {floats(row[k])} * from[{k}]" for k in np.flatnonzero(row).tolist())
        lines.append(f"  to[{o}] = {activated(layer, floats(bias) + products)};")
    return [*lines, "}"]
