"""Clamps and curves of int8 values: fused into a layer, or operators of their own behind one."""

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from armlet.formats.tflite.draft import IntegerDraft, UnsupportedError, stored_as
from armlet.formats.tflite.parse import Operator, Tensor
from armlet.integer.formats import INT8
from armlet.integer.layers import IntegerConv, IntegerDense, body_of
from armlet.network.activation import Activation, activated
from armlet.network.clips import CLIPPING, ENDS, Ends

CURVES = ("LOGISTIC", "TANH")
_ENDS_OF: Mapping[str, Ends] = MappingProxyType(  # between which an activation clips, in real numbers
    {
        "NONE": (-math.inf, math.inf),
        "RELU": ENDS[Activation.RELU],
        "RELU6": ENDS[Activation.RELU6],
        "RELU_N1_TO_1": (-1.0, 1.0),
        "RELU_0_TO_1": (0.0, 1.0),
    }
)
CLAMPS = tuple(name for name in _ENDS_OF if name != "NONE")
_UNSURE = 5e-5  # of an integer: how far float32's exponential may lie from the exact one

Pair: TypeAlias = tuple[np.float32, int]  # scale and zero


def one_pair(tensor: Tensor) -> Pair:
    """Scale and zero of a tensor that has one of each. Raises `ValueError`."""
    scales = tensor.scales
    if tensor.kind != "INT8" or scales is None or len(scales.scale) != 1:
        raise ValueError(f"{tensor.name} is {stored_as(tensor)}, not int8 with one scale")
    zero = int(scales.zero[0])
    if not INT8.low <= zero <= INT8.high:
        raise ValueError(f"{tensor.name} has the zero point {zero}, beyond int8")
    return scales.scale[0], zero


def fused_clamp(operator: Operator, scale: np.float32, zero: int) -> tuple[Activation, int, int]:
    """The least and the greatest that is stored: CalculateActivationRangeQuantized. Raises `ValueError`."""
    name = operator.options.get("FusedActivationFunction", "NONE")
    if name not in _ENDS_OF:
        raise ValueError(f"{name} is not computed in integers")
    kind = next((kind for kind in CLIPPING if ENDS[kind] == _ENDS_OF[name]), Activation.LINEAR)
    return kind, *_stored_ends(name, scale, zero)


def own_activation(draft: IntegerDraft, operator: Operator) -> None:
    """Into the layer before, where nobody else takes its values."""
    taken = draft.row(operator)
    layer = draft.layers[taken.number - 1] if taken.number else None
    body = body_of(layer) if layer is not None else None
    if layer is None or body is None or not taken.alone:
        raise UnsupportedError("of something else than a layer's sums is not computed in integers", "")
    before, after = (one_pair(draft.file.tensors[number]) for number in (operator.inputs[0], operator.outputs[0]))
    if operator.kind in CURVES:
        body = _curved(body, before, after, operator.kind)
    else:
        body = _clamped(body, before, after, operator.kind)
    draft.layers[taken.number - 1] = replace(layer, body=body) if isinstance(layer, IntegerConv) else body
    told = draft.told[taken.number - 1]
    draft.told[taken.number - 1] = replace(told, operator=f"{told.operator} + {operator.kind}")
    draft.pass_on(operator, replace(taken, dims=draft.dims(operator.outputs[0])))


def _stored_ends(name: str, scale: np.float32, zero: int) -> tuple[int, int]:
    """The ends of an activation as they are stored."""
    low, high = _ENDS_OF[name]
    least = INT8.low if math.isinf(low) else max(INT8.low, zero + _rounded(low, scale))
    most = INT8.high if math.isinf(high) else min(INT8.high, zero + _rounded(high, scale))
    return least, most


def _rounded(end: float, scale: np.float32) -> int:
    """round() of C of the quotient in float32."""
    return int(math.copysign(math.floor(float(np.float32(abs(end)) / scale) + 0.5), end))


def _clamped(layer: IntegerDense, taken: Pair, given: Pair, kind: str) -> IntegerDense:
    if taken != given:
        raise UnsupportedError("from one scale to another is not computed in integers", "")
    low, high = _stored_ends(kind, *given)
    low, high = max(low, int(layer.low.max())), min(high, int(layer.high.min()))
    if low > high:
        raise UnsupportedError("leaves one number", "")
    count = layer.neurons
    return replace(layer, low=np.full(count, low, np.int32), high=np.full(count, high, np.int32))


def _curved(layer: IntegerDense, taken: Pair, given: Pair, kind: str) -> IntegerDense:
    """A sigmoid or tanh as the table of all that the layer stores: scaled sums -128 to 127, without the zero."""
    (scale_in, zero_in), (scale, zero) = taken, given
    if layer.table is not None or layer.activation is not Activation.LINEAR:
        raise UnsupportedError("behind another activation is not computed in integers", "")
    stored = np.clip(np.arange(INT8.low, INT8.high + 1), layer.low.max(), layer.high.min())
    with np.errstate(over="ignore"):  # an infinity has its limit
        x = (scale_in * (stored - zero_in).astype(np.float32)).astype(np.float64)
    activation = Activation.SIGMOID if kind == "LOGISTIC" else Activation.TANH
    exact = activated(activation, None, x) / float(scale)
    if (np.abs(np.abs(exact - np.trunc(exact)) - 0.5) < _UNSURE).any():
        raise UnsupportedError("has a value halfway between two integers, which float32 may round either way", "")
    values = np.clip(np.floor(exact + 0.5) + zero, INT8.low, INT8.high).astype(np.int32)
    sums = np.arange(INT8.low, INT8.high + 1) + zero_in
    beyond, end = (values[0], values[zero_in]) if zero_in > 0 else (values[-1], values[zero_in - 1])
    if beyond != end:
        raise UnsupportedError(f"of values with the zero point {zero_in} needs more than a table of 256", "")
    table = values[np.clip(sums, INT8.low, INT8.high) - INT8.low]
    ends = np.full(layer.neurons, INT8.low, np.int32), np.full(layer.neurons, INT8.high, np.int32)
    return replace(layer, activation=activation, low=ends[0], high=ends[1], zero=zero, table=table)
