"""Operators that move or rename values: Reshape, Flatten, Transpose, casts."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from armlet.formats.onnx.builder import Builder, in_order
from armlet.formats.onnx.folding import axes_of, new_shape, squeezed, unsqueezed
from armlet.formats.onnx.graph import Node
from armlet.formats.onnx.operators.operands import value_of
from armlet.formats.onnx.tensors import Constant
from armlet.formats.onnx.values import Known, NoCounterpartError, Step, Value, reshaped
from armlet.network.layers import Reshape
from armlet.network.shapes import Shape

_FLOATS = (1, 10, 11, 16)  # float32, float16, float64, bfloat16


def reshape(build: Builder, node: Node, taken: list[Known]) -> Value:
    """Reshape to constant extents."""
    value = value_of(node, taken)
    if len(taken) < 2 or not isinstance(taken[1], Constant):
        raise NoCounterpartError("give a constant shape", "Reshape to a shape that is computed")
    wanted = [int(extent) for extent in taken[1].values.reshape(-1)]
    if build.pinned > 1 and wanted[:1] == [build.pinned]:
        wanted[0] = 1
    return _kept(build, node, value, _attempt(node, value, new_shape, value.shape, wanted, _allow_zero(node)))


def _allow_zero(node: Node) -> bool:
    return bool(node.attributes.get("allowzero", 0))


def flatten(build: Builder, node: Node, taken: list[Known]) -> Value:
    """Flatten."""
    value = value_of(node, taken)
    axis = int(node.attributes.get("axis", 1))
    before = math.prod(value.shape[:axis])
    return _kept(build, node, value, (before, value.size // max(before, 1)))


def squeeze(build: Builder, node: Node, taken: list[Known]) -> Value:
    """Squeeze and Unsqueeze."""
    value = value_of(node, taken)
    axes = axes_of(node, taken[1].values if len(taken) > 1 and isinstance(taken[1], Constant) else None)
    if node.operator == "Squeeze":
        shape = _attempt(node, value, squeezed, value.shape, axes)
    else:
        shape = _attempt(node, value, unsqueezed, value.shape, axes or [])
    return _kept(build, node, value, shape)


def _attempt(node: Node, value: Value, work: Callable[..., Shape], *arguments: object) -> Shape:
    try:
        return work(*arguments)
    except (ValueError, IndexError, ZeroDivisionError):
        problem = f"{node.operator} of shape {value.shape}, which it is not for"
        raise NoCounterpartError("export the model again", problem) from None


def _kept(build: Builder, node: Node, value: Value, shape: Shape) -> Value:
    """The value in another shape; where armlet wrote the node as a layer, it is one."""
    if value.padding is not None:
        raise NoCounterpartError("put the padding into the convolution behind it", f"{node.operator} of a padded value")
    value = reshaped(value, shape, build.allowance)
    if build.kinds.get(node.name) != "reshape":
        return value
    value = in_order(build, node, value)
    layer = Reshape(None if node.operator == "Flatten" else shape[1:])
    return build.add(node, layer, value, shape=shape)


def transpose(build: Builder, node: Node, taken: list[Known]) -> Value:
    """Transpose: where elements lie is remembered until weights take them."""
    value = value_of(node, taken)
    count = len(value.shape)
    axes = [int(axis) for axis in node.attributes.get("perm") or range(count)[::-1]]
    if sorted(axes) != [*range(count)] or value.padding is not None:
        raise NoCounterpartError("export the model again", f"Transpose of shape {value.shape} by {axes}"[:80])
    shape = tuple(value.shape[axis] for axis in axes)
    long = [axis for axis in axes if value.shape[axis] > 1]
    if long == sorted(long):  # only axes of one element move
        return reshaped(value, shape, build.allowance)
    build.allowance.spend(value.size * (len(value.steps) + 2))
    steps = tuple(Step(s.kind, np.transpose(np.broadcast_to(s.by, value.shape), axes)) for s in value.steps)
    order = np.arange(value.size) if value.order is None else value.order
    order = np.transpose(order.reshape(value.shape), axes).reshape(-1)
    if (order == np.arange(value.size)).all():
        return replace(value, shape=shape, steps=steps, order=None)
    if value.source == 0:
        if build.may_turn_input(value, axes):
            return build.turn_input(replace(value, shape=shape, steps=steps), value.shape)
        hint = "export it with channels first (tf2onnx --inputs-as-nchw), and give the inputs in that order"
        raise NoCounterpartError(hint, "Transpose of the network's input")
    return replace(value, shape=shape, steps=steps, order=order)


def passed(build: Builder, node: Node, taken: list[Known]) -> Value:
    """Identity, Dropout, and casts between kinds of real numbers."""
    value = value_of(node, taken)
    if node.operator == "Cast" and node.attributes.get("to") not in _FLOATS:
        raise NoCounterpartError("compute in float32", "Cast of a value to integers")
    if node.operator == "Dropout":
        build.note(f"{node.name}: Dropout is left out")
    return value


def shape_of(build: Builder, node: Node, taken: list[Known]) -> Constant:
    """Shape: constant, with the batch pinned to one."""
    value = value_of(node, taken)
    start, end = node.attributes.get("start", 0), node.attributes.get("end", len(value.shape))
    return Constant(np.array(value.shape[start:end], np.int64), "int64")
