"""Arithmetic with constants, activations and bounds: in the layer before, or in a layer of their own."""

import math
from dataclasses import replace

import numpy as np

from armlet.formats.tflite.draft import Line, RealDraft, UnsupportedError, Value, channels_first, same_places
from armlet.formats.tflite.operands import CLIPS, floats, fused, sums
from armlet.formats.tflite.parse import Operator
from armlet.network.activation import SLOPE, Activation
from armlet.network.frozen import F32
from armlet.network.layers import Weighted

_ALONE = {"RELU": Activation.RELU, "RELU6": Activation.RELU6, "TANH": Activation.TANH, "LOGISTIC": Activation.SIGMOID}
ACTIVATIONS = (*_ALONE, *CLIPS, "LEAKY_RELU")


def affine(draft: RealDraft, operator: Operator) -> None:
    """A constant added, taken away, multiplied: into the normalisation of the inputs, a bias, or a layer of its own."""
    if all(number in draft.values for number in operator.inputs[:2]):
        raise UnsupportedError("of two values", "armlet adds two values, and does nothing else with them")
    at = 0 if operator.inputs[:1] and operator.inputs[0] in draft.values else 1
    taken, constant = draft.row(operator, at), floats(draft.constant(operator, 1 - at))
    turned = at == 1 and operator.kind in ("SUB", "DIV")
    if taken.number == 0 and taken.alone and not turned and fused(operator) is Activation.LINEAR:
        _normalise(draft, operator, taken, constant)
        return
    if turned or not _spreads(constant, taken):
        raise UnsupportedError("with a constant", "armlet reads one number for all, or for each channel, second")
    layer, dims = sums(draft, taken), draft.dims(operator.outputs[0])
    if isinstance(layer, Weighted) and operator.kind in ("ADD", "SUB"):
        added = constant.ravel() if operator.kind == "ADD" else -constant.ravel()
        bias = (layer.bias + added).astype(np.float32)
        draft.layers[taken.number - 1] = replace(layer, bias=bias, activation=fused(operator))
        draft.note(f"{operator.kind} of a constant is folded into the bias before it")
        draft.pass_on(operator, replace(taken, dims=dims))
        return
    line = _line(operator.kind, constant.ravel().astype(np.float64))
    given = draft.own_layer(operator, taken, line, fused(operator))
    draft.pass_on(operator, replace(given, dims=dims))


def _spreads(constant: F32, taken: Value) -> bool:
    """Whether a constant is one number for all, for each channel of planes, or for each value of a row."""
    if constant.size == 1:
        return True
    if not constant.shape or not taken.dims or not constant.size == constant.shape[-1] == taken.dims[-1]:
        return False
    if len(taken.dims) != 3:
        return taken.dims == (taken.size,) and len(taken.shape) == 1
    here = (taken.dims[2], *taken.dims[:2])
    return taken.shape == here and same_places(taken.places, channels_first(taken.dims))


def _line(kind: str, by: np.ndarray) -> Line:
    """What an operator with a constant does, as a scale and a shift."""
    match kind:
        case "ADD":
            return np.ones(1), by
        case "SUB":
            return np.ones(1), -by
        case "MUL":
            return by, np.zeros(1)
        case _:
            return 1 / by, np.zeros(1)


def _normalise(draft: RealDraft, operator: Operator, taken: Value, constant: F32) -> None:
    """The network computes on (x - mean) / std: a constant added or multiplied changes both."""
    spread = np.empty(taken.size)
    spread[slice(None) if taken.places is None else taken.places] = np.broadcast_to(constant, (1, *taken.dims)).ravel()
    mean = np.zeros(taken.size) if draft.mean is None else draft.mean
    std = np.ones(taken.size) if draft.std is None else draft.std
    match operator.kind:
        case "ADD":
            mean = mean - spread * std
        case "SUB":
            mean = mean + spread * std
        case _:
            if not (spread > 0).all():
                raise UnsupportedError("with a constant that is not positive", "scale inputs by positive numbers")
            std = std / spread if operator.kind == "MUL" else std * spread
    draft.mean, draft.std = mean, std
    draft.note("what is added to the inputs and multiplied becomes their mean and std")
    draft.pass_on(operator, replace(taken, dims=draft.dims(operator.outputs[0])))


def activation(draft: RealDraft, operator: Operator) -> None:
    """Into the layer before, or into one of its own."""
    taken = draft.row(operator)
    dims, layer = draft.dims(operator.outputs[0]), sums(draft, taken)
    if operator.kind in CLIPS:
        draft.pass_on(operator, replace(draft.clipped(operator, taken, CLIPS[operator.kind]), dims=dims))
        return
    slope = float(operator.options.get("Alpha", 0.0))
    kind = _ALONE.get(operator.kind, Activation.LEAKY_RELU)
    if kind is Activation.LEAKY_RELU and not 0 < slope < 1:
        raise UnsupportedError(f"with the slope {slope:g}", "give it one between 0 and 1")
    slope = slope if kind is Activation.LEAKY_RELU else SLOPE
    if layer is None:
        given = draft.own_layer(operator, taken, (np.ones(1), np.zeros(1)), kind, slope)
        draft.pass_on(operator, replace(given, dims=dims))
        return
    changed = replace(layer, slope=slope) if kind is Activation.LEAKY_RELU else layer
    draft.layers[taken.number - 1] = replace(changed, activation=kind)
    draft.pass_on(operator, replace(taken, dims=dims))


def bounded(draft: RealDraft, operator: Operator) -> None:
    """MINIMUM and MAXIMUM with one constant."""
    at = 0 if operator.inputs[:1] and operator.inputs[0] in draft.values else 1
    taken, constant = draft.row(operator, at), floats(draft.constant(operator, 1 - at)).ravel()
    if not constant.size or (constant != constant[0]).any():
        raise UnsupportedError("with several bounds", "give it one")
    bound = float(constant[0])
    ends = (-math.inf, bound) if operator.kind == "MINIMUM" else (bound, math.inf)
    clipped = draft.clipped(operator, taken, ends)
    draft.pass_on(operator, replace(clipped, dims=draft.dims(operator.outputs[0])))
