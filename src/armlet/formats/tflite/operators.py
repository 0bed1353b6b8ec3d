"""What each operator of a file becomes: a layer, a part of the layer before, or nothing but another name."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from armlet.formats.tflite.draft import Draft, UnsupportedError, Value, channels_first, same_places, stored_as
from armlet.formats.tflite.elementwise import ACTIVATIONS, activation, affine, bounded
from armlet.formats.tflite.operands import CLIPS, floats, fused
from armlet.formats.tflite.parse import Operator
from armlet.network.activation import Activation
from armlet.network.frozen import F32
from armlet.network.layers import Add, Conv, Dense, Depthwise, Layer, Pool, Reduction, Sides, Weighted

Become = Callable[[Draft, Operator], None]

_NOT_BELOW_ZERO = (Activation.RELU, Activation.RELU6, Activation.SIGMOID)


def _dense(draft: Draft, operator: Operator) -> None:
    taken, weight = draft.row(operator), floats(draft.constant(operator, 1), 2)
    if operator.options.get("WeightsFormat"):
        raise UnsupportedError("with shuffled weights", "convert it without that")
    if taken.size != weight.shape[1]:
        raise UnsupportedError(f"on {taken.size} values, {weight.shape[1]} at a time", "flatten before it")
    if taken.places is not None:  # channels come first here
        turned = np.empty_like(weight)
        turned[:, taken.places] = weight
        weight = turned
        draft.note("inputs of dense layers behind planes are turned: channels, height, width")
    bias = _bias(draft, operator, len(weight))
    layer = Dense(weight, bias, fused(operator))
    _put(draft, operator, layer, [taken], Value(0, draft.dims(operator.outputs[0]), (len(weight),)))


def _conv(draft: Draft, operator: Operator) -> None:
    taken, weight = draft.planes(operator), floats(draft.constant(operator, 1), 4).transpose(0, 3, 1, 2)
    down, across = _pairs(operator)
    groups = taken.shape[0] // weight.shape[1]
    if groups * weight.shape[1] != taken.shape[0] or groups < 1:
        raise ValueError(f"a convolution takes {weight.shape[1]} channels, it is given {taken.shape[0]}")
    bias, sides = _bias(draft, operator, len(weight)), _sides(operator, taken, weight.shape[2:])
    layer = Conv(weight, bias, fused(operator), 0.01, down, sides, across, groups)
    _planes_out(draft, operator, layer, taken)


def _depthwise(draft: Draft, operator: Operator) -> None:
    taken, weight = draft.planes(operator), floats(draft.constant(operator, 1), 4)
    strides, dilation = _pairs(operator)
    channels, times = taken.shape[0], weight.shape[3] // taken.shape[0]
    if weight.shape[0] != 1 or times * channels != weight.shape[3] or not times:
        raise ValueError(f"a depthwise convolution has weights {weight.shape} for {channels} channels")
    kernel, bias = weight[0].transpose(2, 0, 1), _bias(draft, operator, weight.shape[3])
    sides, activation = _sides(operator, taken, kernel.shape[1:]), fused(operator)
    layer: Conv | Depthwise = Depthwise(kernel, bias, activation, 0.01, strides, sides, dilation)
    if times > 1:
        layer = Conv(kernel[:, None], bias, activation, 0.01, strides, sides, dilation, channels)
    _planes_out(draft, operator, layer, taken)


def _pool(draft: Draft, operator: Operator) -> None:
    taken, options = draft.planes(operator), operator.options
    reduction = Reduction.MAX if operator.kind == "MAX_POOL_2D" else Reduction.AVERAGE
    size = options.get("FilterHeight", 0), options.get("FilterWidth", 0)
    if any(taken.padding) and not (reduction is Reduction.MAX and _is_not_below_zero(draft, taken)):
        raise UnsupportedError("behind a PAD whose zeros count", "armlet reads PAD before convolutions")
    if fused(operator) is not Activation.LINEAR:
        raise UnsupportedError("with an activation of its own", "put the activation before the pool")
    _planes_out(draft, operator, Pool(reduction, size, _pairs(operator)[0], _sides(operator, taken, size)), taken)


def _whole_pool(draft: Draft, operator: Operator) -> None:
    """MEAN and REDUCE_MAX over a plane."""
    reduction = Reduction.MAX if operator.kind == "REDUCE_MAX" else Reduction.AVERAGE
    rank, axes = len(draft.take(operator).dims) + 1, draft.constant(operator, 1)
    over = {int(axis) % rank for axis in axes.ravel()[:8]} if axes.dtype.kind in "iu" else set[int]()
    if over != {*range(1, rank - 1)} or rank < 3:
        raise UnsupportedError(f"over the axes {sorted(over)}", "armlet reads it over height and width together")
    draft.row(operator)
    taken = draft.planes(operator)
    value = Value(0, draft.dims(operator.outputs[0]), (taken.shape[0], 1, 1))
    _put(draft, operator, Pool(reduction), [taken], value)


def _add(draft: Draft, operator: Operator) -> None:
    if not all(number in draft.values for number in operator.inputs[:2]):
        affine(draft, operator)
        return
    one, other = draft.row(operator, 0), draft.row(operator, 1)
    if one.size != other.size or not same_places(one.places, other.places):
        raise UnsupportedError("of tensors of different shapes", "armlet adds tensors of one shape")
    other = draft.shaped(other, one.shape)
    value = Value(0, draft.dims(operator.outputs[0]), one.shape, one.places)
    _put(draft, operator, Add(fused(operator)), [one, other], value)


def _rename(draft: Draft, operator: Operator) -> None:
    taken = draft.row(operator)
    dims = draft.dims(operator.outputs[0])
    if math.prod(dims) != taken.size:
        raise ValueError(f"{operator.kind} makes {dims} of {taken.dims}")
    draft.pass_on(operator, replace(taken, dims=dims))


def _requantise(draft: Draft, operator: Operator) -> None:
    """QUANTIZE and DEQUANTIZE: real numbers stay what they are; of constants, the numbers that they stand for."""
    number = operator.inputs[0] if operator.inputs else -1
    if number not in draft.values:
        draft.made[operator.outputs[0]] = floats(draft.constant(operator, 0))
        draft.note(f"{operator.kind.lower()}d weights: {draft.file.tensors[number].kind.lower()}")
        return
    ended = draft.values[number].ended
    taken = draft.values[number] if ended else draft.take(operator)
    draft.note(f"{operator.kind} is left out: armlet takes and gives real numbers")
    draft.pass_on(operator, taken)


def _pad(draft: Draft, operator: Operator) -> None:
    taken, sides = draft.row(operator), draft.constant(operator, 1)
    if len(taken.dims) != 3 or sides.shape != (4, 2) or sides[[0, 3]].any() or sides.dtype.kind not in "iu":
        raise UnsupportedError("of other sides than height and width", "pad planes alone")
    (top, bottom), (left, right) = sides[1:3].tolist()
    draft.pass_on(operator, replace(taken, padding=(top, left, bottom, right)))


def _end(draft: Draft, operator: Operator) -> None:
    """SOFTMAX and ARG_MAX: the largest score stays the largest."""
    draft.note(f"the {operator.kind} at the end is left out, the outputs are the scores before it")
    draft.pass_on(operator, replace(draft.row(operator), ended=operator.kind))


def _put(draft: Draft, operator: Operator, layer: Layer, taken: Sequence[Value], value: Value) -> None:
    """Append a layer, and how its weights are kept."""
    weights = "float32"
    if isinstance(layer, Weighted):
        number = operator.inputs[1]
        weights = draft.file.tensors[number].kind.lower() if number in draft.made else ""
        weights = weights or stored_as(draft.file.tensors[number])
        if weights.startswith("int8") and draft.file.tensors[operator.inputs[0]].kind == "FLOAT32":
            draft.note("weights are int8 and values float32: other tools round the values on the fly, armlet does not")
    draft.put(operator, layer, taken, value, weights)


def _planes_out(draft: Draft, operator: Operator, layer: Conv | Depthwise | Pool, taken: Value) -> None:
    dims = draft.dims(operator.outputs[0])
    if len(dims) != 3:
        raise ValueError(f"{operator.kind} gives the shape {dims}")
    value = Value(0, dims, (dims[2], dims[0], dims[1]), channels_first(dims))
    _put(draft, operator, layer, [taken], value)


def become(draft: Draft, operator: Operator) -> None:
    """Take the operator into the draft, with the clip that is fused into it. Raises `UnsupportedError`."""
    OPERATORS[operator.kind](draft, operator)
    name = operator.options.get("FusedActivationFunction", "NONE")
    if name in CLIPS:
        given = draft.values[operator.outputs[0]]
        draft.pass_on(operator, draft.clipped(operator, given, CLIPS[name]))


def _bias(draft: Draft, operator: Operator, outputs: int) -> F32:
    if draft.tensor(operator, 2) is None:
        return np.zeros(outputs, np.float32)
    bias = floats(draft.constant(operator, 2)).ravel()
    if len(bias) != outputs:
        raise ValueError(f"{len(bias)} biases for {outputs} outputs")
    return bias


def _pairs(operator: Operator) -> tuple[tuple[int, int], tuple[int, int]]:
    """Stride and dilation, down and across."""
    options = operator.options
    stride = options.get("StrideH", 0), options.get("StrideW", 0)
    return stride, (options.get("DilationHFactor", 1), options.get("DilationWFactor", 1))


def _sides(operator: Operator, taken: Value, window: tuple[int, ...]) -> Sides:
    """Rows and columns of zeros around what is taken; those of SAME stand more at the bottom and right."""
    top, left, bottom, right = taken.padding
    if operator.options.get("Padding") == "VALID":
        return taken.padding
    added = list[tuple[int, int]]()
    strides, dilations = _pairs(operator)
    extents = taken.dims[0] + top + bottom, taken.dims[1] + left + right
    for extent, size, stride, dilation in zip(extents, window, strides, dilations):
        steps = -(-extent // stride) if stride > 0 else 0
        total = max((steps - 1) * stride + (size - 1) * dilation + 1 - extent, 0)
        added.append((total // 2, total - total // 2))
    (above, below), (before, behind) = added
    return top + above, left + before, bottom + below, right + behind


def _is_not_below_zero(draft: Draft, taken: Value) -> bool:
    """Whether zeros around change no maximum."""
    layer = draft.layers[taken.number - 1] if taken.number else None
    return isinstance(layer, Weighted | Add) and layer.activation in _NOT_BELOW_ZERO


OPERATORS: Mapping[str, Become] = MappingProxyType(
    {
        "FULLY_CONNECTED": _dense,
        "CONV_2D": _conv,
        "DEPTHWISE_CONV_2D": _depthwise,
        "MAX_POOL_2D": _pool,
        "AVERAGE_POOL_2D": _pool,
        "MEAN": _whole_pool,
        "REDUCE_MAX": _whole_pool,
        "ADD": _add,
        "SUB": affine,
        "MUL": affine,
        "DIV": affine,
        **dict.fromkeys(("RESHAPE", "SQUEEZE", "EXPAND_DIMS"), _rename),
        **dict.fromkeys(("QUANTIZE", "DEQUANTIZE"), _requantise),
        "PAD": _pad,
        **dict.fromkeys(ACTIVATIONS, activation),
        **dict.fromkeys(("MINIMUM", "MAXIMUM"), bounded),
        **dict.fromkeys(("SOFTMAX", "ARG_MAX"), _end),
    }
)
