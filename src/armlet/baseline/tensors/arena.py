"""Where the values of a network lie while its C program runs: one static array, shared by values that never meet."""

from dataclasses import dataclass

import numpy as np

from armlet.integer.formats import I64
from armlet.integer.network import IntegerNetwork
from armlet.network.layers import Reshape
from armlet.network.shapes import Shape
from armlet.tensors.place import Lifetime, place

_WORD = 4


@dataclass(frozen=True, slots=True)
class Arena:
    """C expressions for the array of every value, the network's input first, and the bytes of the array they share."""

    names: tuple[str, ...]
    bytes: int


def array_order(shape: Shape) -> I64:
    """For each element of a C array the number of its value: the channels of a position stand together."""
    numbers = np.arange(np.prod(shape))
    return numbers.reshape(shape).transpose(1, 2, 0).ravel() if len(shape) == 3 else numbers


def moved(network: IntegerNetwork, i: int) -> I64 | None:
    """For each element of what the reshape `i` gives, the element it is of what is taken; None where all stay."""
    before, after = (array_order(network.shapes[k]) for k in (network.sources[i][0], i + 1))
    found = np.argsort(before)[after]
    return None if (found == np.arange(len(found))).all() else found


def arena(network: IntegerNetwork) -> Arena:
    """Values by lifetime, from the layer that makes each to the last that takes it."""
    homes = _homes(network)
    last = {home: k for k, home in enumerate(homes)}
    for i, taken in enumerate(network.sources):
        last |= {homes[k]: max(last[homes[k]], i + 1) for k in taken}
    inner = sorted({*homes} - {0, homes[-1]})
    pieces = [Lifetime(_bytes(network, k), k, last[k]) for k in inner]
    starts = dict(zip(inner, place(pieces)))
    names = {k: f"({network.formats[k].c_type} *)(arena + {start})" for k, start in starts.items()}
    names |= {homes[-1]: "output", 0: "input"}
    size = max((start + _bytes(network, k) for k, start in starts.items()), default=0)
    return Arena(tuple(names[home] for home in homes), size)


def _homes(network: IntegerNetwork) -> tuple[int, ...]:
    """For each value the one whose array it is: a reshape that moves nothing has none of its own."""
    found = [0]
    for i, layer in enumerate(network.layers):
        stays = isinstance(layer, Reshape) and moved(network, i) is None and i < len(network.layers) - 1
        found.append(found[network.sources[i][0]] if stays else i + 1)
    return tuple(found)


def _bytes(network: IntegerNetwork, k: int) -> int:
    return -(-network.widths[k] * network.formats[k].bytes // _WORD) * _WORD
