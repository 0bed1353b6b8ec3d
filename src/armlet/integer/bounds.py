"""Intervals of every value and every sum on the declared inputs: the proof that 32 bits hold each sum.

Sums are exact, so the interval of a sum is that of its linear form; what wraps round on the way to a final sum that
fits is harmless, as additions wrap back. Of planes there is an interval for each channel, for all of its positions
together.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.integer.formats import I64, INT32
from armlet.integer.interpret import added, averaged, store
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerLayer, IntegerPool, body_of
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier, requantise
from armlet.network.layers import Reduction, Reshape
from armlet.network.shapes import Shape


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """Closed: of each channel of planes, of each value of a row, or of each output channel's sums.

    Of planes that are taken as a row by dense layers alone, it may be of each value.
    """

    low: I64
    high: I64


@dataclass(frozen=True, slots=True, eq=False)
class TensorBounds:
    """Of every value of a network, its input first, and of the sums of every layer that has weights."""

    values: tuple[Interval, ...]
    sums: tuple[Interval | None, ...]  # one for each layer


@dataclass(frozen=True, slots=True, eq=False)
class LayerBounds:
    """Closed intervals: of what a dense layer takes, of its sums, of what it stores."""

    taken_low: I64  # (inputs,)
    taken_high: I64
    sum_low: I64  # (neurons,)
    sum_high: I64
    low: I64  # (neurons,)
    high: I64


def integer_bounds(network: IntegerNetwork) -> tuple[LayerBounds, ...]:
    """The intervals of each layer of a chain of dense layers. Raises `InputError` as `tensor_bounds` does."""
    assert network.dense
    bounds, found = tensor_bounds(network), list[LayerBounds]()
    for (taken, given), sums, shape in zip(pairwise(bounds.values), bounds.sums, network.shapes):
        assert sums is not None
        found.append(LayerBounds(*_row(taken, shape), sums.low, sums.high, given.low, given.high))
    return tuple(found)


def tensor_bounds(network: IntegerNetwork) -> TensorBounds:
    """The intervals of all values and sums.

    Raises `InputError` with the neuron or channel whose sum could overflow 32 bits, or for such keys of an argmax.
    """
    values, sums = [_input(network)], list[Interval | None]()
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        shapes = [network.shapes[at] for at in (*sources, i + 1)]
        made, given = layer_bounds(layer, i, [values[at] for at in sources], shapes)
        sums.append(made)
        values.append(given)
    low, high = _row(values[-1], network.shapes[-1])
    if network.argmax is not None and (why := network.argmax.obstacle(low, high)):
        raise InputError("argmax", why, "give it less factors or more shift, or store outputs as int16 or int8")
    return TensorBounds(tuple(values), tuple(sums))


def output_bounds(network: IntegerNetwork) -> Interval:
    """Of each output. Raises `InputError` as `tensor_bounds` does."""
    return Interval(*_row(tensor_bounds(network).values[-1], network.shapes[-1]))


def _input(network: IntegerNetwork) -> Interval:
    """Of each channel, or of each value where rows alone are taken of it."""
    low, high = network.input_ends
    takers = [layer for layer, sources in zip(network.layers, network.sources) if 0 in sources]
    if all(isinstance(layer, IntegerDense | Reshape) for layer in takers):
        return Interval(low, high)
    return Interval(_planes(low, network.shape).min(axis=1), _planes(high, network.shape).max(axis=1))


def layer_bounds(
    layer: IntegerLayer, i: int, taken: list[Interval], shapes: list[Shape]
) -> tuple[Interval | None, Interval]:
    """Of the sums of layer `i` and of what it gives; the shapes are of what it takes, and of that.

    Raises `InputError`.
    """
    sums = _sums_of(layer, taken, shapes)
    _require_sums(layer, i, sums)
    if isinstance(layer, IntegerAdd):
        _require_addition(layer, i, taken)
    return sums, _given(layer, i, taken, sums, shapes)


def _sums_of(layer: IntegerLayer, taken: list[Interval], shapes: list[Shape]) -> Interval | None:
    match layer:
        case IntegerDense():
            low, high = _row(taken[0], shapes[0])
            return _linear(layer, low[None], high[None])
        case IntegerConv(body):
            sums = _linear(body, *taps(layer, taken[0], shapes[0], shapes[-1]))
            return sums if layer.residual is None else _with_residual(sums, layer.residual.astype(np.int64), taken[1])
        case _:
            return None


def _with_residual(sums: Interval, residual: I64, other: Interval) -> Interval:
    """Of sums to which values of another tensor are added so many times."""
    ends = residual * other.low, residual * other.high
    return Interval(sums.low + np.minimum(*ends), sums.high + np.maximum(*ends))


def taps(layer: IntegerConv, taken: Interval, shape: Shape, given: Shape) -> tuple[I64, I64]:
    """The ends of what each weight of a convolution is multiplied by, (groups, weights of an output)."""
    inside, outside = _places(layer, shape, given)
    far = np.iinfo(np.int64)
    low = np.minimum(np.where(inside, taken.low[:, None, None], far.max), np.where(outside, layer.border, far.max))
    high = np.maximum(np.where(inside, taken.high[:, None, None], far.min), np.where(outside, layer.border, far.min))
    return low.reshape(layer.groups, -1), high.reshape(layer.groups, -1)


def _places(layer: IntegerConv, shape: Shape, given: Shape) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which weights of a window (height, width) meet a value of the plane at some position, and which the padding."""
    meets, misses = list[NDArray[np.bool_]](), list[NDArray[np.bool_]]()
    for axis in (0, 1):
        at = np.arange(given[axis + 1])[:, None] * layer.stride[axis] - layer.padding[axis]
        at = at + np.arange(layer.kernel[axis]) * layer.dilation[axis]
        is_in = (at >= 0) & (at < shape[axis + 1])
        meets.append(np.any(is_in, axis=0))
        misses.append(np.any(~is_in, axis=0))
    return np.logical_and.outer(*meets), np.logical_or.outer(*misses)


