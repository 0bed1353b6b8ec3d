"""The bytes of an ONNX file to its graph as plain values: nodes, constants, inputs and outputs, bounded and checked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError

from armlet.errors import InputError
from armlet.formats.onnx.bounds import has_few_parts
from armlet.formats.onnx.tensors import Constant, Storage, constant_of, text
from armlet.storage import read_file

LONGEST = 1 << 27  # bytes of a file; ten million float32 weights take 40 MB
OLDEST, NEWEST = 7, 99  # opsets: before 7 arithmetic had other rules of broadcasting
_MOST_NODES = 10_000
_DEFAULT = ("", "ai.onnx")  # names of the domain of ONNX's own operators
_BROKEN = (DecodeError, ValueError, TypeError, LookupError, OverflowError, RecursionError, MemoryError)
_BROKEN = (*_BROKEN, AttributeError, RuntimeError, AssertionError)  # a parser's answers to broken bytes


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One operator. `attributes` are numbers, text, lists of these, and constants; graphs are None."""

    name: str
    operator: str  # with its domain in front where that is not ONNX's own
    inputs: tuple[str, ...]  # empty where an optional one is left out
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GraphInput:
    """An input of the graph: extents where the file gives numbers, names of extents otherwise."""

    name: str
    extents: tuple[int | str, ...] | None  # None where the file says nothing


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """What an ONNX file holds."""

    opset: int
    producer: str
    nodes: tuple[Node, ...]
    constants: Mapping[str, Constant]
    inputs: tuple[GraphInput, ...]
    outputs: tuple[str, ...]
    metadata: Mapping[str, str]


def read_graph(path: Path) -> Graph:
    """The graph in an ONNX file, its weights read from beside it where they lie in its folder. Raises `InputError`."""
    data = read_file(path, LONGEST)
    try:
        if not has_few_parts(data):
            raise InputError(path, "has more parts than armlet reads", "export the network alone")
        return _graph(path, onnx.load_model_from_string(data))
    except InputError:
        raise
    except _BROKEN as broken:
        raise InputError(path, "is not a readable ONNX file", "export the model again") from broken


def _graph(path: Path, model: onnx.ModelProto) -> Graph:
    graph = model.graph
    opset = next((int(entry.version) for entry in model.opset_import if entry.domain in _DEFAULT), 0)
    if not OLDEST <= opset <= NEWEST:
        problem = f"has opset {opset}, armlet reads {OLDEST} and later" if opset else "names no opset of ONNX"
        raise InputError(path, problem, "export it with opset 13 or later")
    if len(graph.node) > _MOST_NODES:
        raise InputError(path, f"has {len(graph.node)} nodes, armlet reads up to {_MOST_NODES}")
    if graph.sparse_initializer:
        raise InputError(path, "keeps weights as sparse tensors", "write them as plain tensors; zeros are found anyway")
    storage = Storage(path)
    constants = {text(tensor.name): constant_of(tensor, storage) for tensor in graph.initializer}
    inputs = tuple(_input(value) for value in graph.input if value.name not in constants)
    return Graph(
        opset,
        " ".join(filter(None, map(text, (model.producer_name, model.producer_version))))[:80],
        tuple(_node(at, node, storage) for at, node in enumerate(graph.node)),
        constants,
        inputs,
        tuple(text(value.name) for value in graph.output),
        {text(entry.key): text(entry.value) for entry in model.metadata_props},
    )


def _input(value: onnx.ValueInfoProto) -> GraphInput:
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        return GraphInput(text(value.name), None)
    extents = kind.shape.dim
    return GraphInput(
        text(value.name), tuple(int(e.dim_value) if e.dim_value > 0 else text(e.dim_param)[:40] or "?" for e in extents)
    )


def _node(at: int, node: onnx.NodeProto, storage: Storage) -> Node:
    operator, domain = text(node.op_type), text(node.domain)
    operator = operator if domain in _DEFAULT else f"{domain}.{operator}"
    return Node(
        text(node.name)[:80] or f"node {at}",
        operator[:80],
        tuple(map(text, node.input)),
        tuple(map(text, node.output)),
        {text(attribute.name): _attribute(attribute, storage) for attribute in node.attribute},
    )


def _attribute(attribute: onnx.AttributeProto, storage: Storage) -> Any:
    kinds = onnx.AttributeProto
    match attribute.type:
        case kinds.FLOAT:
            return attribute.f
        case kinds.INT:
            return attribute.i
        case kinds.STRING:
            return attribute.s.decode(errors="replace")
        case kinds.TENSOR:
            return constant_of(attribute.t, storage)
        case kinds.FLOATS:
            return tuple(attribute.floats)
        case kinds.INTS:
            return tuple(attribute.ints)
        case _:
            return None  # text and graphs decide nothing that is read


def without_the_idle(graph: Graph, kept: Iterable[str]) -> tuple[Node, ...]:
    """The nodes that the values `kept` need, in the file's order, which is that of computing."""
    wanted, live = {*kept}, list[Node]()
    for node in reversed(graph.nodes):
        if any(name in wanted for name in node.outputs if name):
            live.append(node)
            wanted.update(node.inputs)
    return tuple(reversed(live))
