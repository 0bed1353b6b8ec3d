"""What each operator of a file becomes: a layer, a part of the layer before, or nothing but another name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from armlet.formats.tflite.draft import RealDraft, UnsupportedError, Value, stored_as
from armlet.formats.tflite.parse import Operator
from armlet.formats.tflite.planes import both, pad, pairs, planes_given, rename, sides_of, turned, whole_planes
from armlet.network.activation import Activation
from armlet.network.frozen import F32
from armlet.network.layers import Add, Conv, Dense, Depthwise, Layer, Pool, Reduction, Weighted

Become = Callable[[RealDraft, Operator], None]

_ACTIVATIONS = {"NONE": Activation.LINEAR, "RELU": Activation.RELU, "RELU6": Activation.RELU6}
_ALONE = {"RELU": Activation.RELU, "RELU6": Activation.RELU6, "TANH": Activation.TANH, "LOGISTIC": Activation.SIGMOID}
_NOT_BELOW_ZERO = (Activation.RELU, Activation.RELU6, Activation.SIGMOID)


def _dense(draft: RealDraft, operator: Operator) -> None:
    taken, weight = draft.row(operator), _floats(draft.constant(operator, 1), 2)
    if operator.options.get("WeightsFormat"):
        raise UnsupportedError("with shuffled weights", "convert it without that")
    if taken.size != weight.shape[1]:
        raise UnsupportedError(f"on {taken.size} values, {weight.shape[1]} at a time", "flatten before it")
    if taken.places is not None:  # channels come first here
        weight = turned(weight, taken.places)
        draft.note("inputs of dense layers behind planes are turned: channels, height, width")
    bias = _bias(draft, operator, len(weight))
    layer = Dense(weight, bias, _fused(operator))
    _put(draft, operator, layer, [taken], Value(0, draft.dims(operator.outputs[0]), (len(weight),)))


def _conv(draft: RealDraft, operator: Operator) -> None:
    taken, weight = draft.planes(operator), _floats(draft.constant(operator, 1), 4).transpose(0, 3, 1, 2)
    down, across = pairs(operator)
    groups = taken.shape[0] // weight.shape[1]
    if groups * weight.shape[1] != taken.shape[0] or groups < 1:
        raise ValueError(f"a convolution takes {weight.shape[1]} channels, it is given {taken.shape[0]}")
    bias, sides = _bias(draft, operator, len(weight)), sides_of(operator, taken, weight.shape[2:])
    layer = Conv(weight, bias, _fused(operator), 0.01, down, sides, across, groups)
    _planes_out(draft, operator, layer, taken)


def _depthwise(draft: RealDraft, operator: Operator) -> None:
    taken, weight = draft.planes(operator), _floats(draft.constant(operator, 1), 4)
    strides, dilation = pairs(operator)
    channels, times = taken.shape[0], weight.shape[3] // taken.shape[0]
    if weight.shape[0] != 1 or times * channels != weight.shape[3] or not times:
        raise ValueError(f"a depthwise convolution has weights {weight.shape} for {channels} channels")
    kernel, bias = weight[0].transpose(2, 0, 1), _bias(draft, operator, weight.shape[3])
    sides, activation = sides_of(operator, taken, kernel.shape[1:]), _fused(operator)
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
    if _fused(operator) is not Activation.LINEAR:
        raise UnsupportedError("with an activation of its own", "put the activation before the pool")
    _planes_out(draft, operator, Pool(reduction, size, pairs(operator)[0], sides_of(operator, taken, size)), taken)


def _whole_pool(draft: RealDraft, operator: Operator) -> None:
    """MEAN and REDUCE_MAX over a plane."""
    reduction = Reduction.MAX if operator.kind == "REDUCE_MAX" else Reduction.AVERAGE
    taken, value = whole_planes(draft, operator)
    _put(draft, operator, Pool(reduction), [taken], value)


def _add(draft: RealDraft, operator: Operator) -> None:
    if not all(number in draft.values for number in operator.inputs[:2]):
        _affine(draft, operator)
        return
    one, other, value = both(draft, operator)
    _put(draft, operator, Add(_fused(operator)), [one, other], value)


def _affine(draft: RealDraft, operator: Operator) -> None:
    """A constant added, taken away, multiplied: into the normalisation of the inputs, or into a bias."""
    at = 0 if operator.inputs[:1] and operator.inputs[0] in draft.values else 1
    taken, constant = draft.row(operator, at), _floats(draft.constant(operator, 1 - at))
    turned = at == 1 and operator.kind in ("SUB", "DIV")
    if taken.number == 0 and taken.alone and not turned and _fused(operator) is Activation.LINEAR:
        _normalise(draft, operator, taken, constant)
        return
    layer = _sums(draft, taken)
    folds = isinstance(layer, Weighted) and not turned and operator.kind in ("ADD", "SUB")
    if not isinstance(layer, Weighted) or not folds or constant.size not in (1, len(layer.bias)):
        raise UnsupportedError("with a constant", "armlet folds it behind the input, or an addition into a bias")
    added = constant.ravel() if operator.kind == "ADD" else -constant.ravel()
    bias = (layer.bias + added).astype(np.float32)
    draft.layers[taken.number - 1] = replace(layer, bias=bias, activation=_fused(operator))
    draft.note(f"{operator.kind} of a constant is folded into the bias before it")
    draft.pass_on(operator, replace(taken, dims=draft.dims(operator.outputs[0])))


def _normalise(draft: RealDraft, operator: Operator, taken: Value, constant: F32) -> None:
    """The network computes on (x - mean) / std: a constant added or multiplied changes both."""
    spread = np.empty(taken.size)
    spread[slice(None) if taken.places is None else taken.places] = np.broadcast_to(constant, (1, *taken.dims)).ravel()
    mean = np.zeros(taken.size) if draft.mean is None else draft.mean
    std = np.ones(taken.size) if draft.std is None else draft.std
    match operator.kind:
        case "ADD":
            mean = mean - spread * std
        case "SUB":
            mean = mean + spread * std
        case _:
            if not (spread > 0).all():
                raise UnsupportedError("with a constant that is not positive", "scale inputs by positive numbers")
            std = std / spread if operator.kind == "MUL" else std * spread
    draft.mean, draft.std = mean, std
    draft.note("what is added to the inputs and multiplied becomes their mean and std")
    draft.pass_on(operator, replace(taken, dims=draft.dims(operator.outputs[0])))


def _requantise(draft: RealDraft, operator: Operator) -> None:
    """QUANTIZE and DEQUANTIZE: real numbers stay what they are; of constants, the numbers that they stand for."""
    number = operator.inputs[0] if operator.inputs else -1
    if number not in draft.values:
        draft.made[operator.outputs[0]] = _floats(draft.constant(operator, 0))
        draft.note(f"{operator.kind.lower()}d weights: {draft.file.tensors[number].kind.lower()}")
        return
    ended = draft.values[number].ended
    taken = draft.values[number] if ended else draft.take(operator)
    draft.note(f"{operator.kind} is left out: armlet takes and gives real numbers")
    draft.pass_on(operator, taken)


def _activation(draft: RealDraft, operator: Operator) -> None:
    """Into the layer before."""
    taken = draft.row(operator)
    layer = _sums(draft, taken)
    if layer is None:
        raise UnsupportedError("of something else than a layer's sums", "armlet reads it right behind a layer, alone")
    slope = float(operator.options.get("Alpha", 0.0))
    kind = _ALONE.get(operator.kind, Activation.LEAKY_RELU)
    if kind is Activation.LEAKY_RELU and not 0 < slope < 1:
        raise UnsupportedError(f"with the slope {slope:g}", "give it one between 0 and 1")
    changed = replace(layer, slope=slope) if kind is Activation.LEAKY_RELU else layer
    draft.layers[taken.number - 1] = replace(changed, activation=kind)
    draft.pass_on(operator, replace(taken, dims=draft.dims(operator.outputs[0])))


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


def _fused(operator: Operator) -> Activation:
    name = operator.options.get("FusedActivationFunction", "NONE")
    if name not in _ACTIVATIONS:
        raise UnsupportedError(f"with the activation {name}", "armlet reads RELU and RELU6 fused")
    return _ACTIVATIONS[name]


def _floats(values: np.ndarray, dimensions: int | None = None) -> F32:
    if values.dtype.kind != "f" or dimensions not in (None, values.ndim):
        raise ValueError(f"a constant holds {values.dtype} of shape {values.shape}")
    return values


def _bias(draft: RealDraft, operator: Operator, outputs: int) -> F32:
    if draft.tensor(operator, 2) is None:
        return np.zeros(outputs, np.float32)
    bias = _floats(draft.constant(operator, 2)).ravel()
    if len(bias) != outputs:
        raise ValueError(f"{len(bias)} biases for {outputs} outputs")
    return bias


def _sums(draft: RealDraft, taken: Value) -> Weighted | Add | None:
    """The layer whose sums a value is, where they are not activated yet and nobody else takes them."""
    layer = draft.layers[taken.number - 1] if taken.number else None
    if isinstance(layer, Weighted | Add) and layer.activation is Activation.LINEAR and taken.alone:
        return layer
    return None


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
        "SUB": _affine,
        "MUL": _affine,
        "DIV": _affine,
        **dict.fromkeys(("RESHAPE", "SQUEEZE", "EXPAND_DIMS"), rename),
        **dict.fromkeys(("QUANTIZE", "DEQUANTIZE"), _requantise),
        "PAD": pad,
        **dict.fromkeys((*_ALONE, "LEAKY_RELU"), _activation),
        **dict.fromkeys(("SOFTMAX", "ARG_MAX"), _end),
    }
)
