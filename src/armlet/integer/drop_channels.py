"""Leaves out of a network with windows the channels that need not be computed: constant ones, and those nobody reads.

A channel that holds one value for all inputs, at all positions, goes into the biases of those who read it: exactly, if
no window over it reaches into a padding that holds something else. Layers that keep channels apart, depthwise
convolutions and pools, additions and residuals, lose a channel on both sides or on none. Inputs and outputs stay.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from armlet.integer.bounds import tensor_bounds
from armlet.integer.formats import I64, INT32
from armlet.integer.layers import IntegerConv, IntegerDense, IntegerLayer
from armlet.integer.network import IntegerNetwork
from armlet.integer.simplify import neurons_of
from armlet.network.layers import Reshape
from armlet.network.shapes import Shape

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class DroppedChannels:
    """A network with the same outputs, and which channels of the first one its values have."""

    network: IntegerNetwork
    channels: tuple[I64, ...]  # of each value, the input's first


def drop_channels(network: IntegerNetwork) -> DroppedChannels:
    """The network without them. Raises `InputError` where a sum could overflow."""
    constants = _constants(network)
    kept = _kept(network, constants)
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


def _kept(network: IntegerNetwork, constants: list[_Constants]) -> list[Mask]:
    """Of each value the channels that stay: what is read of it, and one at least."""
    kept = [np.zeros(len(each.value), bool) for each in constants]
    kept[0][:] = True
    kept[-1][:] = True
    changed = True
    while changed:
        before = [mask.copy() for mask in kept]
        for i in range(len(network.layers) - 1, -1, -1):
            _mark(network, i, constants, kept)
        for mask in kept:
            mask[0] |= not mask.any()
        changed = any((one != other).any() for one, other in zip(before, kept))
    return kept


def _mark(network: IntegerNetwork, i: int, constants: list[_Constants], kept: list[Mask]) -> None:
    """Keep what layer i reads for the channels of its result that stay."""
    layer, sources, made = network.layers[i], network.sources[i], kept[i + 1]
    taken, shape = sources[0], network.shapes[sources[0]]
    if isinstance(layer, IntegerConv) and layer.residual is not None:
        made |= kept[sources[1]]
        kept[sources[1]] |= made
    match layer:
        case IntegerDense(weight):
            read = (weight[made] != 0).any(axis=0).reshape(len(kept[taken]), -1).any(axis=1)
            kept[taken] |= read & ~constants[taken].is_constant
        case IntegerConv(groups=1):
            read = (layer.weight[made] != 0).any(axis=(0, 2, 3))
            kept[taken] |= read & ~_foldable(layer, constants[taken])
        case IntegerConv() if not _is_depthwise(layer):
            kept[taken][:] = made[:] = True
        case Reshape() if len(network.shapes[i + 1]) == 1 and len(shape) == 3:
            each = made.reshape(len(kept[taken]), -1)  # a row has a channel for each value
            kept[taken] |= each.any(axis=1)
            each |= kept[taken][:, None]
        case Reshape() if network.shapes[i + 1] != shape:
            kept[taken][:] = made[:] = True
        case _:
            for source in sources:
                made |= kept[source]
            for source in sources:
                kept[source] |= made


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
        case Reshape(new) if new is not None and len(new) == 1:
            return Reshape((int(np.count_nonzero(made)),))
        case Reshape(new) if new is not None:
            return Reshape((int(np.count_nonzero(made)), *new[1:]))
        case _:
            return layer


def _residual(layer: IntegerConv, made: Mask) -> NDArray[np.int16] | None:
    return None if layer.residual is None else layer.residual[made]


def _folded(body: IntegerDense, gone: Mask, fixed: I64) -> IntegerDense:
    """The body without the weights on `gone`, whose values are in the bias instead."""
    bias = body.bias + body.weight.astype(np.int64)[:, gone] @ fixed[gone]
    assert (abs(bias) <= INT32.high).all()  # the sums with it fit 32 bits
    return replace(body, weight=body.weight[:, ~gone], bias=bias)
