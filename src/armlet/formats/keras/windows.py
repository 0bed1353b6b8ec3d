"""Convolutions, pools and zeros around, from channels last to channels first."""

from dataclasses import replace

import numpy as np

from armlet.formats.keras.build import Draft
from armlet.formats.keras.config import KerasLayer
from armlet.formats.keras.context import Context
from armlet.formats.keras.options import (
    ConvOptions,
    GlobalPoolOptions,
    PaddingOptions,
    PoolOptions,
    options_of,
    pair,
)
from armlet.formats.keras.value import NO_SIDES, UnreadError, Value
from armlet.network.frozen import F64
from armlet.network.layers import Conv, Depthwise, Pair, Pool, Reduction, Sides


def convolution(layer: KerasLayer, value: Value, context: Context) -> Value:
    """Conv1D, Conv2D, DepthwiseConv1D and DepthwiseConv2D."""
    rank, options = _rank(layer, value), options_of(layer, ConvOptions)
    window, stride = pair(options.kernel_size, rank), pair(options.strides, rank)
    dilation = pair(options.dilation_rate, rank)
    reach = ((window[0] - 1) * dilation[0] + 1, (window[1] - 1) * dilation[1] + 1)
    sides = _joined(value.padding, _sides(options.padding, _padded(value), reach, stride))
    if value.shift is not None and value.shift.any() and sides != NO_SIDES:
        sides = _joined(sides, tuple(-side for side in value.padding))
        value = context.builder.plain(value, layer.name, layer.kind)
    is_depthwise = layer.kind.startswith("Depthwise")
    weight, bias = (
        _depthwise(layer, value, options, window, context)
        if is_depthwise
        else _full(layer, value, options, window, context)
    )
    keys = {"stride": stride, "padding": sides, "dilation": dilation}
    if weight.ndim == 4:
        keys |= {"groups": value.shape[-1] if is_depthwise else options.groups}
    extents = _steps(value, sides, reach, stride)
    draft = Draft(Conv if weight.ndim == 4 else Depthwise, weight, bias, options=keys)
    number = context.builder.add(draft, (value.number,), layer.name, layer.kind)
    shape = (*extents[2 - rank :], len(bias))
    return context.activate(layer, Value(number, shape, is_planes=True), options.activation)


