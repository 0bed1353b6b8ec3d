"""Additions that become part of a convolution: what was added is multiplied by a constant into the same sum.

The convolution's own values are then neither rounded nor stored, and no addition rounds them again.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.integer.layers import IntegerConv
from armlet.network.activation import Activation
from armlet.network.frozen import F64
from armlet.network.layers import Add, Conv, Depthwise
from armlet.network.network import Network

_ERROR = 0.005  # of what is added: the most that its constant may be off by rounding
_MOST = 32767  # of a constant
_FIELD = 1 << 23  # sums of a word of two bytes lie between its negative and it
_LIFT, _BYTE = 128, 255  # what one of the two has more, and how far it goes then


@dataclass(frozen=True, slots=True)
class Addition:
    """Of two values of a network: the one that a convolution makes for it alone, and the other."""

    convolution: int
    other: int


def additions_of(network: Network) -> dict[int, list[Addition]]:
    """By the number of the value that is made, the ways in which an addition may be part of a convolution.

    Of two convolutions the one with more weights in a window comes first, then the later one.
    """
    takers = [source for sources in network.sources for source in sources]
    found = dict[int, list[Addition]]()
    for k, (layer, sources) in enumerate(zip(network.layers, network.sources), 1):
        if isinstance(layer, Add):
            ways = [Addition(one, other) for one, other in (sources, sources[::-1]) if takers.count(one) == 1]
            ways = [way for way in ways if _is_linear(network, way.convolution)]
            found[k] = sorted(ways, key=lambda way: (_window(network, way.convolution), way.convolution), reverse=True)
    return found


def _is_linear(network: Network, value: int) -> bool:
    layer = network.layers[value - 1] if value else None
    return isinstance(layer, Conv | Depthwise) and layer.activation is Activation.LINEAR


def _window(network: Network, value: int) -> int:
    layer = network.layers[value - 1]
    assert isinstance(layer, Conv | Depthwise)
    return int(np.prod(layer.weight.shape[1:]))


def with_residual(made: IntegerConv, times: F64, zero: int) -> IntegerConv | None:
    """The layer with values of another tensor added to its sums `times`, of which `zero` stands for 0.

    None where whole numbers do not hold that nearly enough, or the sums leave the fields of a word.
    """
    residual: NDArray[Any] = np.rint(times).astype(np.int64)
    if residual.max() > _MOST or (np.abs(residual - times) > _ERROR * times).any():
        return None
    bias = made.body.bias - zero * residual
    weight = np.append(made.body.weight.astype(np.int64), residual[:, None], axis=1)
    start = bias - _LIFT * weight.sum(axis=1)
    least = start + _BYTE * np.minimum(weight, 0).sum(axis=1)
    most = start + _BYTE * np.maximum(weight, 0).sum(axis=1)
    if (least < -_FIELD).any() or (most >= _FIELD).any():
        return None
    return replace(made, body=replace(made.body, bias=bias), residual=residual)
