"""What operators take: values that the network computes, and numbers that the file knows."""

from typing import Any

from numpy.typing import NDArray

from armlet.formats.onnx.graph import Node
from armlet.formats.onnx.tensors import Constant
from armlet.formats.onnx.values import Known, NoCounterpartError, Value


def numbers(constant: Constant) -> NDArray[Any]:
    """The values of a constant that takes part in arithmetic. Raises `NoCounterpartError`."""
    if constant.values.dtype.kind not in "biuf":
        raise NoCounterpartError("use float32", "arithmetic with text")
    return constant.values


def value_of(node: Node, taken: list[Known]) -> Value:
    """The first operand, which the network computes. Raises `NoCounterpartError`."""
    if not taken or not isinstance(taken[0], Value):
        raise NoCounterpartError("export the model again", f"{node.operator} of no value")
    return taken[0]
