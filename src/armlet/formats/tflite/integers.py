"""A chain of fully connected layers in int8 as a network in integers, exact to what LiteRT's reference kernels give."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from armlet.errors import InputError
from armlet.formats.model import ModelLayer
from armlet.formats.tflite.draft import stored_as
from armlet.formats.tflite.parse import Operator, Tensor, TfliteFile
from armlet.formats.tflite.scaling import exact_multiplier
from armlet.integer.formats import I64, INT8, INT32
from armlet.integer.layers import IntegerDense
from armlet.network.activation import Activation

_RENAMES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
_ENDS = ("SOFTMAX", "ARG_MAX", "DEQUANTIZE")
_ACTIVATIONS = {"NONE": Activation.LINEAR, "RELU": Activation.RELU, "RELU6": Activation.RELU6}
_TOP = 6.0  # of RELU6


class NotIntegersError(Exception):
    """Why a file is not a network in integers that armlet has, in words."""


@dataclass(frozen=True, slots=True, eq=False)
class IntegerChain:
    """The layers, how what they take and give is stored, and what was left out."""

    layers: tuple[IntegerDense, ...]
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
    layers, told, notes = list[IntegerDense](), list[ModelLayer](), list[str]()
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
        if not (begins or ends or kind in _RENAMES or (kind == "FULLY_CONNECTED" and not ended)):
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


def _layer(file: TfliteFile, operator: Operator) -> IntegerDense:
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
    return IntegerDense(weight.astype(np.int16), bias.astype(np.int32), by, activation, INT8, *ends, zero)


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
    if name not in _ACTIVATIONS:
        raise ValueError(f"{name} is not computed in integers")
    low, high = INT8.low, INT8.high
    if name != "NONE":
        low = max(low, zero)
    if name == "RELU6":
        high = min(high, zero + math.floor(float(np.float32(_TOP) / scale) + 0.5))
    return _ACTIVATIONS[name], np.full(outputs, low), np.full(outputs, high)
