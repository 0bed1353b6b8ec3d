"""A chain of fully connected layers in int8 as a network in integers, exact to what LiteRT's reference kernels give."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from armlet.errors import InputError
from armlet.formats.model import ModelLayer
from armlet.formats.tflite.draft import stored_as
from armlet.formats.tflite.parse import Operator, Tensor, TfliteFile
from armlet.formats.tflite.scaling import exact_multiplier
from armlet.integer.formats import I64, INT8, INT32
from armlet.integer.network import IntegerLayer
from armlet.network.activation import Activation, activated
from armlet.network.clips import CLIPPING, ENDS, Ends

_RENAMES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
_ENDS = ("SOFTMAX", "ARG_MAX", "DEQUANTIZE")
_CURVES = ("LOGISTIC", "TANH")
_ENDS_OF: Mapping[str, Ends] = MappingProxyType(  # between which an activation clips, in real numbers
    {
        "NONE": (-math.inf, math.inf),
        "RELU": ENDS[Activation.RELU],
        "RELU6": ENDS[Activation.RELU6],
        "RELU_N1_TO_1": (-1.0, 1.0),
        "RELU_0_TO_1": (0.0, 1.0),
    }
)
_CLAMPS = tuple(name for name in _ENDS_OF if name != "NONE")


_UNSURE = 5e-5  # of an integer: how far float32's exponential may lie from the exact one

Pair: TypeAlias = tuple[np.float32, int]  # scale and zero


class NotIntegersError(Exception):
    """Why a file is not a network in integers that armlet has, in words."""


@dataclass(frozen=True, slots=True, eq=False)
class IntegerChain:
    """The layers, how what they take and give is stored, and what was left out."""

    layers: tuple[IntegerLayer, ...]
    told: tuple[ModelLayer, ...]
    taken: Tensor
    given: Tensor
    notes: tuple[str, ...]


def is_quantised(file: TfliteFile) -> bool:
    """Whether a layer of the file takes integers."""
    weighted = ("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D")
    taken = [operator.inputs[0] for operator in file.operators if operator.kind in weighted and operator.inputs]
    return any(number >= 0 and file.tensors[number].kind in ("INT8", "UINT8", "INT16") for number in taken)


def integer_chain(file: TfliteFile) -> IntegerChain:
    """Raises `NotIntegersError` where the file holds something else, or sums that 32 bits do not hold."""
    layers, told, notes = list[IntegerLayer](), list[ModelLayer](), list[str]()
    at, given = file.inputs[0], file.inputs[0]
    taken: Tensor | None = None
    kernels = [operator.inputs[1] for operator in file.operators if len(operator.inputs) > 1]
    if sum(math.prod(file.tensors[number].shape) for number in kernels) > file.constants:
        raise ValueError("it takes more constants than it has bytes")
    for operator in _chained(file):
        output = file.tensors[operator.outputs[0]]
        match operator.kind:
            case "FULLY_CONNECTED":
                taken = taken or file.tensors[at]
                try:
                    layers.append(_layer(file, operator))
                except (ValueError, InputError) as wrong:
                    raise NotIntegersError(f"{output.name}: {wrong}") from wrong
                weights = stored_as(file.tensors[operator.inputs[1]])
                told.append(ModelLayer(output.name, operator.kind, weights, output.kind.lower()))
                given = operator.outputs[0]
            case kind if kind in _CLAMPS or kind in _CURVES:
                layers[-1] = _activated(layers[-1], file.tensors[at], output, kind)
                told[-1] = replace(told[-1], operator=f"{told[-1].operator} + {kind}")
                given = operator.outputs[0]
            case "QUANTIZE":
                notes += _begin(file.tensors[at], output)
            case kind if kind in _ENDS:
                notes.append(f"the {kind} at the end is left out, outputs are the integers before it")
            case _:
                pass
        at = operator.outputs[0]
    if taken is None or at not in file.outputs:
        raise NotIntegersError("no chain of fully connected layers leads from the input to the output")
    return IntegerChain(tuple(layers), tuple(told), taken, file.tensors[given], tuple(notes))


def _chained(file: TfliteFile) -> Iterator[Operator]:
    """The operators, each of which takes what the one before gives. Raises `NotIntegersError` for another."""
    at, begun, ended = file.inputs[0], False, False
    for operator in file.operators:
        kind = operator.kind
        begins, ends = kind == "QUANTIZE" and not begun, kind in _ENDS and begun
        activates = begun and not ended and (kind in _CLAMPS or kind in _CURVES)
        if not (begins or ends or activates or kind in _RENAMES or (kind == "FULLY_CONNECTED" and not ended)):
            raise NotIntegersError(f"{kind} is not computed in integers yet")
        if not operator.inputs[:1] or operator.inputs[0] != at or len(operator.outputs) != 1:
            raise NotIntegersError("its layers are not a chain")
        at, begun, ended = operator.outputs[0], begun or kind == "FULLY_CONNECTED", ended or ends
        if at < 0:
            raise NotIntegersError("its layers are not a chain")
        yield operator


def _begin(before: Tensor, after: Tensor) -> list[str]:
    """What a QUANTIZE at the beginning does to the inputs."""
    if before.kind == "FLOAT32":
        return ["QUANTIZE at the beginning is left out: inputs are taken as integers, or quantised before"]
    one, other = before.scales, after.scales
    same = one and other and one.scale.tolist() == other.scale.tolist()
    if one and other and same and before.kind == "UINT8" and (one.zero - other.zero).tolist() == [128]:
        return ["inputs are taken as int8, in place of uint8 that are greater by 128"]
    raise NotIntegersError("a QUANTIZE at the beginning changes the scale")


def _layer(file: TfliteFile, operator: Operator) -> IntegerLayer:
    """The zero of what is taken goes into the bias. Raises `ValueError`."""
    taken, kernel, given = (file.tensors[number] for number in (*operator.inputs[:2], *operator.outputs))
    scale_in, zero_in = _one_pair(taken)
    scale_out, zero = _one_pair(given)
    weight, scales = kernel.values.astype(np.int64), kernel.scales
    if kernel.kind != "INT8" or weight.ndim != 2 or scales is None or scales.zero.any() or scales.axis:
        raise ValueError(f"its weights are {kernel.kind.lower()}, not symmetric int8 with scales for outputs")
    if operator.options.get("WeightsFormat") or math.prod(taken.shape) != weight.shape[1]:
        raise ValueError(f"it takes {weight.shape[1]} of {math.prod(taken.shape)} values at a time")
    bias = _bias(file, operator, len(weight)) - zero_in * weight.sum(axis=1)
    if (bias < INT32.low).any() or (bias > INT32.high).any():
        raise ValueError("a bias, with the zero point in it, goes beyond 32 bits")
    activation, low, high = _clamp(operator, len(weight), scale_out, zero)
    products = float(scale_in) * np.broadcast_to(scales.scale.astype(np.float64), bias.shape) / float(scale_out)
    by, inexact = exact_multiplier(products, low - zero, high - zero)
    if inexact:
        raise ValueError(f"of {inexact} outputs no multiplier rounds as double precision does")
    ends = low.astype(np.int32), high.astype(np.int32)
    return IntegerLayer(weight.astype(np.int16), bias.astype(np.int32), by, activation, INT8, *ends, zero)


def _bias(file: TfliteFile, operator: Operator, outputs: int) -> I64:
    number = operator.inputs[2] if len(operator.inputs) > 2 else -1
    if number < 0:
        return np.zeros(outputs, np.int64)
    bias = file.tensors[number].values
    if bias.dtype.kind != "i" or bias.size != outputs or abs(bias.astype(np.float64)).max() > INT32.high:
        raise ValueError(f"it has {bias.size} biases of {bias.dtype} for {outputs} outputs")
    return bias.ravel().astype(np.int64)


def _one_pair(tensor: Tensor) -> tuple[np.float32, int]:
    scales = tensor.scales
    if tensor.kind != "INT8" or scales is None or len(scales.scale) != 1:
        raise ValueError(f"{tensor.name} is {stored_as(tensor)}, not int8 with one scale")
    zero = int(scales.zero[0])
    if not INT8.low <= zero <= INT8.high:
        raise ValueError(f"{tensor.name} has the zero point {zero}, beyond int8")
    return scales.scale[0], zero


def _clamp(operator: Operator, outputs: int, scale: np.float32, zero: int) -> tuple[Activation, I64, I64]:
    """The least and the greatest that is stored: CalculateActivationRangeQuantized."""
    name = operator.options.get("FusedActivationFunction", "NONE")
    if name not in _ENDS_OF:
        raise ValueError(f"{name} is not computed in integers")
    low, high = _stored_ends(name, scale, zero)
    kind = next((kind for kind in CLIPPING if ENDS[kind] == _ENDS_OF[name]), Activation.LINEAR)
    return kind, np.full(outputs, low), np.full(outputs, high)


def _stored_ends(name: str, scale: np.float32, zero: int) -> tuple[int, int]:
    """The ends of an activation as they are stored."""
    low, high = _ENDS_OF[name]
    least = INT8.low if math.isinf(low) else max(INT8.low, zero + _rounded(low, scale))
    most = INT8.high if math.isinf(high) else min(INT8.high, zero + _rounded(high, scale))
    return least, most


def _rounded(end: float, scale: np.float32) -> int:
    """round() of C of the quotient in float32."""
    return int(math.copysign(math.floor(float(np.float32(abs(end)) / scale) + 0.5), end))


def _activated(layer: IntegerLayer, taken: Tensor, given: Tensor, kind: str) -> IntegerLayer:
    """The layer with an activation behind it. Raises `NotIntegersError`."""
    try:
        (scale_in, zero_in), (scale, zero) = _one_pair(taken), _one_pair(given)
    except ValueError as wrong:
        raise NotIntegersError(str(wrong)) from wrong
    if kind in _CURVES:
        return _curved(layer, (scale_in, zero_in), (scale, zero), kind)
    if (scale_in, zero_in) != (scale, zero):
        raise NotIntegersError(f"{given.name}: {kind} from one scale to another is not computed in integers")
    low, high = _stored_ends(kind, scale, zero)
    low, high = max(low, int(layer.low.max())), min(high, int(layer.high.min()))
    if low > high:
        raise NotIntegersError(f"{given.name}: {kind} leaves one number")
    count = layer.neurons
    return replace(layer, low=np.full(count, low, np.int32), high=np.full(count, high, np.int32))


def _curved(layer: IntegerLayer, taken: Pair, given: Pair, kind: str) -> IntegerLayer:
    """A sigmoid or tanh as the table of all that the layer stores: scaled sums -128 to 127, without the zero."""
    (scale_in, zero_in), (scale, zero) = taken, given
    if layer.table is not None or layer.activation is not Activation.LINEAR:
        raise NotIntegersError(f"{kind} behind another activation is not computed in integers")
    stored = np.clip(np.arange(INT8.low, INT8.high + 1), layer.low.max(), layer.high.min())
    x = (scale_in * (stored - zero_in).astype(np.float32)).astype(np.float64)
    activation = Activation.SIGMOID if kind == "LOGISTIC" else Activation.TANH
    exact = activated(activation, None, x) / float(scale)
    if (np.abs(np.abs(exact - np.trunc(exact)) - 0.5) < _UNSURE).any():
        raise NotIntegersError(f"{kind} has a value halfway between two integers, which float32 may round either way")
    values = np.clip(np.floor(exact + 0.5) + zero, INT8.low, INT8.high).astype(np.int32)
    sums = np.arange(INT8.low, INT8.high + 1) + zero_in
    beyond, end = (values[0], values[zero_in]) if zero_in > 0 else (values[-1], values[zero_in - 1])
    if beyond != end:
        raise NotIntegersError(f"{kind} of values with the zero point {zero_in} needs more than a table of 256")
    table = values[np.clip(sums, INT8.low, INT8.high) - INT8.low]
    ends = np.full(layer.neurons, INT8.low, np.int32), np.full(layer.neurons, INT8.high, np.int32)
    return replace(layer, activation=activation, low=ends[0], high=ends[1], zero=zero, table=table)
