"""Leaves out of a network with windows the channels that need not be computed: constant ones, and those nobody reads.

A channel that holds one value for all inputs, at all positions, goes into the biases of those who read it: exactly, if
no window over it reaches into a padding that holds something else. Layers that keep channels apart, depthwise
convolutions and pools, additions and residuals, lose a channel on both sides or on none. Inputs and outputs stay.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from armlet.integer.bounds import tensor_bounds
from armlet.integer.formats import I64, INT32
from armlet.integer.layers import IntegerConv, IntegerDense, IntegerLayer
from armlet.integer.network import IntegerNetwork
from armlet.integer.simplify import neurons_of
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
from armlet.network.layers import Reshape
from armlet.network.shapes import Shape


def drop_channels(network: IntegerNetwork) -> DroppedChannels[IntegerNetwork]:
    """The network without them. Raises `InputError` where a sum could overflow."""
    constants = _constants(network)
    counts = [len(each.value) for each in constants]
    kept = kept_channels(counts, [*_links(network, constants)])
    layers = list[IntegerLayer]()
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        taken = sources[0]
        layers.append(_without(layer, network.shapes[taken], constants[taken], kept[taken], kept[i + 1]))
    told = tuple(np.flatnonzero(mask) for mask in kept)
    return DroppedChannels(replace(network, layers=tuple(layers)), told)


@dataclass(frozen=True, slots=True, eq=False)
class _Constants:
    """Of each channel of a value, whether it holds one value only, and which."""

    is_constant: Mask
    value: I64


def _constants(network: IntegerNetwork) -> list[_Constants]:
    bounds = tensor_bounds(network)
    return [_Constants(each.low == each.high, each.low) for each in bounds.values]


def _links(network: IntegerNetwork, constants: list[_Constants]) -> Iterator[Link]:
    """What each layer asks for; a constant that goes into the biases is not read."""
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        taken, made = sources[0], i + 1
        constant = constants[taken]
        if isinstance(layer, IntegerConv) and layer.residual is not None:
            yield Alike((sources[1], made))
        match layer:
            case IntegerDense(weight):
                yield Mixes(taken, made, reads_of(weight, len(constant.value)) & ~constant.is_constant)
            case IntegerConv(groups=1):
                yield Mixes(taken, made, reads_of(layer.weight, layer.channels) & ~_foldable(layer, constant))
            case IntegerConv() if not _is_depthwise(layer):
                yield Whole((taken, made))
            case IntegerConv():
                yield Alike((taken, made))
            case Reshape():
                yield reshaped(taken, made, network.shapes[taken], network.shapes[made])
            case _:
                yield Alike((*sources, made))


def _foldable(layer: IntegerConv, constant: _Constants) -> Mask:
    """Channels that are the same in all windows."""
    if any(layer.padding):
        return constant.is_constant & (constant.value == layer.border)
    return constant.is_constant


def _is_depthwise(layer: IntegerConv) -> bool:
    return layer.groups == layer.channels == len(layer.body.bias)


def _without(layer: IntegerLayer, shape: Shape, constant: _Constants, taken: Mask, made: Mask) -> IntegerLayer:
    """The layer on the channels of what it takes that stay, making those that stay."""
    match layer:
        case IntegerDense(weight):
            gone = np.repeat(~taken, weight.shape[1] // len(taken))
            fixed = np.repeat(constant.value * constant.is_constant, weight.shape[1] // len(taken))
            return neurons_of(_folded(layer, gone, fixed), made)
        case IntegerConv(body, groups=1):
            area = layer.kernel[0] * layer.kernel[1]
            gone, fixed = np.repeat(~taken, area), np.repeat(constant.value * constant.is_constant, area)
            return replace(layer, body=neurons_of(_folded(body, gone, fixed), made), residual=_residual(layer, made))
        case IntegerConv(body) if _is_depthwise(layer):
            groups = int(np.count_nonzero(made))
            return replace(layer, body=neurons_of(body, made), groups=groups, residual=_residual(layer, made))
        case Reshape():
            return reshape_to(layer, made)
        case _:
            return layer


def _residual(layer: IntegerConv, made: Mask) -> NDArray[np.int16] | None:
    return None if layer.residual is None else layer.residual[made]


def _folded(body: IntegerDense, gone: Mask, fixed: I64) -> IntegerDense:
    """The body without the weights on `gone`, whose values are in the bias instead."""
    bias = body.bias + body.weight.astype(np.int64)[:, gone] @ fixed[gone]
    assert (abs(bias) <= INT32.high).all()  # the sums with it fit 32 bits
    return replace(body, weight=body.weight[:, ~gone], bias=bias)
