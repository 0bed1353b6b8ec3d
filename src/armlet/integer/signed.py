"""Takes inputs without a sign as int8, 128 less: layers do the same with them, with other biases and borders."""

from dataclasses import replace

import numpy as np

from armlet.errors import CapacityError
from armlet.integer.formats import I64, INT8, INT32, UINT8
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerLayer, IntegerPool, PoolScaling
from armlet.integer.network import IntegerNetwork
from armlet.network.layers import Reduction, Reshape
from armlet.network.shapes import Shape

_LESS = UINT8.high - INT8.high


def with_signed_inputs(network: IntegerNetwork) -> IntegerNetwork:
    """The network on inputs in int8; itself where they are.

    Raises `CapacityError` where a layer that makes no sums of weights gives them on in another way.
    """
    if network.input_format is not UINT8:
        return network
    layers, lowered = list[IntegerLayer](), [True]
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        taken = tuple(lowered[source] for source in sources)
        shape = network.shapes[sources[0]]
        layers.append(_on_lowered(layer, shape, taken, f"layer {i}") if any(taken) else layer)
        lowered.append(taken[0] and isinstance(layer, IntegerPool | Reshape))
    if lowered[-1]:
        raise CapacityError("outputs that are inputs without a sign are not written for tensors yet")
    domain, zero = network.domain, network.input_zero - _LESS
    return replace(network, layers=tuple(layers), domain=domain, input_format=INT8, input_zero=zero)


def _on_lowered(layer: IntegerLayer, shape: Shape, taken: tuple[bool, ...], place: str) -> IntegerLayer:
    """A layer some of whose sources are 128 less; the first has a shape."""
    match layer:
        case IntegerConv(body, residual=residual):
            more = body.weight.astype(np.int64).sum(axis=1) * taken[0]
            if residual is not None:
                more = more + residual.astype(np.int64) * taken[1]
            return replace(layer, body=_with_bias(body, more, place), border=layer.border - _LESS * taken[0])
        case IntegerDense(weight):
            return _with_bias(layer, weight.astype(np.int64).sum(axis=1), place)
        case IntegerAdd():
            one, other = (offset + _LESS * less for offset, less in zip(layer.offset, taken))
            return replace(layer, offset=(one, other))
        case IntegerPool(reduction=Reduction.MAX):
            low, high = (max(end - _LESS, INT32.low) for end in (layer.low, layer.high))
            return replace(layer, low=low, high=high)
        case IntegerPool(scaling=PoolScaling() as by):
            more = _LESS * layer.count(*shape[1:])
            scaling = replace(by, bias=by.bias + more, zero=by.zero - _LESS)
            return replace(layer, low=layer.low - _LESS, high=layer.high - _LESS, scaling=scaling)
        case Reshape():
            return layer
        case _:
            raise CapacityError(
                f"{place} takes averages of inputs without a sign, which is not written for tensors yet"
            )


def _with_bias(layer: IntegerDense, less: I64, place: str) -> IntegerDense:
    """The layer with what its sums have `less` for each that inputs are less."""
    bias = layer.bias + _LESS * less
    if bias.min() < INT32.low or bias.max() > INT32.high:
        raise CapacityError(f"{place} has sums beyond 32 bits where its inputs are taken with a sign")
    return replace(layer, bias=bias)
