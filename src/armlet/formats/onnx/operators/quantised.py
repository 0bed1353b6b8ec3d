"""QuantizeLinear and DequantizeLinear of values: the network is read in real numbers.

A value that is quantised is rounded and clipped to what its integers hold. Tools that quantise take a ReLU out where
the clipping does its work: integers that begin at the number 0. So that end is read, and ReLU6 where the other is 6.
"""

import math

import numpy as np

from armlet.formats.onnx.activations import clipped
from armlet.formats.onnx.builder import Builder
from armlet.formats.onnx.graph import Node
from armlet.formats.onnx.operators.operands import numbers, value_of
from armlet.formats.onnx.tensors import Constant
from armlet.formats.onnx.values import Known, NoCounterpartError, Value
from armlet.network.activation import Activation
from armlet.network.clips import ENDS, Ends

_NEAR = 1e-5  # of 6, as scales are rounded to float32
_LEFT_OUT = "QuantizeLinear and DequantizeLinear of values are left out: real numbers, neither rounded nor clipped"


def quantised(build: Builder, node: Node, taken: list[Known]) -> Value:
    """QuantizeLinear: nothing, or the ReLU that it stands for."""
    value, (low, high) = value_of(node, taken), _ends(node, taken)
    build.note(_LEFT_OUT)
    if low != 0:
        return value
    if value.source == 0:
        build.note(f"{node.name}: inputs below 0 are taken as they are, the file takes them as 0")
        return value
    build.note("integers that begin at 0 are a ReLU, which tools that quantise take out, and to 6 a ReLU6")
    is_six = math.isclose(high, ENDS[Activation.RELU6][1], rel_tol=_NEAR)
    return clipped(build, node, value, ENDS[Activation.RELU6 if is_six else Activation.RELU])


def dequantised(build: Builder, node: Node, taken: list[Known]) -> Value:
    """DequantizeLinear of a value: nothing."""
    return value_of(node, taken)


def _ends(node: Node, taken: list[Known]) -> Ends:
    """Between which numbers all values lie that are stored; infinite where that is not one pair."""
    scale = taken[1] if len(taken) > 1 else None
    zero = taken[2] if len(taken) > 2 else Constant(np.zeros(1, np.uint8), "uint8")
    if not isinstance(scale, Constant) or not isinstance(zero, Constant):
        raise NoCounterpartError("give scales that are constant", f"{node.operator} with a scale that is computed")
    scales, zeros = numbers(scale).reshape(-1), numbers(zero).reshape(-1)
    if zeros.dtype.kind not in "iu" or len(scales) != 1 or len(zeros) != 1 or not scales[0] > 0:
        return -math.inf, math.inf
    stored = np.iinfo(zeros.dtype)
    low, high = ((end - int(zeros[0])) * float(scales[0]) for end in (stored.min, stored.max))
    return low, high
