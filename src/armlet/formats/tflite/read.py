"""TensorFlow Lite files: float32 to a network, chains of fully connected int8 layers to a network in integers.

Convolutions in int8 are read as the real numbers that they stand for.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.formats.declaration import Declaration
from armlet.formats.model import Model, Obstacle
from armlet.formats.tflite.draft import Draft, UnsupportedError, Value, channels_first
from armlet.formats.tflite.integers import IntegerChain, NotIntegersError, integer_chain, is_quantised
from armlet.formats.tflite.operators import OPERATORS, become
from armlet.formats.tflite.parse import Tensor, TfliteFile, parse_tflite
from armlet.integer.formats import FORMATS, INT8
from armlet.integer.network import IntegerNetwork
from armlet.network.domain import InputDomain, domain_of
from armlet.network.network import Network, natural_shape
from armlet.network.outputs import OutputKind

_WINDOWS = ("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "AVERAGE_POOL_2D", "MEAN", "REDUCE_MAX")
_READS = f"armlet reads {', '.join(sorted(OPERATORS))}"


def read_tflite(path: Path, declare: Declaration) -> Model:
    """All that a .tflite file says. Raises `InputError`."""
    return model_of(parse_tflite(path), path, declare)


def model_of(file: TfliteFile, path: Path, declare: Declaration = Declaration()) -> Model:
    """The network in a parsed file, which came from `path`. Raises `InputError`."""
    if len(file.inputs) != 1 or len(file.outputs) != 1 or min(*file.inputs, *file.outputs) < 0:
        counts = f"{len(file.inputs)} inputs and {len(file.outputs)} outputs"
        raise InputError(path, f"has {counts}", "give a model with one of each")
    if declare.activation is not None or declare.layers is not None:
        raise InputError("--declare", f"says layers or activations, and {path} has its own", "leave them out")
    try:
        return _model(file, declare)
    except ValueError as broken:
        raise InputError(path, f"is a broken TensorFlow Lite file: {broken}", "convert it again") from broken
    except InputError as wrong:
        raise InputError(f"{path}: {wrong.source}", wrong.problem, wrong.hint) from wrong


def _model(file: TfliteFile, declare: Declaration) -> Model:
    quantised, notes = is_quantised(file), list[str]()
    if quantised:
        try:
            chain = integer_chain(file)
            network = _integers(file, chain, declare)
            return Model(
                _format(file, "int8"), network, chain.told, (*chain.notes, *_told_domain(chain.taken, declare))
            )
        except NotIntegersError as why:
            notes.append(f"read as the real numbers that its integers stand for: {why}")
    form = _format(file, "quantised" if quantised else "float32")
    draft = draft_of(file)
    if not isinstance(draft, Draft):
        return Model(form, None, obstacles=draft)
    network = _network(file, draft, declare)
    told = _told_domain(file.tensors[file.inputs[0]], declare)
    return Model(form, network, tuple(draft.told), (*notes, *draft.notes, *told))


def draft_of(file: TfliteFile) -> Draft | tuple[Obstacle, ...]:
    """The layers of a file in real numbers, or what has no counterpart. Raises `ValueError`."""
    if unknown := [operator for operator in file.operators if operator.kind not in OPERATORS]:
        return tuple(Obstacle(_name(file, operator.outputs), operator.kind, _READS) for operator in unknown)
    draft = Draft(file)
    draft.values[file.inputs[0]] = _input(draft)
    for operator in file.operators:
        try:
            if not operator.outputs or operator.outputs[0] < 0:
                raise ValueError(f"{operator.kind} gives nothing")
            become(draft, operator)
        except UnsupportedError as wrong:
            node = _name(file, operator.outputs)
            return (Obstacle(node, f"{operator.kind} {wrong.why}", wrong.hint),)
    return draft


def _format(file: TfliteFile, numbers: str) -> str:
    return f"TensorFlow Lite, schema {file.version}, {numbers}"


def _name(file: TfliteFile, outputs: tuple[int, ...]) -> str:
    return file.tensors[outputs[0]].name if outputs and outputs[0] >= 0 else "an operator"


def _input(draft: Draft) -> Value:
    """The network's input: planes where a window goes over them, otherwise a row in the file's order."""
    file, number = draft.file, draft.file.inputs[0]
    try:
        dims = draft.dims(number)
    except UnsupportedError as wrong:
        raise InputError("input", f"is {wrong.why}", wrong.hint) from wrong
    if not dims or 0 in dims:
        raise InputError("input", f"has the shape {file.tensors[number].shape}", "give a model of one input tensor")
    places = None
    if len(dims) == 3 and any(operator.kind in _WINDOWS for operator in file.operators):
        places = channels_first(dims)
        if places is not None:
            draft.note(f"inputs are taken as channels, height, width; the file has {'x'.join(map(str, dims))}")
        dims_here = (dims[2], *dims[:2])
    else:
        dims_here = natural_shape(dims[0]) if len(dims) == 1 else dims
    return Value(0, dims, dims_here, places)


def _network(file: TfliteFile, draft: Draft, declare: Declaration) -> Network:
    taken, end = draft.values[file.inputs[0]], draft.values.get(file.outputs[0])
    if end is None:
        raise ValueError("nothing gives its output")
    if end.number != len(draft.layers) or not end.number:
        raise InputError("output", "is not what the last layer gives", "leave out what nobody takes")
    if end.places is not None:
        draft.note("outputs are given as channels, height, width")
    low, high = _ends(file.tensors[file.inputs[0]]) or (None, None)
    said = declare.over(Declaration(low=low, high=high, mean=draft.mean, std=draft.std))
    domain = _domain(taken.size, said)
    output = declare.output or (OutputKind.SCORES if end.ended else None)
    network = Network(
        tuple(draft.layers), domain, _shape(declare, taken.shape), output=output, wiring=tuple(draft.wiring)
    )
    if not end.ended and network.outputs != end.size:
        raise ValueError(f"its output has {end.size} values, its layers give {network.outputs}")
    return network


def _shape(declare: Declaration, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The inputs' shape in the file, unless a person says how they see a row."""
    if declare.shape is None or len(shape) == 3:
        return shape
    if math.prod(declare.shape) != math.prod(shape):
        raise InputError("--declare", f"says the shape {declare.shape}, the file has {shape}")
    return declare.shape


