"""A network with windows in float32 to blocked C: sums of neighbours that share what they load.

What one who wants speed writes for dense weights on this core: four channels at four positions of a row, sixteen sums
in registers, and for their sixteen products four values and four weights, which lie in the order in which they are
taken. Convolutions in groups and all other layers are those of the dense C, but that dense layers go four outputs at a
time.
"""

import numpy as np

from armlet.baseline.floats.bordered import bordered_c, copied, extents
from armlet.baseline.floats.text import Planes, signature, table
from armlet.baseline.text import activated
from armlet.network.frozen import F32
from armlet.network.layers import Conv, Dense
from armlet.network.network import Network

_CHANNELS, _POSITIONS = 4, 4
_INLINE = "static inline __attribute__((always_inline)) void"


def blocked_c(network: Network, name: str) -> str:
    """C text in which every weight is multiplied, zero or not. Raises `InputError` where no mean and std are folded."""
    return bordered_c(network, name, _dense, _convolution, lambda layer: isinstance(layer, Conv) and layer.groups == 1)


def _convolution(i: int, layer: Conv, taken: Planes, made: Planes, border: float) -> list[str]:
    channels, across, (outputs, height, width) = taken[0], extents(layer, taken)[1], made
    row, aside, inputs = across * channels, layer.stride[1] * channels, layer.weight[0].size
    whole, rest = divmod(width, _POSITIONS)
    call = f"(p, w{i} + {inputs} * o, b{i} + o, to + {height * width} * o, {outputs} - o)"
    lines = [*_tables(i, layer.weight.transpose(0, 2, 3, 1).reshape(outputs, -1), layer.bias)]
    for count in {_POSITIONS: whole, rest: rest}:
        lines += _block(i, layer, count, (row, aside, height * width)) if count else []
    lines += [
        f"{signature(i)} {{",
        *copied(layer, taken, border),
        f"  for (int y = 0; y < {height}; y++) {{",
        f"    const float *p = planes + {layer.stride[0] * row} * y;",
    ]
    if whole:
        lines += [
            f"    for (int x = 0; x < {whole}; x++, p += {_POSITIONS * aside}, to += {_POSITIONS})",
            f"      for (int o = 0; o < {outputs}; o += {_CHANNELS}) block{i}_{_POSITIONS}{call};",
        ]
    if rest:
        lines += [f"    for (int o = 0; o < {outputs}; o += {_CHANNELS}) block{i}_{rest}{call};", f"    to += {rest};"]
    return [*lines, "  }", "}"]


def _tables(i: int, rows: F32, bias: F32) -> list[str]:
    """Weights and biases, the weights of four rows side by side; rows of zeros make the last four whole."""
    more = -len(rows) % _CHANNELS
    padded = np.pad(rows, ((0, more), (0, 0))).reshape(-1, _CHANNELS, rows.shape[1])
    return [table(f"w{i}", padded.transpose(0, 2, 1)), table(f"b{i}", np.pad(bias, (0, more)))]


def _block(i: int, layer: Conv, positions: int, steps: tuple[int, int, int]) -> list[str]:
    """C of `block<i>_<positions>`; steps are to the next row, position, and channel of results."""
    row, aside, plane = steps
    outputs, channels, down, across = layer.weight.shape
    apart = layer.dilation[1] > 1  # columns of the window
    runs, run = (across, channels) if apart else (1, across * channels)
    lines = _begin(f"block{i}_{positions}", positions)
    lines += [
        f"  for (int j = 0; j < {down}; j++, p += {layer.dilation[0] * row})",
        f"    for (int k = 0; k < {runs}; k++) {{",
        f"      const float *x = p + {layer.dilation[1] * channels} * k;",
        f"      for (int c = 0; c < {run}; c++, x++, w += {_CHANNELS}) {{",
        *_products(positions, aside),
        "      }",
        "    }",
    ]
    return [*lines, *_results(layer, positions, plane, outputs), "}"]


def _begin(name: str, positions: int) -> list[str]:
    """C of the head of a block, its sums begun with their biases."""
    parameters = "const float *p, const float *restrict w, const float *restrict b, float *restrict to, int left"
    sums = ", ".join(f"t{m}{n} = b[{m}]" for m in range(_CHANNELS) for n in range(positions))
    return [f"{_INLINE} {name}({parameters}) {{", f"  float {sums};"]


def _products(positions: int, aside: int) -> list[str]:
    """C of the products of four weights and a value of each position."""
    values = ", ".join(f"x{n} = x[{n * aside}]" for n in range(positions))
    sums = (
        " ".join(f"t{m}{n} += w[{m}] * x{n};" for n in range(positions)) for m in range(_CHANNELS)
    )  # a weight at a time
    return [f"        const float {values};", *(f"        {line}" for line in sums)]


def _results(layer: Conv | Dense, positions: int, plane: int, outputs: int) -> list[str]:
    """C that stores what there is of four channels."""
    found = list[str]()
    for m in range(_CHANNELS):
        odd = f"if (left > {m}) " if outputs % _CHANNELS and m else ""
        stores = (f"to[{m * plane + n}] = {activated(layer, f't{m}{n}')};" for n in range(positions))
        found.append(f"  {odd}{{ {' '.join(stores)} }}")
    return found


def _dense(i: int, layer: Dense) -> list[str]:
    return [
        *_tables(i, layer.weight, layer.bias),
        *_begin(f"block{i}", 1),
        f"  for (const float *x = p; x != p + {layer.inputs}; x++, w += {_CHANNELS}) {{",
        *_products(1, 0),
        "  }",
        *_results(layer, 1, 1, layer.outputs),
        "}",
        f"{signature(i)} {{",
        f"  for (int o = 0; o < {layer.outputs}; o += {_CHANNELS})",
        f"    block{i}(from, w{i} + {layer.inputs} * o, b{i} + o, to + o, {layer.outputs} - o);",
        "}",
    ]
