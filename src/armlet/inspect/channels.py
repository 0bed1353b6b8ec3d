"""What each channel of a network can be: the interval of its values, whether it varies, and whether anybody reads it.

A channel is a plane of a tensor, or a value of a row. Intervals are of values as float32 computes them, in whatever
order, or as a network in integers stores them; an input's is what is declared, or the whole line. A channel whose
interval is a point is the same number for every input. One is read where connections lead from it to an output, through
channels that vary.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.inspect.links import Weighing, links_of
from armlet.integer.bounds import tensor_bounds
from armlet.integer.formats import I64, IntegerFormat
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerLayer, IntegerPool
from armlet.integer.network import IntegerNetwork
from armlet.network.activation import activated, activation_error
from armlet.network.frozen import F64
from armlet.network.layers import Add, Conv, Dense, Depthwise, Layer, Pool, Reshape
from armlet.network.network import Network
from armlet.network.shapes import Shape

Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Channels:
    """Of one value of a network, by channel."""

    low: F64
    high: F64

    @property
    def vary(self) -> Mask:
        """Which are not the same for every input."""
        return np.not_equal(self.low, self.high)


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """What flows through a network: 0 is its input, k what its k-th layer gives, as in its wiring."""

    shapes: tuple[Shape, ...]
    channels: tuple[Channels, ...]
    is_read: tuple[Mask, ...]
    computed: tuple[int, ...]  # of each layer's weights, those that lead from what varies to what varies and is read
    overflow: str = ""  # of a network in integers whose sums may not fit 32 bits: where


def flow_of(network: Network | IntegerNetwork) -> Flow:
    """Intervals from the inputs on, and from the outputs back who is read."""
    if isinstance(network, IntegerNetwork):
        shapes = _rows_of_chain(network) or network.shapes
        channels, overflow = _integer_channels(network, shapes)
    else:
        shapes = network.shapes
        channels, overflow = _real_channels(network, shapes), ""
    is_read, computed = _read(network, shapes, channels)
    return Flow(shapes, channels, is_read, computed, overflow)


@np.errstate(all="ignore")
def _real_channels(network: Network, shapes: tuple[Shape, ...]) -> tuple[Channels, ...]:
    domain = network.domain
    low, high = ((end - domain.mean) / domain.std for end in (domain.low, domain.high))
    found = [_channels(low, high, shapes[0])]
    for layer, sources, shape in zip(network.layers, network.sources, shapes[1:]):
        found.append(_given(layer, [found[at] for at in sources], shapes[sources[0]], shape))
    return tuple(found)


def _rows_of_chain(network: IntegerNetwork) -> tuple[Shape, ...]:
    """The rows of a chain of dense layers, each value of the input by itself; nothing of other networks."""
    is_chain = all(isinstance(layer, IntegerDense) for layer in network.layers)
    return tuple((width,) for width in network.widths) if is_chain else ()


def _integer_channels(network: IntegerNetwork, shapes: tuple[Shape, ...]) -> tuple[tuple[Channels, ...], str]:
    """The proved intervals; those of the formats where a sum may overflow, and where that is."""
    try:
        ends, overflow = [(each.low, each.high) for each in tensor_bounds(network).values], ""
    except InputError as wrong:
        ends = [network.input_ends, *map(_stored_ends, network.layers, network.formats[1:], shapes[1:])]
        overflow = str(wrong)
    rows = [[_row(end.astype(float), shape) for end in both] for both, shape in zip(ends, shapes)]
    return tuple(_channels(low, high, shape) for (low, high), shape in zip(rows, shapes)), overflow


def _stored_ends(layer: IntegerLayer, stored: IntegerFormat, shape: Shape) -> tuple[I64, I64]:
    """The least and greatest that a layer may store."""
    match layer:
        case IntegerDense(low=low, high=high) | IntegerConv(body=IntegerDense(low=low, high=high)):
            return low.astype(np.int64), high.astype(np.int64)
        case _:
            channels = shape[0]
            return np.full(channels, stored.low), np.full(channels, stored.high)


def _given(layer: Layer, taken: Sequence[Channels], shape: Shape, given: Shape) -> Channels:
    """What the layer makes of channels in their intervals; no activation falls."""
    match layer:
        case Dense() | Conv() | Depthwise():
            entering = _entering(layer, taken[0], shape)
            low, high = links_of(layer).sums(entering.low, entering.high, layer.bias.astype(np.float64))
        case Add():
            low, high = taken[0].low + taken[1].low, taken[0].high + taken[1].high
        case Pool():
            return taken[0]  # what is padding takes no part
        case Reshape():
            return _channels(_row(taken[0].low, shape), _row(taken[0].high, shape), given)
    ends = [activated(layer.activation, layer.slope, end) for end in (low, high)]
    slack = [np.where(low != high, activation_error(layer.activation, end), 0.0) for end in ends]
    return Channels(ends[0] - slack[0], ends[1] + slack[1])


def _entering(layer: Weighing, taken: Channels, shape: Shape) -> Channels:
    """What the layer multiplies by its weights: values of a row, or channels, what is padding among them."""
    match layer:
        case Dense() | IntegerDense():
            return Channels(_row(taken.low, shape), _row(taken.high, shape))
        case _ if not any(layer.padding):
            return taken
        case IntegerConv(border=border):
            return Channels(np.minimum(taken.low, border), np.maximum(taken.high, border))
        case _:
            return Channels(np.minimum(taken.low, 0.0), np.maximum(taken.high, 0.0))


def _read(
    network: Network | IntegerNetwork, shapes: tuple[Shape, ...], channels: tuple[Channels, ...]
) -> tuple[tuple[Mask, ...], tuple[int, ...]]:
    """Of every value the channels that are read, and of every layer the weights that are computed."""
    read = [np.zeros(len(each.low), bool) for each in channels]
    read[-1][:] = True
    computed = [0] * len(network.layers)
    for i in range(len(network.layers) - 1, -1, -1):
        layer, wanted = network.layers[i], read[i + 1] & channels[i + 1].vary
        for number, at in enumerate(network.sources[i]):
            match layer:
                case IntegerConv(residual=times) if number and times is not None:
                    taken = wanted & (times != 0)
                case Add() | IntegerAdd() | Pool() | IntegerPool():
                    taken = wanted
                case Reshape():
                    taken = _any(_row(wanted, shapes[i + 1]), shapes[at])
                case _:
                    links = links_of(layer)
                    computed[i] = links.between(_entering(layer, channels[at], shapes[at]).vary, wanted)
                    taken = links.into(wanted)
                    taken = _any(taken, shapes[at]) if isinstance(layer, Dense | IntegerDense) else taken
            read[at] |= taken
    return tuple(read), tuple(computed)


def _channels(low: F64, high: F64, shape: Shape) -> Channels:
    """The channels of a tensor, for the ends of its values in their order."""
    return Channels(_planes(low, shape).min(axis=1), _planes(high, shape).max(axis=1))


def _any(values: Mask, shape: Shape) -> Mask:
    return np.any(_planes(values, shape), axis=1)


def _planes(values: NDArray[Any], shape: Shape) -> NDArray[Any]:
    """Values of a tensor by channel: those of a plane in a row; one that is a row has as many channels as values."""
    return values.reshape(shape[0] if len(shape) == 3 else -1, -1 if len(shape) == 3 else 1)


def _row(channels: NDArray[Any], shape: Shape) -> NDArray[Any]:
    """By value what is given by channel."""
    return np.repeat(channels, math.prod(shape) // len(channels))
