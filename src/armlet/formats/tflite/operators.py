"""What each operator of a file becomes: a layer, a part of the layer before, or nothing but another name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from armlet.formats.tflite.draft import RealDraft, UnsupportedError, Value, stored_as
from armlet.formats.tflite.elementwise import ACTIVATIONS, activation, affine, bounded
from armlet.formats.tflite.operands import CLIPS, floats, fused
from armlet.formats.tflite.parse import Operator
from armlet.formats.tflite.planes import both, pad, pairs, planes_given, rename, sides_of, turned, whole_planes
from armlet.network.activation import Activation
from armlet.network.frozen import F32
from armlet.network.layers import Add, Conv, Dense, Depthwise, Layer, Pool, Reduction, Weighted

Become = Callable[[RealDraft, Operator], None]

_NOT_BELOW_ZERO = (Activation.RELU, Activation.RELU6, Activation.SIGMOID)


def _dense(draft: RealDraft, operator: Operator) -> None:
    taken, weight = draft.row(operator), floats(draft.constant(operator, 1), 2)
    if operator.options.get("WeightsFormat"):
        raise UnsupportedError("with shuffled weights", "convert it without that")
    if taken.size != weight.shape[1]:
        raise UnsupportedError(f"on {taken.size} values, {weight.shape[1]} at a time", "flatten before it")
    if taken.places is not None:  # channels come first here
        weight = turned(weight, taken.places)
        draft.note("inputs of dense layers behind planes are turned: channels, height, width")
    bias = _bias(draft, operator, len(weight))
    layer = Dense(weight, bias, fused(operator))
    _put(draft, operator, layer, [taken], Value(0, draft.dims(operator.outputs[0]), (len(weight),)))


def _conv(draft: RealDraft, operator: Operator) -> None:
    taken, weight = draft.planes(operator), floats(draft.constant(operator, 1), 4).transpose(0, 3, 1, 2)
    down, across = pairs(operator)
    groups = taken.shape[0] // weight.shape[1]
    if groups * weight.shape[1] != taken.shape[0] or groups < 1:
        raise ValueError(f"a convolution takes {weight.shape[1]} channels, it is given {taken.shape[0]}")
    bias, sides = _bias(draft, operator, len(weight)), sides_of(operator, taken, weight.shape[2:])
    layer = Conv(weight, bias, fused(operator), 0.01, down, sides, across, groups)
    _planes_out(draft, operator, layer, taken)


def _depthwise(draft: RealDraft, operator: Operator) -> None:
    taken, weight = draft.planes(operator), floats(draft.constant(operator, 1), 4)
    strides, dilation = pairs(operator)
    channels, times = taken.shape[0], weight.shape[3] // taken.shape[0]
    if weight.shape[0] != 1 or times * channels != weight.shape[3] or not times:
        raise ValueError(f"a depthwise convolution has weights {weight.shape} for {channels} channels")
    kernel, bias = weight[0].transpose(2, 0, 1), _bias(draft, operator, weight.shape[3])
    sides, activation = sides_of(operator, taken, kernel.shape[1:]), fused(operator)
    layer: Conv | Depthwise = Depthwise(kernel, bias, activation, 0.01, strides, sides, dilation)
    if times > 1:
        layer = Conv(kernel[:, None], bias, activation, 0.01, strides, sides, dilation, channels)
    _planes_out(draft, operator, layer, taken)


def _pool(draft: RealDraft, operator: Operator) -> None:
    taken, options = draft.planes(operator), operator.options
    reduction = Reduction.MAX if operator.kind == "MAX_POOL_2D" else Reduction.AVERAGE
    size = options.get("FilterHeight", 0), options.get("FilterWidth", 0)
    if any(taken.padding) and not (reduction is Reduction.MAX and _is_not_below_zero(draft, taken)):
        raise UnsupportedError("behind a PAD whose zeros count", "armlet reads PAD before convolutions")
    if fused(operator) is not Activation.LINEAR:
        raise UnsupportedError("with an activation of its own", "put the activation before the pool")
    _planes_out(draft, operator, Pool(reduction, size, pairs(operator)[0], sides_of(operator, taken, size)), taken)


def _whole_pool(draft: RealDraft, operator: Operator) -> None:
    """MEAN and REDUCE_MAX over a plane."""
    reduction = Reduction.MAX if operator.kind == "REDUCE_MAX" else Reduction.AVERAGE
    taken, value = whole_planes(draft, operator)
    _put(draft, operator, Pool(reduction), [taken], value)


def _add(draft: RealDraft, operator: Operator) -> None:
    if not all(number in draft.values for number in operator.inputs[:2]):
        affine(draft, operator)
        return
    one, other, value = both(draft, operator)
    _put(draft, operator, Add(fused(operator)), [one, other], value)


def _requantise(draft: RealDraft, operator: Operator) -> None:
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


def _end(draft: RealDraft, operator: Operator) -> None:
    """SOFTMAX and ARG_MAX: the largest score stays the largest."""
    draft.note(f"the {operator.kind} at the end is left out, the outputs are the scores before it")
    draft.pass_on(operator, replace(draft.row(operator), ended=operator.kind))


def _put(draft: RealDraft, operator: Operator, layer: Layer, taken: Sequence[Value], value: Value) -> None:
    """Append a layer, and how its weights are kept."""
    weights = "float32"
    if isinstance(layer, Weighted):
        number = operator.inputs[1]
        weights = draft.file.tensors[number].kind.lower() if number in draft.made else ""
        weights = weights or stored_as(draft.file.tensors[number])
        if weights.startswith("int8") and draft.file.tensors[operator.inputs[0]].kind == "FLOAT32":
            draft.note("weights are int8 and values float32: other tools round the values on the fly, armlet does not")
    draft.put(operator, layer, taken, value, weights)


def _planes_out(draft: RealDraft, operator: Operator, layer: Conv | Depthwise | Pool, taken: Value) -> None:
    _put(draft, operator, layer, [taken], planes_given(draft, operator))


def become(draft: RealDraft, operator: Operator) -> None:
    """Take the operator into the draft, with the clip that is fused into it. Raises `UnsupportedError`."""
    OPERATORS[operator.kind](draft, operator)
    name = operator.options.get("FusedActivationFunction", "NONE")
    if name in CLIPS:
        given = draft.values[operator.outputs[0]]
        draft.pass_on(operator, draft.clipped(operator, given, CLIPS[name]))


def _bias(draft: RealDraft, operator: Operator, outputs: int) -> F32:
    if draft.tensor(operator, 2) is None:
        return np.zeros(outputs, np.float32)
    bias = floats(draft.constant(operator, 2)).ravel()
    if len(bias) != outputs:
        raise ValueError(f"{len(bias)} biases for {outputs} outputs")
    return bias


def _is_not_below_zero(draft: RealDraft, taken: Value) -> bool:
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
        **dict.fromkeys(("RESHAPE", "SQUEEZE", "EXPAND_DIMS"), rename),
        **dict.fromkeys(("QUANTIZE", "DEQUANTIZE"), _requantise),
        "PAD": pad,
        **dict.fromkeys(ACTIVATIONS, activation),
        **dict.fromkeys(("MINIMUM", "MAXIMUM"), bounded),
        **dict.fromkeys(("SOFTMAX", "ARG_MAX"), _end),
    }
)
