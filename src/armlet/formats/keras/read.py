"""A model of Keras to a network: each layer in turn, and all of those that have no counterpart named at once."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from armlet.errors import InputError
from armlet.formats.arrays import open_archive
from armlet.formats.declaration import WORDS, Declaration
from armlet.formats.keras import rows, windows
from armlet.formats.keras.activations import activation_of
from armlet.formats.keras.build import Builder
from armlet.formats.keras.config import KerasGraph, KerasLayer, parse_config
from armlet.formats.keras.context import Context
from armlet.formats.keras.hdf5.process import open_hdf5
from armlet.formats.keras.value import UnreadError, Value
from armlet.formats.keras.weights import Weights
from armlet.formats.model import Model, Obstacle, told_as_turned
from armlet.network.domain import Origin, domain_of
from armlet.network.layers import extents
from armlet.network.network import Network, natural_shape
from armlet.network.outputs import OutputKind
from armlet.storage import read_up_to

_LONGEST_CONFIG = 8 << 20  # bytes
_LONGEST_WEIGHTS = 1 << 30
_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"

_Read = Callable[[KerasLayer, Value, Context], Value]
_TABLE: Mapping[str, _Read] = {
    "Dense": rows.dense,
    "Flatten": rows.flatten,
    "Reshape": rows.reshape,
    "BatchNormalization": rows.batch_normalization,
    "Normalization": rows.normalization,
    "Rescaling": rows.rescaling,
    **dict.fromkeys(("Activation", "ReLU", "LeakyReLU", "Softmax"), rows.activation),
    **dict.fromkeys(("Conv1D", "Conv2D", "DepthwiseConv1D", "DepthwiseConv2D"), windows.convolution),
    **dict.fromkeys(("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D"), windows.pool),
    **dict.fromkeys(("GlobalMaxPooling1D", "GlobalMaxPooling2D"), windows.global_pool),
    **dict.fromkeys(("GlobalAveragePooling1D", "GlobalAveragePooling2D"), windows.global_pool),
    **dict.fromkeys(("ZeroPadding1D", "ZeroPadding2D"), windows.zeros_around),
}
_OF_TRAINING = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "AlphaDropout", "GaussianDropout", "GaussianNoise")
_OF_TRAINING += ("ActivityRegularization", "Identity", "RandomFlip", "RandomRotation", "RandomZoom", "RandomContrast")
_OF_TRAINING += ("RandomTranslation", "RandomBrightness")


def read_keras(path: Path, declare: Declaration) -> Model:
    """The network of a .keras file. Raises `InputError`."""
    config, weights = _members(path)
    graph = parse_config(path, config)
    with open_hdf5(path, weights) as file:
        return _model(path, graph, Weights(path, file), declare)


def _members(path: Path) -> tuple[bytes, bytes]:
    """The config and the weights in a .keras file."""
    with open_archive(path, ".keras archive", "model.save", "Keras") as archive:
        names = [member.filename for member in archive.infolist()]
        if missing := [name for name in (_CONFIG, _WEIGHTS) if names.count(name) != 1]:
            raise InputError(path, f"holds {names.count(missing[0])} of {missing[0]}", "save it again with model.save")
        found = list[bytes]()
        for name, most in ((_CONFIG, _LONGEST_CONFIG), (_WEIGHTS, _LONGEST_WEIGHTS)):
            with archive.open(name) as file:
                found.append(bytes(read_up_to(file, most + 1)))
            if len(found[-1]) > most:
                raise InputError(path, f"holds {name} of more than {most} bytes")
        return found[0], found[1]


def _model(path: Path, graph: KerasGraph, weights: Weights, declare: Declaration) -> Model:
    builder = Builder()
    context = Context(graph, weights, builder)
    _require_undeclared(path, declare)
    with np.errstate(all="ignore"):  # what leaves float32 is refused by the layer
        values, obstacles = _walk(path, context)
        end = values.get(graph.output)
        if end is not None:
            try:
                end = _outputs(end, context)
            except UnreadError as unread:
                obstacles.append(Obstacle(graph.output, unread.operator, unread.hint))
        if obstacles or end is None:
            return Model("Keras", None, (), tuple(builder.notes), tuple(obstacles))
        network = _network(path, values[graph.layers[0].name], context, declare)
    return Model("Keras", network, tuple(builder.told), tuple(builder.notes))


def _require_undeclared(path: Path, declare: Declaration) -> None:
    for word in ("activation", "slope", "layers", "layout"):
        if getattr(declare, word) is not None:
            raise InputError("--declare", f"says {word}, and {path} says it itself", "leave it out")


def _walk(path: Path, context: Context) -> tuple[dict[str, Value], list[Obstacle]]:
    """What each layer gives that could be read, and those that could not."""
    graph, values, obstacles, idle = context.graph, dict[str, Value](), list[Obstacle](), list[str]()
    for layer in graph.layers:
        try:
            if layer.kind == "InputLayer":
                value = _input(context)
            else:
                value = _read(layer, [values.get(name) for name in layer.takes], context)
        except UnreadError as unread:
            obstacles.append(Obstacle(layer.name, unread.operator, unread.hint))
            continue
        except InputError as wrong:
            if wrong.source.startswith(str(path)):
                raise
            said = wrong.problem if wrong.source == layer.name else f"{wrong.source} {wrong.problem}"
            raise InputError(f"{path}: {layer.name[:60]}", said, wrong.hint) from wrong
        if layer.kind in _OF_TRAINING:
            idle.append(layer.name)
        if value is not None:
            values[layer.name] = replace(value, is_shared=value.is_shared or graph.users[layer.name] > 1)
    if idle:
        context.builder.notes.append(f"{', '.join(idle)[:200]}: left out, of training alone")
    return values, obstacles


def _input(context: Context) -> Value:
    """The model's input: planes, where some layer has windows over them."""
    shape = context.graph.shape
    value = Value(0, shape, context.is_planar(len(shape)))
    if value.is_planes and shape[-1] > 1:
        context.builder.note(told_as_turned(shape))
    return value