def _linear(body: IntegerDense, low: I64, high: I64) -> Interval:
    """Of sums on values between `low` and `high`, (groups, weights of an output)."""
    weight = body.weight.astype(np.int64).reshape(len(low), -1, low.shape[1])
    up, down = np.maximum(weight, 0), np.minimum(weight, 0)
    least = up @ low[:, :, None] + down @ high[:, :, None]
    most = up @ high[:, :, None] + down @ low[:, :, None]
    return Interval(least.ravel() + body.bias, most.ravel() + body.bias)


def _given(layer: IntegerLayer, i: int, taken: list[Interval], sums: Interval | None, shapes: list[Shape]) -> Interval:
    """What a layer stores."""
    match layer:
        case IntegerDense() | IntegerConv():
            body = body_of(layer)
            assert body is not None
            assert sums is not None
            stored = np.sort(store(body, np.stack((sums.low, sums.high))), axis=0)  # no activation falls
            return Interval(stored[0], stored[1])
        case IntegerPool(reduction=Reduction.AVERAGE):
            count = layer.count(*shapes[0][1:])
            low, high = taken[0].low * count, taken[0].high * count
            _require_pool(layer, i, low, high)
            return Interval(averaged(layer, low, count), averaged(layer, high, count))
        case IntegerPool(low=low, high=high):
            return Interval(np.clip(taken[0].low, low, high), np.clip(taken[0].high, low, high))
        case IntegerAdd():
            one, other = taken
            return Interval(added(layer, one.low, other.low), added(layer, one.high, other.high))
        case Reshape():
            low, high = (_planes(end, shapes[-1]) for end in _row(taken[0], shapes[0]))
            return Interval(low.min(axis=1), high.max(axis=1))


def _require_sums(layer: IntegerLayer, i: int, sums: Interval | None) -> None:
    body, word = body_of(layer), "channel" if isinstance(layer, IntegerConv) else "neuron"
    if body is None or sums is None:
        return
    _check(sums.low, sums.high, f"layer {i}, {word}", "has sums")
    if isinstance(body.requantisation, Multiplier):
        up = np.maximum(body.requantisation.exponent, 0)
        _check(sums.low << up, sums.high << up, f"layer {i}, {word}", "has sums, with their exponent,")


def _require_addition(layer: IntegerAdd, i: int, taken: list[Interval]) -> None:
    """What is added is raised, scaled, added and scaled again in 32 bits."""
    low, high = (
        [end + offset << layer.raised for end, offset in zip(ends, layer.offset)]
        for ends in ([each.low for each in taken], [each.high for each in taken])
    )
    for one, other in zip(low, high):
        _check(one, other, f"layer {i}, channel", "raises what it adds to numbers")
    least, most = (requantise(layer.scaling, np.stack(ends, axis=-1)).sum(axis=-1) for ends in (low, high))
    up = max(int(layer.requantisation.exponent[0]), 0)
    _check(least << up, most << up, f"layer {i}, channel", "has sums")


def _require_pool(layer: IntegerPool, i: int, low: I64, high: I64) -> None:
    """Sums between two ends, and with a scaling those that it takes."""
    _check(low, high, f"layer {i}, channel", "has sums")
    if layer.scaling is not None:
        bias, up = layer.scaling.bias, max(layer.scaling.exponent, 0)
        _check(low + bias, high + bias, f"layer {i}, channel", "has sums, with their bias,")
        _check(low + bias << up, high + bias << up, f"layer {i}, channel", "has sums, with their exponent,")


def _check(low: I64, high: I64, place: str, what: str) -> None:
    """Raise `InputError` with the first that goes beyond 32 bits."""
    over = (low < INT32.low) | (high > INT32.high)
    if over.any():
        at = int(np.argmax(over))
        raise InputError(f"{place} {at}", f"{what} from {low[at]} to {high[at]}, beyond 32 bits", "scale it down")


def _planes(values: I64, shape: Shape) -> I64:
    """Values of a tensor by channel: those of a plane in a row; one that is a row has as many channels as values."""
    return values.reshape(shape[0] if len(shape) == 3 else -1, -1 if len(shape) == 3 else 1)


def _row(channels: Interval, shape: Shape) -> tuple[I64, I64]:
    """By value what is known by channel."""
    times = int(np.prod(shape)) // len(channels.low)
    return np.repeat(channels.low, times), np.repeat(channels.high, times)
