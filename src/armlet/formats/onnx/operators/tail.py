"""What stands behind the outputs: Softmax, the largest score, labels. It is left out, the outputs are the scores."""

import math

from armlet.formats.onnx.builder import Builder
from armlet.formats.onnx.graph import Node
from armlet.formats.onnx.values import Known, NoCounterpartError, Tail, Value, line_of

BEHIND = {  # operators that may follow in it
    *("Softmax", "LogSoftmax", "ArgMax", "TopK", "Cast", "Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze"),
    *("ai.onnx.ml.ZipMap", "ai.onnx.ml.LabelEncoder", "ai.onnx.ml.ArrayFeatureExtractor", "ai.onnx.ml.Binarizer"),
    *(
        "QuantizeLinear",
        "DequantizeLinear",
        "ai.onnx.ml.CastMap",
        "ai.onnx.ml.Normalizer",
        "Gather",
        "Concat",
        "Sub",
        "Greater",
        "Less",
        "Where",
        "Not",
        "ReduceMax",
        "Equal",
    ),
}


def largest(build: Builder, node: Node, taken: list[Known]) -> Tail:
    """Softmax, LogSoftmax, ArgMax, TopK over all outputs."""
    value = taken[0] if taken else None
    if not isinstance(value, Value) or value.padding is not None:
        raise NoCounterpartError("export the model again", f"{node.operator} of no value")
    axis = int(node.attributes.get("axis", 0 if node.operator == "ArgMax" else 1 if build.opset < 13 else -1))
    if not -len(value.shape) <= axis < len(value.shape):
        raise NoCounterpartError("export the model again", f"{node.operator} along axis {axis}")
    axis %= len(value.shape)
    is_old = build.opset < 13 and "oft" in node.operator
    over = math.prod(value.shape[axis:]) if is_old else value.shape[axis]
    if over != value.size:
        raise NoCounterpartError("only one over all outputs is left out", f"{node.operator} of parts of the values")
    return Tail(value, True)


def labelled(build: Builder, node: Node, taken: list[Known]) -> Tail:
    """Labels by the sign or the size of outputs."""
    if not taken or not isinstance(taken[0], Value):
        raise NoCounterpartError("export the model again", f"{node.operator} of no value")
    build.note(f"{node.name}: {node.operator} is left out, the outputs are what it compares")
    return Tail(taken[0], False)


def both_shares(build: Builder, node: Node, taken: list[Known]) -> Tail:
    """Concat of 1 - p and p: two classes out of one output."""
    values = [each for each in taken if isinstance(each, Value)]
    plain = [value for value in values if not value.steps]
    others = [value for value in values if value.steps]
    if len(values) != len(taken) or len(plain) != 1 or len(others) != 1 or not _is_rest(build, plain[0], others[0]):
        raise NoCounterpartError("networks that join values are not compiled", "Concat of values")
    if plain[0].size == 1:
        build.note(f"{node.name}: the two shares are left out, the output is that of the second class")
    else:
        build.note(f"{node.name}: what each share leaves of one is left out, the outputs are the shares")
    return Tail(plain[0], False)


def _is_rest(build: Builder, one: Value, other: Value) -> bool:
    """Whether the other is 1 - one."""
    if (one.source, one.shape) != (other.source, other.shape) or (one.order is None) != (other.order is None):
        return False
    scale, shift = line_of(other, build.allowance)
    return bool((scale == -1).all() and (shift == 1).all())