def _full(layer: KerasLayer, value: Value, options: ConvOptions, window: Pair, context: Context) -> tuple[F64, F64]:
    """Kernels (height, width, inputs / groups, outputs) as (outputs, inputs / groups, height, width)."""
    groups, channels, outputs = options.groups, value.shape[-1], options.filters
    if channels % groups or outputs % groups:
        raise UnreadError(f"{layer.kind} in {groups} groups of {channels} channels", "give groups that divide them")
    shape = (*window[-len(value.shape) + 1 :], channels // groups, outputs)
    kernel, bias = context.kernel_and_bias(layer, shape, outputs, options.use_bias)
    weight = kernel.reshape(*window, channels // groups, outputs).transpose(3, 2, 0, 1)
    if value.scale is not None and value.shift is not None:
        parted = weight.reshape(groups, outputs // groups, channels // groups, *window)
        by_group = value.shift.reshape(groups, 1, -1, 1, 1)
        bias = bias + (parted * by_group).sum(axis=(2, 3, 4)).reshape(-1)
        weight = (parted * value.scale.reshape(groups, 1, -1, 1, 1)).reshape(weight.shape)
    return weight, bias


def _depthwise(
    layer: KerasLayer, value: Value, options: ConvOptions, window: Pair, context: Context
) -> tuple[F64, F64]:
    """Kernels (height, width, channels, times): of one each a depthwise layer, of more a convolution in groups."""
    channels, times = value.shape[-1], options.depth_multiplier
    shape = (*window[-len(value.shape) + 1 :], channels, times)
    kernel, bias = context.kernel_and_bias(layer, shape, channels * times, options.use_bias)
    weight = kernel.reshape(*window, channels, times).transpose(2, 3, 0, 1).reshape(-1, *window)
    if value.scale is not None and value.shift is not None:
        bias = bias + weight.sum(axis=(1, 2)) * np.repeat(value.shift, times)
        weight = weight * np.repeat(value.scale, times)[:, None, None]
    return (weight if times == 1 else weight[:, None]), bias


def pool(layer: KerasLayer, value: Value, context: Context) -> Value:
    """MaxPooling and AveragePooling; padding takes no part in either."""
    rank, options = _rank(layer, value), options_of(layer, PoolOptions)
    value = context.builder.plain(value, layer.name, layer.kind)
    size = pair(options.pool_size, rank)
    stride = pair(options.strides or options.pool_size, rank)
    sides = _sides(options.padding, _padded(value), size, stride)
    extents = _steps(value, sides, size, stride)
    made = Pool(_reduction(layer), size, stride, sides)
    number = context.builder.add(made, (value.number,), layer.name, layer.kind)
    return Value(number, (*extents[2 - rank :], value.shape[-1]), is_planes=True)


def global_pool(layer: KerasLayer, value: Value, context: Context) -> Value:
    """GlobalMaxPooling and GlobalAveragePooling."""
    rank, options = _rank(layer, value), options_of(layer, GlobalPoolOptions)
    value = context.builder.plain(value, layer.name, layer.kind)
    number = context.builder.add(Pool(_reduction(layer), None), (value.number,), layer.name, layer.kind)
    channels = value.shape[-1]
    return Value(number, (*(1,) * rank, channels) if options.keepdims else (channels,), is_planes=options.keepdims)


def zeros_around(layer: KerasLayer, value: Value, context: Context) -> Value:
    """ZeroPadding1D and ZeroPadding2D, left to the convolution that takes the value."""
    rank, said = _rank(layer, value), options_of(layer, PaddingOptions).padding
    axes = [said] * rank if isinstance(said, int) else [said] if rank == 1 else said
    ends = [(axis, axis) if isinstance(axis, int) else tuple(axis) for axis in axes]
    match ends:
        case [(int(top), int(bottom)), (int(left), int(right))] if rank == 2:
            added: Sides = (top, left, bottom, right)
        case [(int(left), int(right))] if rank == 1:
            added = (0, left, 0, right)
        case _:
            raise UnreadError(f"{layer.kind} of {said}"[:80], "give two numbers for each axis")
    *extents, channels = value.shape
    grown = [extent + added[i - rank + 2] + added[i - rank + 4] for i, extent in enumerate(extents)]
    return replace(value, shape=(*grown, channels), padding=_joined(value.padding, added))


def _rank(layer: KerasLayer, value: Value) -> int:
    """How many extents a window of this layer has, for planes that have as many. Raises `UnreadError`."""
    rank = 1 if layer.kind.endswith("1D") else 2
    if not value.is_planes or len(value.shape) != rank + 1:
        raise UnreadError(f"{layer.kind} on values of the shape {value.shape}", "put a Reshape before it")
    return rank


def _reduction(layer: KerasLayer) -> Reduction:
    return Reduction.MAX if "Max" in layer.kind else Reduction.AVERAGE


def _joined(first: Sides, second: tuple[int, ...]) -> Sides:
    top, left, bottom, right = (a + b for a, b in zip(first, second))
    return top, left, bottom, right


def _padded(value: Value) -> Pair:
    _, height, width = value.planes
    return height, width


def _sides(padding: str, taken: Pair, reach: Pair, stride: Pair) -> Sides:
    """The zeros that an option says: none, as many as one step a value needs, or all before a signal."""
    match padding:
        case "valid":
            return NO_SIDES
        case "same":
            wanted = [max((-(-n // s) - 1) * s + r - n, 0) for n, r, s in zip(taken, reach, stride)]
            (top, left) = (extent // 2 for extent in wanted)
            return top, left, wanted[0] - top, wanted[1] - left
        case "causal":
            return 0, reach[1] - 1, 0, 0
        case _:
            raise UnreadError(f"a window with the padding {padding[:40]}", "give valid or same")


def _steps(value: Value, sides: Sides, reach: Pair, stride: Pair) -> Pair:
    """Positions of a window, down and across. Raises `UnreadError` where there is none."""
    _, height, width = value.planes
    padded = height + sides[0] + sides[2], width + sides[1] + sides[3]
    bare = padded[0] - value.padding[0] - value.padding[2], padded[1] - value.padding[1] - value.padding[3]
    down, across = ((n - r) // s + 1 for n, r, s in zip(bare, reach, stride))
    if down < 1 or across < 1:
        raise UnreadError(f"a window of {reach[0]}x{reach[1]} on {height}x{width} values", "give larger inputs")
    return down, across
