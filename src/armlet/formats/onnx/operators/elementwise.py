"""Arithmetic with constants, sums of two values, and activations."""

from dataclasses import replace
from typing import Literal

import numpy as np

from armlet.errors import InputError
from armlet.formats.onnx.activations import activate, clipped
from armlet.formats.onnx.builder import Builder, in_order, planes_of, settled, shaped
from armlet.formats.onnx.graph import Node
from armlet.formats.onnx.operators.operands import numbers, value_of
from armlet.formats.onnx.tensors import Constant
from armlet.formats.onnx.values import Known, NoCounterpartError, Step, Value
from armlet.network.activation import Activation
from armlet.network.frozen import F64
from armlet.network.layers import Add

_KINDS: dict[str, Literal["add", "sub", "mul", "div"]] = {"Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div"}
_PLAIN = {"Relu": Activation.RELU, "Sigmoid": Activation.SIGMOID, "Tanh": Activation.TANH}


def arithmetic(build: Builder, node: Node, taken: list[Known]) -> Value:
    """Add, Sub, Mul, Div of a value and a constant, which waits; Add of two values is a layer."""
    match taken:
        case [Value() as value, Constant() as constant]:
            return _stepped(node, value, _KINDS[node.operator], constant)
        case [Constant() as constant, Value() as value] if node.operator in ("Add", "Mul"):
            return _stepped(node, value, _KINDS[node.operator], constant)
        case [Constant() as constant, Value() as value] if node.operator == "Sub":
            return _stepped(node, _with(value, "mul", np.array(-1.0)), "add", constant)
        case [Value() as one, Value() as other] if node.operator == "Add":
            return _sum(build, node, one, other)
        case _:
            raise NoCounterpartError("only sums of two values are compiled", f"{node.operator} of two values")


def total(build: Builder, node: Node, taken: list[Known]) -> Value:
    """Sum, of one operand or several."""
    first, *others = taken
    for other in others:
        first = arithmetic(build, replace(node, operator="Add"), [first, other])
    return value_of(node, [first])


def negated(build: Builder, node: Node, taken: list[Known]) -> Value:
    """Neg."""
    return _with(value_of(node, taken), "mul", np.array(-1.0))


def batch_normalization(build: Builder, node: Node, taken: list[Known]) -> Value:
    """The statistics of training become one scale and one shift for each channel."""
    value = value_of(node, taken)
    if node.attributes.get("training_mode", 0):
        raise NoCounterpartError("export the model in evaluation mode", "BatchNormalization in training mode")
    arrays = [numbers(each).astype(np.float64) for each in taken[1:5] if isinstance(each, Constant)]
    channels = value.shape[1] if len(value.shape) > 1 else 0
    if len(arrays) != 4 or any(array.shape != (channels,) for array in arrays):
        raise NoCounterpartError("export the model again", "BatchNormalization without constants for each channel")
    scale, bias, mean, variance = (array.reshape(1, -1, *(1,) * (len(value.shape) - 2)) for array in arrays)
    spread = np.sqrt(variance + float(node.attributes.get("epsilon", 1e-5))) / scale
    build.note(f"{node.name}: BatchNormalization is folded")
    value = _with(value, "sub", mean)
    value = _with(value, "mul", 1 / spread) if (scale == 0).any() else _with(value, "div", spread)
    return _with(value, "add", bias) if bias.any() else value


def scaler(build: Builder, node: Node, taken: list[Known]) -> Value:
    """scikit-learn's scalers: (x - offset) scale."""
    value = value_of(node, taken)
    for name, kind in (("offset", "sub"), ("scale", "mul")):
        said = node.attributes.get(name)
        if said:
            by = np.array(said, np.float64)
            if by.size not in (1, value.shape[-1]):
                raise NoCounterpartError("export the model again", f"Scaler of {by.size} columns")
            value = _with(value, "sub" if kind == "sub" else "mul", by)
    return value


def _with(value: Value, kind: Literal["add", "sub", "mul", "div"], by: F64) -> Value:
    if value.padding is not None:
        raise NoCounterpartError("put the padding into the convolution behind it", "arithmetic on a padded value")
    return replace(value, steps=(*value.steps, Step(kind, by)))


