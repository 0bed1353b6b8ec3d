"""A network with windows in float32 to dense C: direct loops over constant weights, zeros and all.

What a converter of models writes: for each output channel and position the sum over input channels, rows and columns of
the window. Taps beyond the planes are left out by the limits of the loops; where a window lies inside, these are
constants, so that compilers unroll it.
"""

from armlet.baseline.floats.convolution import convolution_c
from armlet.baseline.floats.pools import addition_c, pool_c
from armlet.baseline.floats.text import border_of, network_c, planes, signature, table, windows_of
from armlet.baseline.text import activated
from armlet.network.layers import Add, Conv, Dense, Depthwise, Pool, Reshape
from armlet.network.network import Network
from armlet.network.normalise import Folded, fold_into_windows


def dense_c(network: Network, name: str) -> str:
    """C text in which every weight is multiplied, zero or not. Raises `InputError` where no mean and std are folded."""
    folded = fold_into_windows(network)
    return network_c(folded.network, name, layers_c(folded), [])


def layers_c(folded: Folded) -> dict[int, list[str]]:
    """C of the function of each layer that is no reshape."""
    network, found = folded.network, dict[int, list[str]]()
    shapes = network.shapes
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        taken, made = shapes[sources[0]], shapes[i + 1]
        match layer:
            case Dense():
                found[i] = _dense(i, layer)
            case Conv() | Depthwise():
                border = border_of(folded, sources[0])
                found[i] = convolution_c(i, windows_of(layer), planes(taken), planes(made), border)
            case Pool():
                found[i] = pool_c(i, layer, planes(taken), planes(made))
            case Add():
                found[i] = addition_c(i, layer, made)
            case Reshape():
                pass
    return found


def _dense(i: int, layer: Dense) -> list[str]:
    return [
        table(f"w{i}", layer.weight),
        table(f"b{i}", layer.bias),
        f"{signature(i)} {{",
        f"  for (int o = 0; o < {layer.outputs}; o++) {{",
        f"    float sum = b{i}[o];",
        f"    for (int k = 0; k < {layer.inputs}; k++) sum += w{i}[{layer.inputs} * o + k] * from[k];",
        f"    to[o] = {activated(layer, 'sum')};",
        "  }",
        "}",
    ]
