"""Conv, pools, and Pad in front of a convolution."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from armlet.formats.onnx.builder import Builder, absorbed, in_order, own_layer, per_channel, planes_of, rounded, shaped
from armlet.formats.onnx.folding import axes_of
from armlet.formats.onnx.graph import Node
from armlet.formats.onnx.operators.operands import numbers
from armlet.formats.onnx.tensors import Constant
from armlet.formats.onnx.values import Known, NoCounterpartError, Value, line_of
from armlet.network.activation import Activation
from armlet.network.frozen import F64
from armlet.network.layers import Conv, Depthwise, Pair, Pool, Sides
from armlet.network.shapes import Shape

_NONE: Sides = (0, 0, 0, 0)


def conv(build: Builder, node: Node, taken: list[Known]) -> Value:
    """A convolution of one or two dimensions with constant weights."""
    value, weight = taken[0], taken[1] if len(taken) > 1 else None
    bias = taken[2] if len(taken) > 2 else None
    if not isinstance(value, Value) or not isinstance(weight, Constant) or not isinstance(bias, Constant | None):
        raise NoCounterpartError("only convolutions with constant weights are compiled", "Conv of several values")
    kernel, planes = numbers(weight), require_planes(node, value)
    if kernel.ndim != len(value.shape) or 0 in kernel.shape:
        raise NoCounterpartError("export the model again", f"Conv with weights of shape {kernel.shape}")
    kernel = kernel if kernel.ndim == 4 else kernel[:, :, None, :]
    groups = int(node.attributes.get("group", 1))
    if groups < 1 or len(kernel) % groups or kernel.shape[1] * groups != planes[0]:
        problem = f"Conv of {planes[0]} channels with weights of shape {kernel.shape} in {groups} groups"
        raise NoCounterpartError("export the model again", problem)
    stride, dilation = pair_of(node, "strides"), pair_of(node, "dilations")
    reach = (kernel.shape[2] - 1) * dilation[0] + 1, (kernel.shape[3] - 1) * dilation[1] + 1
    padding = padding_of(node, planes, reach, stride)
    if value.padding is not None:
        top, left, bottom, right = value.padding
        padding = padding[0] + top, padding[1] + left, padding[2] + bottom, padding[3] + right
        planes = planes[0], planes[1] - top - bottom, planes[2] - left - right
    shift = np.zeros(len(kernel)) if bias is None else numbers(bias).astype(np.float64).reshape(-1)
    value, kernel, shift = _folded_in(build, node, value, kernel.astype(np.float64), shift, groups, padding)
    value = shaped(build, node, value, planes)
    is_deep = build.kinds.get(node.name, "depthwise" if groups > 1 else "conv") == "depthwise"
    if is_deep and kernel.shape[1] == 1 and len(kernel) == groups:
        layer = Depthwise(rounded(kernel[:, 0]), rounded(shift), Activation.LINEAR, 0.01, stride, padding, dilation)
    else:
        layer = Conv(rounded(kernel), rounded(shift), Activation.LINEAR, 0.01, stride, padding, dilation, groups)
    return added(build, node, layer, value, weight.stored)


def added(build: Builder, node: Node, layer: Conv | Depthwise | Pool, value: Value, stored: str = "float32") -> Value:
    """The planes that a new layer of windows gives."""
    dimensions = len(value.shape)
    bare = Value(value.source, value.shape, is_shared=value.is_shared)
    given = build.add(node, layer, bare, shape=value.shape, stored=stored)
    channels, height, width = build.shapes[-1]
    shape = (1, channels, height, width) if dimensions == 4 else (1, channels, width)
    return Value(given.source, shape)


def require_planes(node: Node, value: Value) -> Shape:
    """The network's shape of a value of planes or of a signal in time."""
    if len(value.shape) not in (3, 4) or value.shape[0] != 1:
        raise NoCounterpartError("only signals and planes are compiled", f"{node.operator} of shape {value.shape}")
    return planes_of(value.shape)