def _stepped(node: Node, value: Value, kind: Literal["add", "sub", "mul", "div"], constant: Constant) -> Value:
    by = numbers(constant).astype(np.float64)
    try:
        shape = np.broadcast_shapes(by.shape, value.shape)
    except ValueError:
        shape = ()
    if int(np.prod(shape)) != value.size or not value.size:
        problem = f"{node.operator} of shapes {value.shape} and {by.shape}"
        raise NoCounterpartError("the constant must spread over the value", problem)
    if by.ndim > len(value.shape):
        value = replace(value, shape=shape)  # extents of one in front; what waits spreads as before
    return _with(value, kind, by)


def _sum(build: Builder, node: Node, one: Value, other: Value) -> Value:
    if one.shape != other.shape:
        problem = f"Add of values of shapes {one.shape} and {other.shape}"
        raise NoCounterpartError("add values of one shape", problem)
    one, other = settled(build, node, one), settled(build, node, other)
    if not _same(one, other):
        one, other = in_order(build, node, one), in_order(build, node, other)
    if build.shapes[one.source] != build.shapes[other.source]:
        shape = planes_of(one.shape)
        one, other = shaped(build, node, one, shape), shaped(build, node, other, shape)
    if build.shapes[one.source] != build.shapes[other.source]:
        raise InputError(node.name, "adds two tensors of different shapes")
    given = build.add(node, Add(), one, other, shape=one.shape)
    return Value(given.source, given.shape, order=one.order)


def _same(one: Value, other: Value) -> bool:
    if one.order is None or other.order is None:
        return one.order is other.order
    return bool((one.order == other.order).all())


def activation(build: Builder, node: Node, taken: list[Known]) -> Value:
    """Relu, Sigmoid, Tanh."""
    return activate(build, node, value_of(node, taken), _PLAIN[node.operator])


def leaky_relu(build: Builder, node: Node, taken: list[Known]) -> Value:
    """LeakyRelu, and PRelu with one slope for all."""
    value = value_of(node, taken)
    slope = float(node.attributes.get("alpha", 0.01))
    if node.operator == "PRelu":
        slopes = numbers(taken[1]).reshape(-1) if len(taken) > 1 and isinstance(taken[1], Constant) else np.zeros(0)
        if not len(slopes) or (slopes != slopes[0]).any():
            raise NoCounterpartError("give all channels one slope", "PRelu with several slopes")
        slope = float(slopes[0])
    if slope == 0:
        return activate(build, node, value, Activation.RELU)
    if slope == 1:
        return value
    if not 0 < np.float32(slope) < 1:
        raise NoCounterpartError("use a slope between 0 and 1", f"{node.operator} with slope {slope:g}")
    return activate(build, node, value, Activation.LEAKY_RELU, slope)


def clip(build: Builder, node: Node, taken: list[Known]) -> Value:
    """Clip, Max and Min with constant bounds."""
    value = next((each for each in taken if isinstance(each, Value)), None)
    if value is None or sum(isinstance(each, Value) for each in taken) != 1:
        raise NoCounterpartError("only bounds that are constant are compiled", f"{node.operator} of two values")
    low, high = -np.inf, np.inf
    if node.operator == "Clip":
        low, high = _bound(node, taken, 1, "min", low), _bound(node, taken, 2, "max", high)
    else:
        bounds = [_only(node, each) for each in taken if isinstance(each, Constant)]
        low, high = (max(bounds), high) if node.operator == "Max" else (low, min(bounds))
    low, high = (end if abs(end) < _BOUNDLESS else np.copysign(np.inf, end) for end in (low, high))
    return clipped(build, node, value, (float(low), float(high)))


def hard_sigmoid(build: Builder, node: Node, taken: list[Known]) -> Value:
    """HardSigmoid: alpha x + beta between 0 and 1."""
    said = node.attributes
    value = _with(value_of(node, taken), "mul", np.array(float(said.get("alpha", 0.2))))
    return clipped(build, node, _with(value, "add", np.array(float(said.get("beta", 0.5)))), (0.0, 1.0))


_BOUNDLESS = float(np.finfo(np.float32).max)


def _bound(node: Node, taken: list[Known], at: int, name: str, default: float) -> float:
    constant = taken[at] if len(taken) > at else None
    return _only(node, constant) if isinstance(constant, Constant) else float(node.attributes.get(name, default))


def _only(node: Node, constant: Constant) -> float:
    values = numbers(constant).reshape(-1)
    if not len(values) or (values != values[0]).any():
        raise NoCounterpartError("give one bound", f"{node.operator} with several bounds")
    return float(values[0])
