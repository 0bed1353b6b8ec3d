"""Dense layers, sums, shapes, activations and normalisations of Keras."""

from dataclasses import replace
from typing import Any

import numpy as np

from armlet.errors import InputError
from armlet.formats.keras.activations import activation_layer
from armlet.formats.keras.build import Draft, turned_row
from armlet.formats.keras.config import KerasLayer
from armlet.formats.keras.context import Context
from armlet.formats.keras.options import (
    BatchNormalizationOptions,
    DenseOptions,
    FlattenOptions,
    NormalizationOptions,
    RescalingOptions,
    ReshapeOptions,
    options_of,
)
from armlet.formats.keras.value import UnreadError, Value, flat_order
from armlet.network.frozen import F64
from armlet.network.layers import Add, Conv, Dense, Reshape
from armlet.network.shapes import Shape

_LEAST_STD = 1e-7  # below which Keras divides by this instead


def dense(layer: KerasLayer, value: Value, context: Context) -> Value:
    """A dense layer; on planes it is a convolution of one by one, since Keras applies it to the channels."""
    options = options_of(layer, DenseOptions)
    last, builder = value.shape[-1], context.builder
    if not value.is_planes and last != value.size:
        raise UnreadError(f"Dense on each of {value.size // last} rows", "put Flatten before it")
    if value.is_planes:
        value = builder.plain(value, layer.name, layer.kind)
    kernel, bias = context.kernel_and_bias(layer, (last, options.units), options.units, options.use_bias)
    weight = kernel.T
    if value.scale is not None and value.shift is not None:
        bias = bias + weight @ value.shift
        weight = weight * value.scale
    draft = (
        Draft(Conv, weight[:, :, None, None], bias)
        if value.is_planes
        else Draft(Dense, turned_row(weight, value), bias)
    )
    number = builder.add(draft, (value.number,), layer.name, layer.kind)
    given = Value(number, (*value.shape[:-1], options.units), value.is_planes)
    return context.activate(layer, given, options.activation)


def add(layer: KerasLayer, first: Value, second: Value, context: Context) -> Value:
    """The sum of two values of one shape."""
    if first.shape != second.shape:
        raise UnreadError(f"Add of the shapes {first.shape} and {second.shape}", "give both one shape")
    if first.is_planes != second.is_planes:
        raise UnreadError("Add of planes and a row", "add two of one kind")
    orders = [np.arange(value.size) if value.order is None else value.order for value in (first, second)]
    if not np.array_equal(orders[0], orders[1]):
        first, second = (context.builder.in_order(value, layer.name, layer.kind) for value in (first, second))
    first, second = (_addend(value, layer, context) for value in (first, second))
    number = context.builder.add(Add(), (first.number, second.number), layer.name, layer.kind)
    return Value(number, first.shape, first.is_planes, order=first.order)


def _addend(value: Value, layer: KerasLayer, context: Context) -> Value:
    """A value as a sum takes it: nothing left to fold, and a row as a row."""
    builder = context.builder
    value = builder.plain(value, layer.name, layer.kind)
    made = builder.made[value.number - 1] if value.number else None
    if value.is_planes or (isinstance(made, Draft) and made.kind is Dense):
        return value
    return replace(value, number=builder.add(Reshape((value.size,)), (value.number,), layer.name, "Reshape"))


def flatten(layer: KerasLayer, value: Value, context: Context) -> Value:
    """A row; that of planes stands here in another order than in Keras, which the next layer's weights follow."""
    options_of(layer, FlattenOptions)
    if not value.is_planes:
        return replace(value, shape=(value.size,))
    value = context.builder.plain(value, layer.name, layer.kind) if any(value.padding) else value
    times = value.size // value.shape[-1]
    scale = None if value.scale is None else np.tile(value.scale, times)
    shift = None if value.shift is None else np.tile(value.shift, times)
    order = flat_order(value.shape)
    return replace(value, shape=(value.size,), is_planes=False, order=order, scale=scale, shift=shift)


def reshape(layer: KerasLayer, value: Value, context: Context) -> Value:
    """The same numbers in another shape; planes are made of a row where their order is that of the row."""
    shape = _target(layer, value, options_of(layer, ReshapeOptions).target_shape)
    if shape == value.shape:
        return value
    row = flatten(replace(layer, options={}), value, context)
    if not context.is_planar(len(shape)):
        return replace(row, shape=shape)
    row = context.builder.plain(row, layer.name, layer.kind)
    wanted, builder = flat_order(shape), context.builder
    stands = np.arange(row.size) if row.order is None else row.order
    if not np.array_equal(stands, np.arange(row.size) if wanted is None else wanted):
        made = builder.made[row.number - 1] if row.number else None
        if not isinstance(made, Draft) or made.kind is not Dense or row.is_shared or wanted is None:
            raise UnreadError("Reshape to planes of several channels", "give the model inputs of that shape")
        weight, bias = np.empty_like(made.weight), np.empty_like(made.bias)
        weight[wanted], bias[wanted] = made.weight, made.bias
        builder.made[row.number - 1] = replace(made, weight=weight, bias=bias)
    made_planes = Value(0, shape, is_planes=True)
    number = builder.add(Reshape(made_planes.planes), (row.number,), layer.name, layer.kind)
    return replace(made_planes, number=number)


