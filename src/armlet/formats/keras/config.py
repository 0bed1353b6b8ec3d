"""The config of a Keras model to its layers, in the order of computing, and what each of them takes.

Sequential and functional models, of Keras 3 and of Keras 2. A layer's own options stay as they
are: options.py reads them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from armlet.errors import InputError
from armlet.network.shapes import LARGEST
from armlet.storage import parse_json

_HINT = "save it again with model.save, as a Sequential or functional model"
_MOST = 1000  # layers
_DEEPEST = 8  # lists within lists
_WRAPPERS = ("Sequential", "Functional", "Model")


class _Entry(msgspec.Struct, frozen=True):
    """A layer, or the model itself, as the config has it."""

    class_name: str
    config: dict[str, Any] | list[Any]
    module: str | None = None
    registered_name: str | None = None
    name: str | None = None
    inbound_nodes: list[Any] = []
    build_input_shape: Any = None


@dataclass(frozen=True, slots=True)
class KerasLayer:
    """One layer: what it is, its options, and the names of the layers whose values it takes."""

    name: str
    kind: str  # its class: Dense
    options: Mapping[str, Any]
    takes: tuple[str, ...]
    ordinal: int  # among the model's layers of its class, from 0: by it .keras files name weights
    foreign: str = ""  # why it is not Keras's own, in words


@dataclass(frozen=True, slots=True)
class KerasGraph:
    """A model of one input and one output."""

    layers: tuple[KerasLayer, ...]  # each after what it takes; the first is the input
    shape: tuple[int, ...]  # of the input, without the batch
    output: str  # the layer that gives the outputs
    users: Mapping[str, int]  # how many take what a layer gives; the output counts

    def has(self, *kinds: str) -> bool:
        return any(layer.kind in kinds for layer in self.layers)


def parse_config(source: Path, data: bytes) -> KerasGraph:
    """The layers of a model. Raises `InputError`."""
    model = parse_json(source, data, _Entry, "a config of Keras", _HINT)
    if model.class_name not in _WRAPPERS:
        problem = f"is a model of the class {model.class_name[:60]}, which only its code can build"
        raise InputError(source, problem, _HINT)
    options = model.config if isinstance(model.config, dict) else {"layers": model.config}
    try:
        entries = msgspec.convert(options.get("layers"), list[_Entry])
    except msgspec.ValidationError as wrong:
        raise InputError(source, f"has no list of layers: {wrong}", _HINT) from wrong
    if not 0 < len(entries) <= _MOST:
        raise InputError(source, f"has {len(entries)} layers, armlet reads up to {_MOST}")
    if model.class_name == "Sequential":
        layers, output = _sequential(source, entries, options)
    else:
        layers = _functional(source, entries)
        output = _end(source, options.get("output_layers"), "outputs")
        _end(source, options.get("input_layers"), "inputs")
    return _graph(source, layers, output)


def _sequential(source: Path, entries: list[_Entry], options: Mapping[str, Any]) -> tuple[list[KerasLayer], str]:
    """A chain; its input has no layer of its own where only the first one's options tell its shape."""
    layers, before, ordinals = list[KerasLayer](), "", Counter[str]()
    if entries[0].class_name != "InputLayer":
        first = entries[0].config if isinstance(entries[0].config, dict) else {}
        shape = first.get("batch_input_shape") or first.get("batch_shape") or options.get("build_input_shape")
        layers.append(KerasLayer("input", "InputLayer", {"batch_shape": shape}, (), 0))
        before = "input"
    for i, entry in enumerate(entries):
        layers.append(_layer(entry, i, (before,) if before else (), ordinals))
        before = layers[-1].name
    return layers, before


def _functional(source: Path, entries: list[_Entry]) -> list[KerasLayer]:
    """In the order of computing."""
    ordinals, waiting = Counter[str](), list[KerasLayer]()
    for i, entry in enumerate(entries):
        takes, has_more = _tensors(entry.inbound_nodes)
        layer = _layer(entry, i, takes, ordinals)
        if len(entry.inbound_nodes) > 1:
            layer = replace(layer, foreign="a layer that is used more than once")
        elif has_more:
            layer = replace(layer, foreign="a layer that takes more than the first values of others")
        waiting.append(layer)
    done, ordered = set[str](), list[KerasLayer]()
    while waiting:
        ready = [layer for layer in waiting if done.issuperset(layer.takes)]
        if not ready:
            raise InputError(source, f"has the layer {waiting[0].name[:60]!r}, which takes what no layer gives", _HINT)
        ordered += ready
        done |= {layer.name for layer in ready}
        waiting = [layer for layer in waiting if layer.name not in done]
    return ordered


