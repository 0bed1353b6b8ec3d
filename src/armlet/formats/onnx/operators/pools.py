"""The pools."""

import numpy as np

from armlet.formats.onnx.builder import Builder, in_order, shaped
from armlet.formats.onnx.folding import axes_of
from armlet.formats.onnx.graph import Node
from armlet.formats.onnx.operators.operands import value_of
from armlet.formats.onnx.operators.windows import added, padding_of, pair_of, require_planes
from armlet.formats.onnx.tensors import Constant
from armlet.formats.onnx.values import Known, NoCounterpartError, Value
from armlet.network.activation import Activation
from armlet.network.layers import Depthwise, Pair, Pool, Reduction, Sides
from armlet.network.shapes import Shape

_REDUCTIONS = {"Max": Reduction.MAX, "Average": Reduction.AVERAGE, "Mean": Reduction.AVERAGE}


def pool(build: Builder, node: Node, taken: list[Known]) -> Value:
    """MaxPool and AveragePool."""
    value = value_of(node, taken)
    planes = require_planes(node, value)
    size, stride = pair_of(node, "kernel_shape"), pair_of(node, "strides")
    if pair_of(node, "dilations") != (1, 1):
        raise NoCounterpartError("use windows without gaps", f"{node.operator} with dilations")
    padding = padding_of(node, planes, size, stride)
    if node.attributes.get("ceil_mode", 0) and _rounds_up(planes, size, stride, padding):
        raise NoCounterpartError("export it with ceil_mode = 0", f"{node.operator} with windows that hang over the end")
    value = shaped(build, node, in_order(build, node, value), planes)
    reduction = _REDUCTIONS[node.operator.removesuffix("Pool")]
    if reduction is Reduction.AVERAGE and any(padding) and node.attributes.get("count_include_pad", 0):
        build.note(f"{node.name}: an average that counts its padding becomes a depthwise convolution")
        weight = np.full((planes[0], *size), 1 / (size[0] * size[1]), np.float32)
        zeros = np.zeros(planes[0], np.float32)
        return added(build, node, Depthwise(weight, zeros, Activation.LINEAR, 0.01, stride, padding), value)
    return added(build, node, Pool(reduction, size, stride, padding), value)


def global_pool(build: Builder, node: Node, taken: list[Known]) -> Value:
    """GlobalMaxPool and GlobalAveragePool."""
    value = value_of(node, taken)
    planes = require_planes(node, value)
    reduction = _REDUCTIONS[node.operator.removeprefix("Global").removesuffix("Pool")]
    return added(build, node, Pool(reduction), shaped(build, node, in_order(build, node, value), planes))


def reduced(build: Builder, node: Node, taken: list[Known]) -> Value:
    """ReduceMean and ReduceMax over whole planes."""
    value = value_of(node, taken)
    planes = require_planes(node, value)
    axes = axes_of(node, taken[1].values if len(taken) > 1 and isinstance(taken[1], Constant) else None)
    count = len(value.shape)
    if sorted(axis % count for axis in axes or ()) != [*range(2, count)]:
        raise NoCounterpartError("reduce whole planes", f"{node.operator} over axes {axes}")
    reduction = _REDUCTIONS[node.operator.removeprefix("Reduce")]
    given = added(build, node, Pool(reduction), shaped(build, node, in_order(build, node, value), planes))
    return given if node.attributes.get("keepdims", 1) else Value(given.source, given.shape[:2])


def _rounds_up(planes: Shape, size: Pair, stride: Pair, padding: Sides) -> bool:
    """Whether a last window would lie in part beyond the end."""
    _, height, width = planes
    height, width = height + padding[0] + padding[2], width + padding[1] + padding[3]
    return bool((height - size[0]) % max(stride[0], 1) or (width - size[1]) % max(stride[1], 1))