def _folded_in(
    build: Builder, node: Node, value: Value, kernel: F64, bias: F64, groups: int, padding: Sides
) -> tuple[Value, F64, F64]:
    """What waits beside the value put into the layer before or into kernel and bias."""
    if value.padding is not None:  # nothing else waits then
        return value, kernel, bias
    value = absorbed(build, value)
    if value.order is not None:
        return in_order(build, node, value), kernel, bias
    if not value.steps:
        return value, kernel, bias
    channels = planes_of(value.shape)[0]
    scale, shift = (per_channel(each, channels) for each in line_of(value, build.allowance))
    if scale is None or shift is None or (shift.any() and padding != _NONE):
        return own_layer(build, node, value), kernel, bias
    build.note(f"{node.name}: the arithmetic with constants in front of it is folded into it")
    each = len(kernel) // groups
    of = np.arange(channels).reshape(groups, -1).repeat(each, axis=0)  # the channels that each output takes
    bias = bias + np.einsum("oihw,oi->o", kernel, shift[of])
    return Value(value.source, value.shape, is_shared=value.is_shared), kernel * scale[of][:, :, None, None], bias


def pair_of(node: Node, name: str) -> Pair:
    """Down and across; a signal in time has one number."""
    said = node.attributes.get(name)
    match said:
        case None:
            return 1, 1
        case (across,):
            return 1, int(across)
        case (down, across):
            return int(down), int(across)
        case _:
            raise NoCounterpartError("only signals and planes are compiled", f"{node.operator} with {name} {said}")


def padding_of(node: Node, planes: Shape, reach: Pair, stride: Pair) -> Sides:
    """Zeros at the top, left, bottom, right."""
    how = node.attributes.get("auto_pad", "NOTSET")
    if how in ("SAME_UPPER", "SAME_LOWER"):
        if min(stride) < 1:
            raise NoCounterpartError("export the model again", f"{node.operator} with strides {stride}")
        sides: list[Pair] = []
        for extent, size, step in zip(planes[1:], reach, stride):
            total = max((math.ceil(extent / step) - 1) * step + size - extent, 0)
            less, more = total // 2, total - total // 2
            sides.append((less, more) if how == "SAME_UPPER" else (more, less))
        return sides[0][0], sides[1][0], sides[0][1], sides[1][1]
    return _NONE if how == "VALID" else _sides(node, node.attributes.get("pads") or (0, 0, 0, 0))


def _sides(node: Node, pads: Any) -> Sides:
    match tuple(map(int, pads)):
        case (before, after):
            return 0, before, 0, after
        case (top, left, bottom, right):
            return top, left, bottom, right
        case _:
            raise NoCounterpartError("only signals and planes are compiled", f"{node.operator} with pads {pads}")


def pad(build: Builder, node: Node, taken: list[Known]) -> Value:
    """Zeros around planes wait for the convolution behind them."""
    value = taken[0]
    pads = node.attributes.get("pads")
    if pads is None and len(taken) > 1 and isinstance(taken[1], Constant):
        pads = taken[1].values.reshape(-1).tolist()
    fill = taken[2] if len(taken) > 2 else node.attributes.get("value", 0.0)
    fill = float(numbers(fill).reshape(-1)[0]) if isinstance(fill, Constant) and fill.values.size else fill
    axes = axes_of(node, taken[3].values if len(taken) > 3 and isinstance(taken[3], Constant) else None)
    if not isinstance(value, Value) or pads is None:
        raise NoCounterpartError("give constant pads")
    if node.attributes.get("mode", "constant") != "constant" or fill not in (0, None):
        raise NoCounterpartError("pad with zeros", "Pad with something else than zeros")
    count = len(value.shape)
    around = np.zeros((2, count), np.int64)
    axes = [*range(count)] if axes is None else [axis % count for axis in axes]
    around[:, axes] = np.reshape(pads, (2, -1))
    if not around.any():
        return value
    if len(value.shape) not in (3, 4) or around[:, :2].any() or (around < 0).any():
        raise NoCounterpartError("pad planes only, by at least 0", f"Pad of shape {value.shape} by {[*pads]}"[:80])
    sides = _sides(node, around[:, 2:].reshape(-1))
    value = in_order(build, node, value)
    shape = tuple(int(extent) for extent in np.array(value.shape) + around.sum(0))
    return replace(value, shape=shape, padding=sides)
