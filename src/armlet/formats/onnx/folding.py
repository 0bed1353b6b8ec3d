"""Constants worked out while the file is read: shapes, axes and weights that operators make of other constants."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from armlet.formats.onnx.graph import Node
from armlet.formats.onnx.tensors import Constant
from armlet.formats.onnx.values import Allowance, NoCounterpartError
from armlet.network.shapes import LARGEST_WEIGHT

Array = NDArray[Any]
_BROKEN = (ValueError, TypeError, LookupError, OverflowError, MemoryError, ZeroDivisionError, AttributeError)


def folded(node: Node, taken: list[Constant | None], opset: int, allowance: Allowance) -> Constant:
    """What a node makes of constants. Raises `NoCounterpartError` where it is not worked out, or cannot be."""
    work = _WORKED_OUT.get(node.operator)
    if work is None:
        raise NoCounterpartError("fold it before the export", f"{node.operator} of constants")
    arrays = [None if each is None else each.values for each in taken]
    allowance.spend(1 + sum(array.size for array in arrays if array is not None))
    try:
        values = np.asarray(work(node, arrays, opset, allowance))
    except _BROKEN as broken:
        problem = f"{node.operator} of constants that it is not for"
        raise NoCounterpartError("export the model again", problem) from broken
    if values.dtype.kind not in "biuf" or values.size > LARGEST_WEIGHT or values.ndim > 8:
        raise NoCounterpartError("use float32", f"{node.operator} that gives no numbers that armlet reads")
    return Constant(values, _stored(node, taken, values))


def _stored(node: Node, taken: list[Constant | None], values: Array) -> str:
    first = taken[0] if taken else None
    if node.operator == "DequantizeLinear" and first is not None:
        scale = taken[1].values if taken[1] is not None else np.zeros(1)
        return f"{first.stored}, {'a scale for each channel' if scale.size > 1 else 'one scale'}"
    return first.stored if first is not None and values.dtype.kind == "f" else str(values.dtype)


def _pairwise(of: Callable[..., Array]) -> Callable[..., Array]:
    def work(node: Node, arrays: list[Array], opset: int, allowance: Allowance) -> Array:
        allowance.spend(math.prod(np.broadcast_shapes(*(array.shape for array in arrays))))
        result = arrays[0]
        for array in arrays[1:]:
            result = of(result, array)
        return result

    return work


def _single(of: Callable[[Array], Array]) -> Callable[..., Array]:
    return lambda node, arrays, opset, allowance: of(arrays[0])


def _divide(a: Array, b: Array) -> Array:
    return np.fix(a / b).astype(a.dtype) if a.dtype.kind in "iu" else a / b


def _cast(node: Node, arrays: list[Array], *_: Any) -> Array:
    return arrays[0].astype(onnx.helper.tensor_dtype_to_np_dtype(node.attributes["to"]))


def _constant(node: Node, *_: Any) -> Array:
    said = node.attributes
    if isinstance(tensor := said.get("value"), Constant):
        return tensor.values
    for name, kind in (("float", np.float32), ("floats", np.float32), ("int", np.int64), ("ints", np.int64)):
        if f"value_{name}" in said:
            return np.array(said[f"value_{name}"], kind)
    raise ValueError


def _filled(node: Node, arrays: list[Array], opset: int, allowance: Allowance) -> Array:
    shape = tuple(map(int, arrays[0]))
    tensor = node.attributes.get("value")
    value = tensor.values.reshape(-1)[0] if isinstance(tensor, Constant) else np.float32(0)
    _room(shape, allowance)
    return np.full(shape, value)


def _room(shape: tuple[int, ...], allowance: Allowance) -> None:
    if min(shape, default=0) < 0:
        raise ValueError
    allowance.spend(math.prod(shape))


def _expanded(node: Node, arrays: list[Array], opset: int, allowance: Allowance) -> Array:
    shape = np.broadcast_shapes(arrays[0].shape, tuple(map(int, arrays[1])))
    _room(shape, allowance)
    return np.broadcast_to(arrays[0], shape)


def _reshape(node: Node, arrays: list[Array], *_: Any) -> Array:
    return arrays[0].reshape(new_shape(arrays[0].shape, [*map(int, arrays[1])], bool(node.attributes.get("allowzero"))))


def new_shape(shape: tuple[int, ...], wanted: list[int], zero_is_zero: bool = False) -> tuple[int, ...]:
    """The extents that Reshape asks for: 0 copies one, -1 is what is left. Raises `ValueError`."""
    extents = [shape[i] if each == 0 and not zero_is_zero else each for i, each in enumerate(wanted)]
    if extents.count(-1) == 1:
        known, count = math.prod(each for each in extents if each != -1), math.prod(shape)
        if known == 0 or count % known:
            raise ValueError
        extents[extents.index(-1)] = count // known
    if len(extents) > 8 or min(extents, default=0) < 0 or math.prod(extents) != math.prod(shape):
        raise ValueError
    return tuple(extents)


def axes_of(node: Node, array: Array | None) -> list[int] | None:
    """The axes of an operator: an attribute in older opsets, an input in newer ones."""
    said = node.attributes.get("axes")
    if said is not None:
        return [*map(int, said)]
    return None if array is None else [*map(int, array.reshape(-1))]


def squeezed(shape: tuple[int, ...], axes: list[int] | None) -> tuple[int, ...]:
    """The shape without axes of one element. Raises `ValueError`."""
    gone = (
        [i for i, extent in enumerate(shape) if extent == 1] if axes is None else [axis % len(shape) for axis in axes]
    )
    if any(shape[axis] != 1 for axis in gone):
        raise ValueError
    return tuple(extent for i, extent in enumerate(shape) if i not in gone)


def unsqueezed(shape: tuple[int, ...], axes: list[int]) -> tuple[int, ...]:
    """The shape with axes of one element more. Raises `ValueError`."""
    count = len(shape) + len(axes)
    new = {axis % count for axis in axes}
    if len(new) != len(axes) or count > 8:
        raise ValueError
    extents = iter(shape)
    return tuple(1 if i in new else next(extents) for i in range(count))


def _squeeze(node: Node, arrays: list[Array], *_: Any) -> Array:
    return arrays[0].reshape(squeezed(arrays[0].shape, axes_of(node, arrays[1] if len(arrays) > 1 else None)))


def _unsqueeze(node: Node, arrays: list[Array], *_: Any) -> Array:
    return arrays[0].reshape(unsqueezed(arrays[0].shape, axes_of(node, arrays[1] if len(arrays) > 1 else None) or []))


def _flatten(node: Node, arrays: list[Array], *_: Any) -> Array:
    axis = int(node.attributes.get("axis", 1))
    return arrays[0].reshape(math.prod(arrays[0].shape[:axis]), -1)


def _slice(node: Node, arrays: list[Array], *_: Any) -> Array:
    if len(arrays) > 2:
        starts, ends = arrays[1].tolist(), arrays[2].tolist()
        axes = arrays[3].tolist() if len(arrays) > 3 and arrays[3] is not None else [*range(len(starts))]
        steps = arrays[4].tolist() if len(arrays) > 4 else [1] * len(starts)
    else:
        starts, ends = node.attributes["starts"], node.attributes["ends"]
        axes, steps = node.attributes.get("axes", range(len(starts))), [1] * len(starts)
    cut = [slice(None)] * arrays[0].ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        cut[axis] = slice(start, None if step < 0 and end < -arrays[0].shape[axis] else end, step)
    return arrays[0][tuple(cut)]


def _gather(node: Node, arrays: list[Array], opset: int, allowance: Allowance) -> Array:
    axis = int(node.attributes.get("axis", 0))
    allowance.spend(arrays[1].size * arrays[0].size // max(arrays[0].shape[axis], 1))
    return np.take(arrays[0], arrays[1], axis)


def _matmul(node: Node, arrays: list[Array], opset: int, allowance: Allowance) -> Array:
    allowance.spend(math.prod(arrays[0].shape) * arrays[1].shape[-1])
    return arrays[0] @ arrays[1]


def _along(node: Node, scale: Array, values: Array) -> tuple[int, ...]:
    """The shape in which one scale for each channel spreads over the values."""
    if scale.size == 1:
        return (1,) * values.ndim
    axis = int(node.attributes.get("axis", 1)) % values.ndim
    return tuple(-1 if i == axis else 1 for i in range(values.ndim))


def _dequantized(node: Node, arrays: list[Array], *_: Any) -> Array:
    values, scale = arrays[0], arrays[1]
    if node.attributes.get("block_size"):
        raise ValueError
    shape = _along(node, scale, values)
    zero = arrays[2].astype(np.int64).reshape(shape) if len(arrays) > 2 else 0
    return ((values.astype(np.int64) - zero) * scale.astype(np.float64).reshape(shape)).astype(np.float32)


def _quantized(node: Node, arrays: list[Array], *_: Any) -> Array:
    values, scale = arrays[0], arrays[1]
    if node.attributes.get("block_size"):
        raise ValueError
    shape = _along(node, scale, values)
    zero = arrays[2] if len(arrays) > 2 else np.zeros(scale.shape, np.uint8)
    info = np.iinfo(zero.dtype)
    steps = np.rint(values / scale.reshape(shape)) + zero.astype(np.int64).reshape(shape)
    return np.clip(steps, info.min, info.max).astype(zero.dtype)


_WORKED_OUT: Mapping[str, Callable[..., Array]] = {
    "Add": _pairwise(np.add),
    "Sub": _pairwise(np.subtract),
    "Mul": _pairwise(np.multiply),
    "Div": _pairwise(_divide),
    "Pow": _pairwise(np.power),
    "Max": _pairwise(np.maximum),
    "Min": _pairwise(np.minimum),
    "Neg": _single(np.negative),
    "Abs": _single(np.abs),
    "Sqrt": _single(np.sqrt),
    "Exp": _single(np.exp),
    "Log": _single(np.log),
    "Reciprocal": _single(np.reciprocal),
    "Floor": _single(np.floor),
    "Ceil": _single(np.ceil),
    "Identity": _single(lambda array: array),
    "Dropout": _single(lambda array: array),
    "Shape": _single(lambda array: np.array(array.shape, np.int64)),
    "Transpose": lambda node, arrays, *_: np.transpose(arrays[0], node.attributes.get("perm")),
    "Concat": lambda node, arrays, *_: np.concatenate(arrays, node.attributes["axis"]),
    "Cast": _cast,
    "Constant": _constant,
    "ConstantOfShape": _filled,
    "Expand": _expanded,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Flatten": _flatten,
    "Slice": _slice,
    "Gather": _gather,
    "MatMul": _matmul,
    "DequantizeLinear": _dequantized,
    "QuantizeLinear": _quantized,
}
