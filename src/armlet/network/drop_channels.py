"""Leaves out of a network with windows the channels that need not be computed: zero ones, and those nobody reads.

A channel that is 0 at all positions for all inputs adds nothing to any sum, so what is left computes the same: a result
of 0 may have the other sign, no other bit changes. A constant other than 0 stays, since its products are rounded. What
keeps channels apart, depthwise convolutions, pools and additions, loses a channel on both sides or on none. Inputs and
outputs stay.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from armlet.network.activation import activated
from armlet.network.channels import (
    Alike,
    DroppedChannels,
    Link,
    Mask,
    Mixes,
    Whole,
    kept_channels,
    reads_of,
    reshape_to,
    reshaped,
)
from armlet.network.frozen import F32
from armlet.network.layers import Add, Conv, Dense, Depthwise, Layer, Pool, Reshape, Weighted
from armlet.network.network import Network
from armlet.network.shapes import Shape


def drop_channels(network: Network) -> DroppedChannels[Network]:
    """The network without them."""
    shapes = network.shapes
    zero = _zeros(network, shapes)
    kept = kept_channels([shape[0] for shape in shapes], [*_links(network, shapes, zero)])
    layers = [
        _without(layer, kept[sources[0]], kept[i + 1])
        for i, (layer, sources) in enumerate(zip(network.layers, network.sources))
    ]
    return DroppedChannels(replace(network, layers=tuple(layers)), tuple(np.flatnonzero(mask) for mask in kept))


def _zeros(network: Network, shapes: tuple[Shape, ...]) -> list[Mask]:
    """Of each value the channels that are 0 at all positions, whatever the inputs."""
    zero = [np.zeros(shapes[0][0], bool)]
    for layer, sources in zip(network.layers, network.sources):
        taken, shape = zero[sources[0]], shapes[len(zero)]
        match layer:
            case Dense() | Conv(groups=1):
                found = ~(reads_of(layer.weight, len(taken)) & ~taken).any(axis=1) & _ends_at_zero(layer, layer.bias)
            case Conv():
                found = ~layer.weight.any(axis=(1, 2, 3)) & _ends_at_zero(layer, layer.bias)
            case Depthwise():
                found = (taken | ~layer.weight.any(axis=(1, 2))) & _ends_at_zero(layer, layer.bias)
            case Pool():
                found = taken
            case Add():
                found = taken & zero[sources[1]] & _ends_at_zero(layer, np.zeros(1, np.float32))
            case Reshape():
                found = _reshaped(taken, shapes[sources[0]], shape)
        zero.append(found)
    return zero


def _reshaped(zero: Mask, before: Shape, after: Shape) -> Mask:
    if before == after:
        return zero
    return np.repeat(zero, after[0] // len(zero)) if len(after) == 1 else np.zeros(after[0], bool)


def _ends_at_zero(layer: Weighted | Add, total: F32) -> Mask:
    """Where the activation of such sums is 0."""
    return np.asarray(activated(layer.activation, layer.slope, total.astype(np.float64)) == 0)


def _links(network: Network, shapes: tuple[Shape, ...], zero: list[Mask]) -> Iterator[Link]:
    """What each layer asks for; a channel of zeros is not read."""
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        taken, made = sources[0], i + 1
        match layer:
            case Dense() | Conv(groups=1):
                yield Mixes(taken, made, reads_of(layer.weight, len(zero[taken])) & ~zero[taken])
            case Conv():
                yield Whole((taken, made))
            case Reshape():
                yield reshaped(taken, made, shapes[taken], shapes[made])
            case _:
                yield Alike((*sources, made))


def _without(layer: Layer, taken: Mask, made: Mask) -> Layer:
    """The layer on the channels of what it takes that stay, making those that stay."""
    match layer:
        case Dense(weight, bias):
            values = np.repeat(taken, weight.shape[1] // len(taken))
            return replace(layer, weight=weight[made][:, values], bias=bias[made])
        case Conv(weight, bias, groups=1):
            return replace(layer, weight=weight[made][:, taken], bias=bias[made])
        case Depthwise(weight, bias):
            return replace(layer, weight=weight[made], bias=bias[made])
        case Reshape():
            return reshape_to(layer, made)
        case _:
            return layer