def _read(layer: KerasLayer, taken: list[Value | None], context: Context) -> Value | None:
    """What a layer gives; None where what it takes could not be read. Raises `UnreadError`."""
    hint = "build the model of layers that docs/models.md names, or export it as ONNX"
    if layer.foreign:
        raise UnreadError(f"{layer.kind[:40]}, {layer.foreign}", hint)
    if layer.kind != "Add" and layer.kind not in _TABLE and layer.kind not in _OF_TRAINING:
        raise UnreadError(f"a {layer.kind[:40]} layer", hint)
    if len(taken) != (2 if layer.kind == "Add" else 1):
        raise UnreadError(f"{layer.kind} of {len(taken)} values", "add two at a time")
    known = [value for value in taken if value is not None]
    if len(known) < len(taken):
        activation_of(layer.options.get("activation"))  # so that it is named as well
        return None
    if layer.kind == "Add":
        return rows.add(layer, known[0], known[1], context)
    return known[0] if layer.kind in _OF_TRAINING else _TABLE[layer.kind](layer, known[0], context)


def _outputs(value: Value, context: Context) -> Value:
    """The value at the end with nothing left to fold, in an order that can be told."""
    value = context.builder.in_order(value, context.graph.output, "outputs")
    if value.is_planes and value.size not in (value.shape[-1], value.size // value.shape[-1]):
        context.builder.notes.append(f"outputs stand channels first: {extents(value.planes)}")
    return value


def _network(path: Path, taken: Value, context: Context, declare: Declaration) -> Network:
    """The network of what was built, with its inputs' domain."""
    builder, shape = context.builder, _shape(path, taken, declare)
    for word in ("mean", "std"):
        if builder.mean is not None and getattr(declare, word) is not None:
            raise InputError("--declare", f"says {word}, and {path} normalises its inputs itself", "leave it out")
    for word in WORDS:
        if np.size(getattr(declare, word)) not in (1, taken.size):
            problem = f"has {np.size(getattr(declare, word))} values for {taken.size} inputs"
            raise InputError(f"--declare: {word}", problem, "give one, or one for each input")
    said = Declaration(mean=builder.mean, std=builder.std)
    output = declare.output
    if context.softmax:
        if output is OutputKind.VALUES:
            problem = f"says output=values, and {path} ends with a softmax"
            raise InputError("--declare", problem, "its outputs are scores")
        output = OutputKind.SCORES
        builder.notes.append("the softmax at the end is left out, the outputs are the scores before it")
    layers = builder.layers(str(path))
    try:
        domain = domain_of(taken.size, **declare.over(said).domain)
        network = Network(layers, domain, shape, output=output, wiring=tuple(builder.wiring))
    except InputError as wrong:
        raise InputError(path, f"{wrong.source} {wrong.problem}", wrong.hint) from wrong
    if builder.mean is not None:
        implied = ": intervals are implied, mean +- 4 std (--declare low=...,high=...)"
        told = implied if domain.origin is Origin.IMPLIED else ""
        builder.notes.append(f"the normalisation at the start is the inputs' mean and std{told}")
    return network


def _shape(path: Path, taken: Value, declare: Declaration) -> tuple[int, ...]:
    """How a person sees the inputs: channels first where the model has windows."""
    if taken.is_planes:
        if declare.shape not in (None, taken.planes):
            raise InputError("--declare", f"says the shape {declare.shape}, {path} says {taken.planes}", "leave it out")
        return taken.planes
    if declare.shape is not None:
        return declare.shape
    shape = tuple(extent for extent in taken.shape if extent > 1)
    return shape if len(shape) > 1 else natural_shape(taken.size)
