"""Files in int8 as networks in integers, exact to what LiteRT's reference kernels give.

These kernels scale sums of fully connected layers back in double precision, and all other sums by a multiplier that
rounds twice. What has no counterpart to the bit is refused with its reason.
"""

from dataclasses import replace

from armlet.errors import InputError
from armlet.formats.tflite.draft import IntegerDraft, UnsupportedError
from armlet.formats.tflite.integer_operators import INTEGER_OPERATORS, RENAMES, WEIGHTED
from armlet.formats.tflite.parse import Operator, Tensor, TfliteFile
from armlet.formats.tflite.planes import input_value

_ENDS = ("SOFTMAX", "ARG_MAX", "DEQUANTIZE")


class NotIntegersError(Exception):
    """Why a file is not a network in integers that armlet has, in words."""


def is_quantised(file: TfliteFile) -> bool:
    """Whether a layer of the file takes integers."""
    taken = [operator.inputs[0] for operator in file.operators if operator.kind in WEIGHTED and operator.inputs]
    return any(number >= 0 and file.tensors[number].kind in ("INT8", "UINT8", "INT16") for number in taken)


def integer_draft(file: TfliteFile) -> IntegerDraft:
    """The layers of a file in integers. Raises `NotIntegersError`, and `ValueError` for a broken file."""
    draft = IntegerDraft(file)
    try:
        draft.values[file.inputs[0]] = input_value(draft)
    except InputError as wrong:
        raise NotIntegersError(f"its input {wrong.problem}") from wrong
    for operator in file.operators:
        if not operator.outputs or operator.outputs[0] < 0:
            raise ValueError(f"{operator.kind} gives nothing")
        name = file.tensors[operator.outputs[0]].name
        try:
            _step(draft, operator)
        except UnsupportedError as wrong:
            raise NotIntegersError(f"{name}: {operator.kind} {wrong.why}") from wrong
        except (ValueError, InputError) as wrong:
            raise NotIntegersError(f"{name}: {wrong}") from wrong
    end = draft.values.get(file.outputs[0])
    weighted = any(origin is not None and origin.operator.kind in WEIGHTED for origin in draft.origins)
    if end is None or end.number != len(draft.layers) or not weighted:
        raise NotIntegersError("no layers lead from the input to the output")
    if end.places is not None:
        draft.note("outputs are given as channels, height, width")
    return draft


def stored_input(file: TfliteFile) -> Tensor:
    """The tensor that the first layers take: the input, or what a QUANTIZE makes of it."""
    quantised = [step.outputs[0] for step in file.operators if step.kind == "QUANTIZE" and step.inputs == file.inputs]
    return file.tensors[quantised[0] if quantised else file.inputs[0]]


def stored_output(file: TfliteFile, draft: IntegerDraft) -> Tensor:
    """The tensor that the last layer gives, with its activation."""
    numbers = [step.outputs[0] for step in file.operators if step.kind not in (*_ENDS, *RENAMES)]
    last = [number for number in numbers if draft.values[number].number == len(draft.layers)]
    return file.tensors[last[-1]]


def _step(draft: IntegerDraft, operator: Operator) -> None:
    if operator.kind == "QUANTIZE":
        _begin(draft, operator)
    elif operator.kind in _ENDS and draft.layers:
        _end(draft, operator)
    elif operator.kind in INTEGER_OPERATORS:
        if min(operator.inputs[:1], default=-1) < 0:
            raise ValueError(f"{operator.kind} takes nothing")
        INTEGER_OPERATORS[operator.kind](draft, operator)
    else:
        raise UnsupportedError("is not computed in integers yet", "")


def _end(draft: IntegerDraft, operator: Operator) -> None:
    """Left out, and told."""
    number = operator.inputs[0] if operator.inputs else -1
    found = draft.values.get(number)
    taken = found if found is not None and found.ended else draft.row(operator)
    draft.note(f"the {operator.kind} at the end is left out, outputs are the integers before it")
    draft.pass_on(operator, replace(taken, ended=operator.kind))


def _begin(draft: IntegerDraft, operator: Operator) -> None:
    """What a QUANTIZE at the beginning does to the inputs."""
    taken, steps = draft.take(operator), [step for step in draft.file.operators if step.kind == "QUANTIZE"]
    if taken.number or len(steps) > 1:
        raise UnsupportedError("is not computed in integers yet", "")
    before, after = (draft.file.tensors[number] for number in (operator.inputs[0], operator.outputs[0]))
    one, other = before.scales, after.scales
    same = one and other and one.scale.tolist() == other.scale.tolist()
    if before.kind == "FLOAT32":
        draft.note("QUANTIZE at the beginning is left out: inputs are taken as integers, or quantised before")
    elif one and other and same and before.kind == "UINT8" and (one.zero - other.zero).tolist() == [128]:
        draft.note("inputs are taken as int8, in place of uint8 that are greater by 128")
    else:
        raise UnsupportedError("at the beginning changes the scale", "")
    draft.pass_on(operator, taken)
