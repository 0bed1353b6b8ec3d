"""Gemm and MatMul with constant weights: dense layers."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.formats.onnx.builder import Builder, absorbed, columns, rounded
from armlet.formats.onnx.graph import Node
from armlet.formats.onnx.operators.operands import numbers, value_of
from armlet.formats.onnx.tensors import Constant
from armlet.formats.onnx.values import Known, NoCounterpartError, Step, Tail, Value
from armlet.network.activation import Activation
from armlet.network.frozen import F64
from armlet.network.layers import Dense
from armlet.network.shapes import Shape


def matmul(build: Builder, node: Node, taken: list[Known]) -> Value:
    """A value times constant weights, from either side."""
    left, right = _two(node, taken)
    if isinstance(left, Value) and isinstance(right, Constant):
        weight = numbers(right)
        if weight.ndim < 2 or math.prod(weight.shape[:-2]) != 1:
            raise NoCounterpartError("give one matrix of weights", f"MatMul with weights of shape {weight.shape}")
        weight = weight.reshape(weight.shape[-2], weight.shape[-1])
        _require_row(node, left, left.shape[-1:], len(weight))
        return _dense(build, node, left, weight.T, (*left.shape[:-1], weight.shape[1]), right.stored)
    if isinstance(left, Constant) and isinstance(right, Value):
        weight = numbers(left)
        side = right.shape if len(right.shape) == 1 else right.shape[-2:-1]
        if weight.ndim != 2:
            raise NoCounterpartError("give one matrix of weights", f"MatMul with weights of shape {weight.shape}")
        _require_row(node, right, side, weight.shape[1])
        shape = (len(weight),) if len(right.shape) == 1 else (*right.shape[:-2], len(weight), right.shape[-1])
        return _dense(build, node, right, weight, shape, left.stored)
    raise NoCounterpartError("only products with constant weights are compiled", "a product of two values")


def gemm(build: Builder, node: Node, taken: list[Known]) -> Value:
    """alpha A B + beta C, with A or B constant, and C constant or left out."""
    said = node.attributes
    left, right = _two(node, taken)
    bias = taken[2] if len(taken) > 2 else None
    if isinstance(left, Value) == isinstance(right, Value) or isinstance(bias, Value):
        raise NoCounterpartError("only products with constant weights are compiled", "Gemm of several values")
    sides = [_turned(left, said.get("transA", 0)), _turned(right, said.get("transB", 0))]
    value = next(side for side in sides if isinstance(side, Value))
    constant = next(side for side in sides if isinstance(side, Constant))
    is_left = sides[0] is value
    weight = numbers(constant).T if is_left else numbers(constant)
    if len(value.shape) != 2 or weight.ndim != 2:
        raise NoCounterpartError("put Flatten in front of it", f"Gemm of shape {value.shape}")
    _require_row(node, value, value.shape[1:] if is_left else value.shape[:1], weight.shape[1])
    if (alpha := float(said.get("alpha", 1.0))) != 1.0:
        weight = weight.astype(np.float64) * alpha
    shape = (1, len(weight)) if is_left else (len(weight), 1)
    more = _bias(bias, shape, float(said.get("beta", 1.0)))
    return _dense(build, node, value, weight, shape, constant.stored, more)


def linear_model(build: Builder, node: Node, taken: list[Known]) -> Value | Tail:
    """scikit-learn's linear models: LinearRegressor, and LinearClassifier, which gives labels and scores."""
    value, said = value_of(node, taken), node.attributes
    coefficients = np.array(said.get("coefficients", ()), np.float64)
    is_classifier = node.operator.endswith("Classifier")
    rows = len(coefficients) // max(value.size, 1)
    if not rows or rows * value.size != len(coefficients) or value.size != value.shape[-1]:
        raise NoCounterpartError("export the model again", f"{node.operator} of {len(coefficients)} coefficients")
    keep_the_order = ("NONE", "LOGISTIC", "SOFTMAX") if is_classifier else ("NONE",)
    if said.get("post_transform", "NONE") not in keep_the_order:
        raise NoCounterpartError("leave it out", f"{node.operator} with {said['post_transform']}"[:80])
    bias = np.array(said.get("intercepts") or [0.0] * rows, np.float64)
    if bias.shape != (rows,):
        raise NoCounterpartError("export the model again", f"{node.operator} of {len(bias)} intercepts")
    weight = coefficients.reshape(rows, -1).astype(np.float32)
    given = _dense(build, node, value, weight, (1, rows), "float32", bias)
    if is_classifier and rows == 1:
        build.note(f"{node.name}: the labels are left out, the output is the score of the second class")
    return Tail(given, rows > 1) if is_classifier else given


def _bias(bias: Known, shape: Shape, beta: float) -> F64 | None:
    if not isinstance(bias, Constant) or beta == 0:
        return None
    values = numbers(bias).astype(np.float64)
    try:
        return np.broadcast_to(values, shape).reshape(-1) * beta
    except ValueError:
        raise NoCounterpartError("export the model again", f"Gemm with a bias of shape {values.shape}") from None


def _two(node: Node, taken: list[Known]) -> tuple[Value | Constant, Value | Constant]:
    """The two operands."""
    if len(taken) < 2 or not isinstance(taken[0], Value | Constant) or not isinstance(taken[1], Value | Constant):
        raise NoCounterpartError("export the model again", f"{node.operator} without two operands")
    return taken[0], taken[1]


def _turned(side: Value | Constant, turn: int) -> Value | Constant:
    """The transposed operand; a value is one row or one column, and keeps its elements' order."""
    if not turn:
        return side
    if isinstance(side, Constant):
        return Constant(numbers(side).T, side.stored)
    if len(side.shape) != 2 or 1 not in side.shape:
        raise NoCounterpartError("transpose the weights instead", "Gemm that transposes a value")
    steps = tuple(Step(step.kind, np.transpose(np.broadcast_to(step.by, side.shape))) for step in side.steps)
    return replace(side, shape=side.shape[::-1], steps=steps)


def _require_row(node: Node, value: Value, side: Shape, wanted: int) -> None:
    """Raises `NoCounterpartError` where the value is more than one row of as many elements as the weights take."""
    if value.size != math.prod(side):
        raise NoCounterpartError("flatten it, or use a convolution", f"{node.operator} of several rows")
    if value.size != wanted:
        raise NoCounterpartError("export the model again", f"{node.operator} of {value.size} values, it takes {wanted}")


def _dense(
    build: Builder, node: Node, value: Value, weight: NDArray[Any], shape: Shape, stored: str, bias: F64 | None = None
) -> Value:
    if 0 in weight.shape:
        raise NoCounterpartError("export the model again", f"{node.operator} without weights")
    if value.padding is not None:
        raise NoCounterpartError("put the padding into a convolution", f"{node.operator} of a padded value")
    if stored == "float64":
        build.note("weights in float64 are rounded to float32")
    value = absorbed(build, value)
    if value.steps:
        build.note(f"{node.name}: the arithmetic with constants in front of it is folded into it")
    given = np.zeros(len(weight)) if bias is None else bias
    on_source, shifted = columns(build, value, weight.astype(np.float64), given)
    layer = Dense(rounded(on_source), rounded(shifted), Activation.LINEAR)
    bare = Value(value.source, value.shape, is_shared=value.is_shared)
    return build.add(node, layer, bare, shape=shape, stored=stored)
