"""What operators on real numbers and on integers have in common: shapes, paddings, and how values stand."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.formats.model import told_as_turned
from armlet.formats.tflite.draft import Draft, UnsupportedError, Value, channels_first, same_places
from armlet.formats.tflite.parse import Operator
from armlet.network.layers import Sides
from armlet.network.network import natural_shape

_WINDOWS = ("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "AVERAGE_POOL_2D", "MEAN", "REDUCE_MAX")


def input_value(draft: Draft[Any]) -> Value:
    """The network's input: planes where a window goes over them, otherwise a row in the file's order."""
    file, number = draft.file, draft.file.inputs[0]
    try:
        dims = draft.dims(number)
    except UnsupportedError as wrong:
        raise InputError("input", f"is {wrong.why}", wrong.hint) from wrong
    if not dims or 0 in dims:
        raise InputError("input", f"has the shape {file.tensors[number].shape}", "give a model of one input tensor")
    places = None
    if len(dims) == 3 and any(operator.kind in _WINDOWS for operator in file.operators):
        places = channels_first(dims)
        if places is not None:
            draft.note(told_as_turned(dims))
        dims_here = (dims[2], *dims[:2])
    else:
        dims_here = natural_shape(dims[0]) if len(dims) == 1 else dims
    return Value(0, dims, dims_here, places)


def turned(weight: NDArray[Any], places: NDArray[np.int64]) -> NDArray[Any]:
    """Weights (outputs, inputs) on a row that stands here in another order."""
    found = np.empty_like(weight)
    found[:, places] = weight
    return found


def planes_given(draft: Draft[Any], operator: Operator) -> Value:
    """What a window gives: planes."""
    dims = draft.dims(operator.outputs[0])
    if len(dims) != 3:
        raise ValueError(f"{operator.kind} gives the shape {dims}")
    return Value(0, dims, (dims[2], dims[0], dims[1]), channels_first(dims))


def whole_planes(draft: Draft[Any], operator: Operator) -> tuple[Value, Value]:
    """What MEAN and REDUCE_MAX over height and width take and give."""
    rank, axes = len(draft.take(operator).dims) + 1, draft.constant(operator, 1)
    over = {int(axis) % rank for axis in axes.ravel()[:8]} if axes.dtype.kind in "iu" else set[int]()
    if over != {*range(1, rank - 1)} or rank < 3:
        raise UnsupportedError(f"over the axes {sorted(over)}", "armlet reads it over height and width together")
    draft.row(operator)
    taken = draft.planes(operator)
    return taken, Value(0, draft.dims(operator.outputs[0]), (taken.shape[0], 1, 1))


def both(draft: Draft[Any], operator: Operator) -> tuple[Value, Value, Value]:
    """Two tensors that are added, in one order, and the sum."""
    one, other = draft.row(operator, 0), draft.row(operator, 1)
    dims = draft.dims(operator.outputs[0])
    if not one.size == other.size == math.prod(dims) or not same_places(one.places, other.places):
        raise UnsupportedError("of tensors of different shapes", "armlet adds tensors of one shape")
    return one, draft.shaped(other, one.shape), Value(0, dims, one.shape, one.places)


def rename(draft: Draft[Any], operator: Operator) -> None:
    """The same values in another shape."""
    taken = draft.row(operator)
    dims = draft.dims(operator.outputs[0])
    if math.prod(dims) != taken.size:
        raise ValueError(f"{operator.kind} makes {dims} of {taken.dims}")
    draft.pass_on(operator, replace(taken, dims=dims))


def pad(draft: Draft[Any], operator: Operator) -> None:
    """Zeros around planes, for the window behind."""
    taken, sides = draft.row(operator), draft.constant(operator, 1)
    if len(taken.dims) != 3 or sides.shape != (4, 2) or sides[[0, 3]].any() or sides.dtype.kind not in "iu":
        raise UnsupportedError("of other sides than height and width", "pad planes alone")
    (top, bottom), (left, right) = sides[1:3].tolist()
    draft.pass_on(operator, replace(taken, padding=(top, left, bottom, right)))


def pairs(operator: Operator) -> tuple[tuple[int, int], tuple[int, int]]:
    """Stride and dilation, down and across."""
    options = operator.options
    stride = options.get("StrideH", 0), options.get("StrideW", 0)
    return stride, (options.get("DilationHFactor", 1), options.get("DilationWFactor", 1))


def sides_of(operator: Operator, taken: Value, window: tuple[int, ...]) -> Sides:
    """Rows and columns of zeros around what is taken; those of SAME stand more at the bottom and right."""
    top, left, bottom, right = taken.padding
    if operator.options.get("Padding") == "VALID":
        return taken.padding
    added = list[tuple[int, int]]()
    strides, dilations = pairs(operator)
    extents = taken.dims[0] + top + bottom, taken.dims[1] + left + right
    for extent, size, stride, dilation in zip(extents, window, strides, dilations):
        steps = -(-extent // stride) if stride > 0 else 0
        total = max((steps - 1) * stride + (size - 1) * dilation + 1 - extent, 0)
        added.append((total // 2, total - total // 2))
    (above, below), (before, behind) = added
    return top + above, left + before, bottom + below, right + behind
