"""A network with windows in float32 to C whose weights are constants: a statement for each output channel.

Each convolution copies what it takes to planes with their border, the channels of a position together, so that its
statements read every tap without asking where it lies, at every position. Other layers are those of the dense C.
"""

import numpy as np

from armlet.baseline.floats.bordered import bordered_c, copied, extents
from armlet.baseline.floats.text import Planes, signature
from armlet.baseline.text import activated, floats
from armlet.network.layers import Conv, Dense
from armlet.network.network import Network


def unrolled_c(network: Network, name: str) -> str:
    """C text in which no weight is read from a table, and none that is zero is there.

    Raises `InputError` where no mean and std are folded.
    """
    return bordered_c(network, name, _dense, _convolution, lambda layer: True)


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