def _target(layer: KerasLayer, value: Value, target: list[int]) -> Shape:
    rest = int(np.prod([1.0, *(float(abs(extent)) for extent in target if extent != -1)]))
    known = [value.size // max(rest, 1) if extent == -1 else extent for extent in target]
    if not known or min(known) < 1 or int(np.prod([float(extent) for extent in known])) != value.size:
        raise InputError(layer.name, f"makes the shape {target} of {value.size} values"[:120])
    return tuple(known)


def activation(layer: KerasLayer, value: Value, context: Context) -> Value:
    """Activation, ReLU, LeakyReLU and Softmax."""
    if layer.kind == "Activation":
        return context.activate(layer, value, layer.options.get("activation"))
    return context.activated(layer, value, activation_layer(layer.kind, layer.options))


def batch_normalization(layer: KerasLayer, value: Value, context: Context) -> Value:
    """Folded; before all layers, its statistics are the mean and std of the inputs."""
    options = options_of(layer, BatchNormalizationOptions)
    if options.renorm or not _is_last(options.axis, value):
        raise UnreadError("BatchNormalization with renorm, or on another axis than the last", "use the defaults")
    roles = [*(["gamma"] if options.scale else []), *(["beta"] if options.center else []), "mean", "variance"]
    found = context.arrays(layer, dict.fromkeys(roles, (value.shape[-1],)))
    scale, shift = found.get("gamma", np.ones(value.shape[-1])), found.get("beta", np.zeros(value.shape[-1]))
    variance = found["variance"] + options.epsilon
    if not (variance > 0).all():
        raise InputError(layer.name, "has a variance that is not above zero")
    value = normalised(layer, value, _spread(value, found["mean"]), _spread(value, np.sqrt(variance)), context)
    if (scale == 1).all() and not shift.any():
        return value
    return context.builder.scale(value, _spread(value, scale), _spread(value, shift))


def normalization(layer: KerasLayer, value: Value, context: Context) -> Value:
    """The mean and std of the inputs where it comes first, as it should."""
    options = options_of(layer, NormalizationOptions)
    if options.invert or not (options.axis in (None, []) or _is_last(options.axis, value)):
        raise UnreadError("Normalization that is inverted, or on another axis than the last", "use the defaults")
    channels = value.shape[-1] if options.axis not in (None, []) else 1
    if options.mean is None or options.variance is None:
        kept = (channels,) if channels > 1 or options.axis not in (None, []) else ()
        found = context.arrays(layer, {"mean": kept, "variance": kept})
        mean, variance = found["mean"].reshape(-1), found["variance"].reshape(-1)
    else:
        mean, variance = (_numbers(layer, said) for said in (options.mean, options.variance))
    if {mean.size, variance.size} - {1, channels} or not (variance >= 0).all():
        raise InputError(layer.name, "has not one mean and variance for each channel, or a variance below zero")
    std = np.maximum(np.sqrt(variance), _LEAST_STD)
    return normalised(layer, value, _spread(value, mean), _spread(value, std), context)


def rescaling(layer: KerasLayer, value: Value, context: Context) -> Value:
    """`scale x + offset`, as the mean and std of the inputs where it comes first."""
    options = options_of(layer, RescalingOptions)
    scale, offset = (_numbers(layer, said) for said in (options.scale, options.offset))
    if {scale.size, offset.size} - {1, value.shape[-1]}:
        raise InputError(layer.name, "has not one scale and offset for each channel")
    scale, offset = _spread(value, scale), _spread(value, offset)
    if (scale > 0).all():
        return normalised(layer, value, -offset / scale, 1 / scale, context)
    context.builder.note(f"{layer.name[:60]}: {layer.kind} is folded")
    return context.builder.scale(value, scale, offset)


def normalised(layer: KerasLayer, value: Value, mean: F64, std: F64, context: Context) -> Value:
    """`(x - mean) / std`: what is said of the inputs, if x is these alone, else folded."""
    builder = context.builder
    if value.number or value.is_shared or not value.is_plain:
        builder.note(f"{layer.name[:60]}: {layer.kind} is folded")
        return builder.scale(value, 1 / std, -mean / std)
    if value.is_planes:
        mean, std = (np.repeat(of, value.size // value.shape[-1]) for of in (mean, std))
    before = 0.0 if builder.mean is None else builder.mean
    spread = 1.0 if builder.std is None else builder.std
    builder.mean, builder.std = before + spread * mean, spread * std
    return value


def _spread(value: Value, of: F64) -> F64:
    """One number for each channel of planes, or for each number of a row."""
    channels = np.broadcast_to(of, (value.shape[-1],))
    return channels.copy() if value.is_planes else np.tile(channels, value.size // value.shape[-1])


def _numbers(layer: KerasLayer, said: Any) -> F64:
    try:
        values = np.asarray(said, np.float64).reshape(-1)
    except (ValueError, TypeError) as wrong:
        raise InputError(layer.name, "has statistics that are no numbers") from wrong
    if not values.size or not np.isfinite(values).all():
        raise InputError(layer.name, "has statistics that are not finite")
    return values


def _is_last(axis: int | list[int] | None, value: Value) -> bool:
    axes = axis if isinstance(axis, list) else [axis]
    return len(axes) == 1 and axes[0] in (-1, len(value.shape))
