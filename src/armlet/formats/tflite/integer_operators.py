"""What each operator on int8 becomes: a layer in integers that stores what LiteRT's reference kernel stores."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from armlet.formats.tflite.draft import IntegerDraft, UnsupportedError, Value, stored_as
from armlet.formats.tflite.integer_activations import CLAMPS, CURVES, fused_clamp, one_pair, own_activation
from armlet.formats.tflite.parse import Operator, Tensor
from armlet.formats.tflite.planes import both, pad, pairs, planes_given, rename, sides_of, turned, whole_planes
from armlet.formats.tflite.scaling import (
    addition_multipliers,
    exact_multiplier,
    mean_multiplier,
    reference_multiplier,
)
from armlet.integer.formats import I64, INT8, INT32
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerLayer, IntegerPool, PoolScaling, body_of
from armlet.integer.requantise import Multiplier
from armlet.network.activation import Activation
from armlet.network.frozen import F64
from armlet.network.layers import Reduction

Become = Callable[[IntegerDraft, Operator], None]

RENAMES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
WEIGHTED = ("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D")
_RAISED = 20  # places by which an addition of int8 raises what it takes


def _dense(draft: IntegerDraft, operator: Operator) -> None:
    taken, weight = draft.row(operator), _kernel(draft, operator, 0, 2)
    if operator.options.get("WeightsFormat") or taken.size != weight.shape[1]:
        raise ValueError(f"it takes {weight.shape[1]} of {taken.size} values at a time")
    if taken.places is not None:  # channels come first here
        weight = turned(weight, taken.places)
        draft.note("inputs of dense layers behind planes are turned: channels, height, width")
    body = _body(draft, operator, weight, _in_double)
    value = Value(0, draft.dims(operator.outputs[0]), (len(weight),))
    draft.put(operator, body, [taken], value, stored_as(draft.file.tensors[operator.inputs[1]]))


def _conv(draft: IntegerDraft, operator: Operator) -> None:
    taken, weight = draft.planes(operator), _kernel(draft, operator, 0, 4).transpose(0, 3, 1, 2)
    groups = taken.shape[0] // weight.shape[1]
    if groups * weight.shape[1] != taken.shape[0] or groups < 1:
        raise ValueError(f"it takes {weight.shape[1]} channels, it is given {taken.shape[0]}")
    _window(draft, operator, taken, weight, groups)


def _depthwise(draft: IntegerDraft, operator: Operator) -> None:
    taken, weight = draft.planes(operator), _kernel(draft, operator, 3, 4)
    if weight.shape[0] != 1 or weight.shape[3] % taken.shape[0]:
        raise ValueError(f"it has weights {weight.shape} for {taken.shape[0]} channels")
    _window(draft, operator, taken, weight.transpose(3, 0, 1, 2), taken.shape[0])


def _window(draft: IntegerDraft, operator: Operator, taken: Value, weight: I64, groups: int) -> None:
    """A convolution; zeros around it are stored as the zero point of what it takes."""
    strides, dilation = pairs(operator)
    size = weight.shape[2], weight.shape[3]
    body = _body(draft, operator, weight.reshape(len(weight), -1), reference_multiplier)
    _, zero = one_pair(draft.file.tensors[operator.inputs[0]])
    layer = IntegerConv(body, size, strides, sides_of(operator, taken, size), dilation, groups, zero)
    value = planes_given(draft, operator)
    draft.put(operator, layer, [taken], value, stored_as(draft.file.tensors[operator.inputs[1]]))


def _pool(draft: IntegerDraft, operator: Operator) -> None:
    taken, options = draft.planes(operator), operator.options
    reduction = Reduction.MAX if operator.kind == "MAX_POOL_2D" else Reduction.AVERAGE
    size = options.get("FilterHeight", 0), options.get("FilterWidth", 0)
    if any(taken.padding) and not (reduction is Reduction.MAX and _is_not_below_zero(draft, operator, taken)):
        raise UnsupportedError("behind a PAD whose zeros count", "")
    scale, zero = _same_pair(draft, operator)
    _, low, high = fused_clamp(operator, scale, zero)
    layer = IntegerPool(reduction, size, pairs(operator)[0], sides_of(operator, taken, size), low, high)
    draft.put(operator, layer, [taken], planes_given(draft, operator), "int8")


def _whole_pool(draft: IntegerDraft, operator: Operator) -> None:
    """REDUCE_MAX; and MEAN, whose kernel is a sum times a multiplier: an average in a unit of its own."""
    taken, value = whole_planes(draft, operator)
    if operator.kind == "REDUCE_MAX":
        _same_pair(draft, operator)
        draft.put(operator, IntegerPool(Reduction.MAX, None), [taken], value, "int8")
        return
    (scale_in, zero_in), (scale, zero) = (one_pair(tensor) for tensor in _ends(draft, operator))
    count = math.prod(taken.shape[1:])
    multiplier, exponent = mean_multiplier(float(scale_in) / float(scale), count)
    by = PoolScaling(-zero_in * count, multiplier, exponent, zero)
    draft.put(
        operator, IntegerPool(Reduction.AVERAGE, low=INT8.low, high=INT8.high, scaling=by), [taken], value, "int8"
    )


def _add(draft: IntegerDraft, operator: Operator) -> None:
    if not all(number in draft.values for number in operator.inputs[:2]):
        raise UnsupportedError("with a constant is not computed in integers yet", "")
    one, other, value = both(draft, operator)
    tensors = [draft.file.tensors[number] for number in (*operator.inputs[:2], operator.outputs[0])]
    (scale_one, zero_one), (scale_other, zero_other), (scale, zero) = map(one_pair, tensors)
    scaling, by = addition_multipliers(float(scale_one), float(scale_other), float(scale), _RAISED)
    _, low, high = fused_clamp(operator, scale, zero)
    layer = IntegerAdd((-zero_one, -zero_other), _RAISED, scaling, by, INT8, low, high, zero)
    draft.put(operator, layer, [one, other], value, "int8")


def _pad(draft: IntegerDraft, operator: Operator) -> None:
    _same_pair(draft, operator)
    pad(draft, operator)


def _kernel(draft: IntegerDraft, operator: Operator, axis: int, rank: int) -> I64:
    kernel = draft.stored(operator, 1)
    scales = kernel.scales
    whole = kernel.kind == "INT8" and len(kernel.shape) == rank and scales is not None
    if not whole or scales is None or scales.zero.any() or (len(scales.scale) > 1 and scales.axis != axis):
        raise ValueError(f"its weights are {kernel.kind.lower()}, not symmetric int8 with scales for outputs")
    return kernel.values.astype(np.int64)


def _body(
    draft: IntegerDraft,
    operator: Operator,
    weight: I64,
    multipliers: Callable[[F64, int, int], Multiplier],
) -> IntegerDense:
    """Weights (outputs, ...) with the zero of what is taken in the bias. Raises `ValueError`."""
    (scale_in, zero_in), (scale, zero) = (one_pair(tensor) for tensor in _ends(draft, operator))
    bias = _bias(draft, operator, len(weight)) - zero_in * weight.sum(axis=1)
    if (bias < INT32.low).any() or (bias > INT32.high).any():
        raise ValueError("a bias, with the zero point in it, goes beyond 32 bits")
    activation, low, high = fused_clamp(operator, scale, zero)
    kernel = draft.file.tensors[operator.inputs[1]].scales
    assert kernel is not None
    products = float(scale_in) * np.broadcast_to(kernel.scale.astype(np.float64), bias.shape) / float(scale)
    by = multipliers(products, low - zero, high - zero)
    return _dense_body(weight, bias, by, activation, low, high, zero)


def _in_double(scales: F64, low: int, high: int) -> Multiplier:
    """As fully connected layers scale back; their scales count alone."""
    by, inexact = exact_multiplier(scales, np.full(len(scales), low), np.full(len(scales), high))
    if inexact:
        raise ValueError(f"of {inexact} outputs no multiplier rounds as double precision does")
    return by


def _dense_body(
    weight: I64, bias: I64, by: Multiplier, activation: Activation, low: int, high: int, zero: int
) -> IntegerDense:
    ends = np.full(len(bias), low, np.int32), np.full(len(bias), high, np.int32)
    return IntegerDense(weight.astype(np.int16), bias.astype(np.int32), by, activation, INT8, *ends, zero)


def _bias(draft: IntegerDraft, operator: Operator, outputs: int) -> I64:
    if draft.tensor(operator, 2) is None:
        return np.zeros(outputs, np.int64)
    bias = draft.stored(operator, 2).values
    if bias.dtype.kind != "i" or bias.size != outputs or abs(bias.astype(np.float64)).max() > INT32.high:
        raise ValueError(f"it has {bias.size} biases of {bias.dtype} for {outputs} outputs")
    return bias.ravel().astype(np.int64)


def _ends(draft: IntegerDraft, operator: Operator) -> tuple[Tensor, Tensor]:
    """What an operator takes and gives."""
    return draft.file.tensors[operator.inputs[0]], draft.file.tensors[operator.outputs[0]]


def _same_pair(draft: IntegerDraft, operator: Operator) -> tuple[np.float32, int]:
    """Of what an operator takes and gives, which must be the same."""
    taken, given = (one_pair(tensor) for tensor in _ends(draft, operator))
    if taken != given:
        raise ValueError(f"{operator.kind} changes the scale or the zero point")
    return given


def _is_not_below_zero(draft: IntegerDraft, operator: Operator, taken: Value) -> bool:
    """Whether zeros around change no maximum."""
    layer: IntegerLayer | None = draft.layers[taken.number - 1] if taken.number else None
    _, zero = one_pair(draft.file.tensors[operator.inputs[0]])
    body = body_of(layer) if layer is not None else None
    low = layer.low if isinstance(layer, IntegerAdd) else int(body.low.min()) if body is not None else INT8.low
    return low >= zero


INTEGER_OPERATORS: Mapping[str, Become] = MappingProxyType(
    {
        "FULLY_CONNECTED": _dense,
        "CONV_2D": _conv,
        "DEPTHWISE_CONV_2D": _depthwise,
        "MAX_POOL_2D": _pool,
        "AVERAGE_POOL_2D": _pool,
        "MEAN": _whole_pool,
        "REDUCE_MAX": _whole_pool,
        "ADD": _add,
        "PAD": _pad,
        **dict.fromkeys((*CLAMPS, *CURVES), own_activation),
        **dict.fromkeys(RENAMES, rename),
    }
)
