"""TensorFlow Lite files: float32 to a network, int8 to a network in integers.

What has no counterpart in integers to the bit is read as the real numbers that it stands for.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.formats.declaration import Declaration
from armlet.formats.model import Model, Obstacle
from armlet.formats.tflite.draft import Draft, IntegerDraft, RealDraft, UnsupportedError
from armlet.formats.tflite.integers import NotIntegersError, integer_draft, is_quantised, stored_input, stored_output
from armlet.formats.tflite.operators import OPERATORS, become
from armlet.formats.tflite.parse import Tensor, TfliteFile, parse_tflite
from armlet.formats.tflite.planes import input_value
from armlet.integer.formats import FORMATS, INT8
from armlet.integer.layers import IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.network.domain import InputDomain, domain_of
from armlet.network.network import Network
from armlet.network.outputs import OutputKind

_STAND_FOR = "read as the real numbers that its integers stand for"
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
    if not is_quantised(file):
        return _real_model(file, declare, "float32")
    try:
        draft = integer_draft(file)
        network = _integers(file, draft, declare)
    except NotIntegersError as why:
        return _real_model(file, declare, "quantised", f"{_STAND_FOR}: {why}")
    notes = *draft.notes, *_told_domain(stored_input(file), declare)
    reals = None
    if not all(isinstance(layer, IntegerDense) for layer in network.layers):
        reals = _real_model(file, declare, "quantised", f"{_STAND_FOR}: what follows needs them")
    return Model(_format(file, "int8"), network, tuple(draft.told), notes, reals=reals)


def _real_model(file: TfliteFile, declare: Declaration, numbers: str, *notes: str) -> Model:
    form, draft = _format(file, numbers), draft_of(file)
    if not isinstance(draft, Draft):
        return Model(form, None, obstacles=draft)
    network = _network(file, draft, declare)
    told = _told_domain(file.tensors[file.inputs[0]], declare)
    return Model(form, network, tuple(draft.told), (*notes, *draft.notes, *told))


def draft_of(file: TfliteFile) -> RealDraft | tuple[Obstacle, ...]:
    """The layers of a file in real numbers, or what has no counterpart. Raises `ValueError`."""
    if unknown := [operator for operator in file.operators if operator.kind not in OPERATORS]:
        return tuple(Obstacle(_name(file, operator.outputs), operator.kind, _READS) for operator in unknown)
    draft = RealDraft(file)
    draft.values[file.inputs[0]] = input_value(draft)
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


def _network(file: TfliteFile, draft: RealDraft, declare: Declaration) -> Network:
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


def _integers(file: TfliteFile, draft: IntegerDraft, declare: Declaration) -> IntegerNetwork:
    if declare.mean is not None or declare.std is not None:
        raise InputError("--declare", "says mean or std of a network in integers", "its scales say it")
    value, taken = draft.values[file.inputs[0]], stored_input(file)
    low, high = _ends(taken) or (None, None)
    domain = _domain(value.size, declare.over(Declaration(low=low, high=high)))
    output = declare.output or (OutputKind.SCORES if any("SOFTMAX" in note for note in draft.notes) else None)
    outputs = draft.values[file.outputs[0]].size
    ends = (*_pair(taken, value.size), *_pair(stored_output(file, draft), outputs))
    shape, wiring = _shape(declare, value.shape), tuple(draft.wiring)
    return IntegerNetwork(tuple(draft.layers), domain, shape, INT8, *ends, output=output, wiring=wiring)


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
