"""The nodes of a graph, one after the other, into the layers of a network."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from armlet.errors import InputError
from armlet.formats.model import Obstacle
from armlet.formats.onnx.builder import Builder, absorbed, in_order
from armlet.formats.onnx.folding import folded
from armlet.formats.onnx.graph import Graph, Node, without_the_idle
from armlet.formats.onnx.operators.table import ELSE, HINTS, OPERATORS
from armlet.formats.onnx.operators.tail import BEHIND
from armlet.formats.onnx.tensors import Constant
from armlet.formats.onnx.values import Known, NoCounterpartError, Tail, Value

# What attributes and operands of kinds and counts that an operator does not have come to.
_MALFORMED = (ValueError, TypeError, LookupError, OverflowError, ZeroDivisionError)


@dataclass(frozen=True, slots=True, eq=False)
class Walked:
    """What became of the nodes."""

    outputs: Value | None  # where all of them are read
    is_scores: bool
    obstacles: tuple[Obstacle, ...]


def walk(path: Path, graph: Graph, build: Builder) -> Walked:
    """Read every node that the outputs need. Raises `InputError` that names the node."""
    nodes = without_the_idle(graph, graph.outputs)
    takers = Counter(name for node in nodes for name in node.inputs)
    known: dict[str, Known] = {**graph.constants, graph.inputs[0].name: Value(0, build.input_shape)}
    obstacles: list[Obstacle] = []
    for node in nodes:
        taken = [_taken(known, name, takers) for name in node.inputs]
        try:
            with np.errstate(all="ignore"):  # what is not finite, a layer refuses
                given = _given(build, node, taken)
                given = _before_it_splits(build, given, takers[node.outputs[0]])
        except NoCounterpartError as none:
            obstacles.append(Obstacle(node.name, none.operator or node.operator, none.hint))
            given = None
        except InputError as wrong:
            raise InputError(f"{path}: {node.name}", f"{wrong.source} {wrong.problem}", wrong.hint) from wrong
        except _MALFORMED as wrong:
            raise InputError(f"{path}: {node.name}", f"is {node.operator}, and broken", "export it again") from wrong
        at = range(len(node.outputs)) if isinstance(given, Tail) else [0]
        known |= {name: given if i in at else None for i, name in enumerate(node.outputs) if name}
    try:
        with np.errstate(all="ignore"):
            return _ended(build, graph, known, obstacles)
    except InputError as wrong:
        raise InputError(f"{path}: the output", f"{wrong.source} {wrong.problem}", wrong.hint) from wrong


def _taken(known: Mapping[str, Known], name: str, takers: Counter[str]) -> Known:
    value = known.get(name)
    return replace(value, is_shared=True) if isinstance(value, Value) and takers[name] > 1 else value


def _given(build: Builder, node: Node, taken: list[Known]) -> Known:
    """What a node gives; None where it takes what another gives that is an obstacle."""
    present = [each for each, name in zip(taken, node.inputs) if name]
    if node.operator not in OPERATORS and any(isinstance(each, Value | None) for each in present):
        raise NoCounterpartError(HINTS.get(node.operator, ELSE))
    if all(isinstance(each, Constant) for each in present):
        constants = [each if isinstance(each, Constant) else None for each in taken]
        return folded(node, constants, build.opset, build.allowance)
    if tails := [each for each in present if isinstance(each, Tail)]:
        others = [each for each in present if isinstance(each, Value)]
        if node.operator in BEHIND and not others:
            return tails[0]
        raise NoCounterpartError("it may stand at the end only", f"{node.operator} behind a Softmax or ArgMax")
    if any(each is None for each in present):
        return None
    return OPERATORS[node.operator](build, node, taken)


def _before_it_splits(build: Builder, given: Known, takers: int) -> Known:
    """A value that several take has its arithmetic put into the layer before while nothing else takes that."""
    return absorbed(build, given) if isinstance(given, Value) and takers > 1 and given.steps else given


def _ended(build: Builder, graph: Graph, known: Mapping[str, Known], obstacles: list[Obstacle]) -> Walked:
    """The one value that all outputs of the file come from."""
    ends = [known.get(name) for name in graph.outputs]
    if obstacles:
        return Walked(None, False, tuple(obstacles))
    values = [end.of if isinstance(end, Tail) else end for end in ends]
    end = Node(graph.outputs[0], "the output", (), (), {})
    first = values[0]
    if not isinstance(first, Value):
        return _refused(end, "an output that does not depend on the input", "export the model again")
    if any(not isinstance(value, Value) or value.source != first.source for value in values):
        return _refused(end, f"one of {len(values)} outputs that differ", "export the model with one output")
    is_tail = any(isinstance(each, Tail) for each in ends)
    if not is_tail and any(value.steps is not first.steps for value in values if isinstance(value, Value)):
        return _refused(end, f"one of {len(values)} outputs that differ", "export the model with one output")
    is_scores = any(isinstance(each, Tail) and each.is_scores for each in ends)
    if is_scores:
        build.note("what follows the scores (softmax, the largest, labels) is left out: the outputs are the scores")
    try:
        first = in_order(build, end, min((v for v in values if isinstance(v, Value)), key=lambda v: len(v.steps)))
    except NoCounterpartError as none:
        return _refused(end, none.operator, none.hint)
    return Walked(first, is_scores, ())


def _refused(node: Node, operator: str, hint: str) -> Walked:
    return Walked(None, False, (Obstacle(node.name, operator, hint),))