def _layer(entry: _Entry, at: int, takes: tuple[str, ...], ordinals: Counter[str]) -> KerasLayer:
    options = entry.config if isinstance(entry.config, dict) else {}
    name = entry.name or options.get("name")
    named = str(name or f"layer {at}")
    if (entry.module or "").startswith("keras.src.ops"):  # a function in place of a layer: x + y
        kind = entry.class_name if entry.class_name == "Add" else f"ops.{entry.class_name}"
        return KerasLayer(named, kind, options, takes, 0)
    foreign, ordinal = "", ordinals[entry.class_name]
    if entry.class_name in _WRAPPERS:
        foreign = "a model inside the model"
    elif entry.registered_name is not None or not (entry.module or "keras").startswith("keras"):
        foreign = "a layer of somebody's own code"
    elif entry.class_name == "Lambda":
        foreign = "Python code in a layer"
    ordinals[entry.class_name] += 1
    return KerasLayer(named, entry.class_name, options, takes, ordinal, foreign)


def _tensors(nodes: list[Any]) -> tuple[tuple[str, ...], bool]:
    """The layers whose values an entry takes, and whether it takes something else too.

    As Keras 3 has them, or as Keras 2 has: [[["dense", 0, 0, {}]]].
    """
    found, has_more = list[str](), False
    for node in nodes[:1]:
        for tensor in _leaves(node.get("args", []) if isinstance(node, dict) else node):
            config = tensor.get("config") if isinstance(tensor, dict) else None
            history = config.get("keras_history") if isinstance(config, dict) else tensor
            if isinstance(history, list) and len(history) >= 3 and isinstance(history[0], str):
                found.append(history[0])
                has_more = has_more or history[1:3] != [0, 0]
            else:
                has_more = True
    return tuple(found), has_more


def _leaves(held: Any, depth: int = 0) -> Iterator[Any]:
    """Tensors in lists of lists; in Keras 2 a tensor is a list that begins with a name."""
    if isinstance(held, list) and not (held and isinstance(held[0], str)) and depth < _DEEPEST:
        for inner in held:
            yield from _leaves(inner, depth + 1)
    else:
        yield held


def _end(source: Path, said: Any, what: str) -> str:
    """The one layer that takes the inputs, or gives the outputs."""
    found = [*_leaves(said)] if isinstance(said, list) else []
    if len(found) != 1 or not isinstance(found[0], list) or not isinstance(found[0][0], str):
        raise InputError(source, f"has not one layer of {what}", f"save a model of one tensor of {what}")
    return found[0][0]


def _graph(source: Path, layers: list[KerasLayer], output: str) -> KerasGraph:
    names, inputs = Counter(layer.name for layer in layers), [layer for layer in layers if layer.kind == "InputLayer"]
    if twice := [name for name, count in names.items() if count > 1]:
        raise InputError(source, f"has two layers of the name {twice[0][:60]!r}", _HINT)
    if output not in names or len(inputs) != 1 or layers[0] is not inputs[0]:
        raise InputError(source, "has not one input, or not the output that it says", "save a model of one input")
    options = inputs[0].options
    shape = options.get("batch_shape") or options.get("batch_input_shape")
    extents = shape[1:] if isinstance(shape, list) else []
    if not 1 <= len(extents) <= 3 or not all(type(extent) is int and 0 < extent <= LARGEST for extent in extents):
        problem = f"takes inputs of the shape {shape}"[:120]
        raise InputError(source, problem, "save a model whose inputs have one, two or three fixed extents")
    users = Counter(name for layer in layers for name in layer.takes)
    users[output] += 1
    return KerasGraph(tuple(layers), tuple(extents), output, users)