def _domain(inputs: int, said: Declaration) -> InputDomain:
    for word, values in said.domain.items():
        if values is not None and np.size(values) not in (1, inputs):
            problem = f"has {np.size(values)} values for {inputs} inputs"
            raise InputError(f"--declare: {word}", problem, "give one, or one for each input")
    return domain_of(inputs, **said.domain)


def _integers(file: TfliteFile, chain: IntegerChain, declare: Declaration) -> IntegerNetwork:
    if declare.mean is not None or declare.std is not None:
        raise InputError("--declare", "says mean or std of a network in integers", "its scales say it")
    inputs, outputs = chain.layers[0].inputs, chain.layers[-1].neurons
    dims = file.tensors[file.inputs[0]].shape[1:]
    shape = dims if math.prod(dims) == inputs and len(dims) > 1 else natural_shape(inputs)
    low, high = _ends(chain.taken) or (None, None)
    domain = _domain(inputs, declare.over(Declaration(low=low, high=high)))
    output = declare.output or (OutputKind.SCORES if any("SOFTMAX" in note for note in chain.notes) else None)
    ends = (*_pair(chain.taken, inputs), *_pair(chain.given, outputs))
    return IntegerNetwork(chain.layers, domain, _shape(declare, shape), INT8, *ends, output=output)


def _pair(tensor: Tensor, count: int) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Scale and zero, for each value."""
    assert tensor.scales is not None
    return np.full(count, tensor.scales.scale[0], np.float64), np.full(count, tensor.scales.zero[0])


def _ends(tensor: Tensor) -> tuple[float, float] | None:
    """The least and the greatest number that a tensor in integers stands for."""
    scales, form = tensor.scales, FORMATS.get(tensor.kind.lower())
    if form is None or scales is None or len(scales.scale) != 1:
        return None
    scale, zero = float(scales.scale[0]), int(scales.zero[0])
    return scale * (form.low - zero), scale * (form.high - zero)


def _told_domain(tensor: Tensor, declare: Declaration) -> list[str]:
    ends = _ends(tensor)
    if declare.low is not None or ends is None:
        return []
    return [f"inputs lie between {ends[0]:g} and {ends[1]:g}, the ends of their {tensor.kind.lower()}"]
