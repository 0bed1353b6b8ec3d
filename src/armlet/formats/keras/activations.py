"""What Keras calls an activation, by name or as a layer, to armlet's."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from armlet.errors import InputError
from armlet.formats.keras.value import UnreadError
from armlet.formats.spelling import activation_called, is_softmax
from armlet.network.activation import SLOPE, Activation
from armlet.network.clips import Ends

_NAMED_SLOPE = 0.2  # of Keras's function leaky_relu; the layer LeakyReLU says its own
_CLIPS: Mapping[str, Ends] = MappingProxyType({"hard_tanh": (-1.0, 1.0)})
_HINT = "train it with linear, relu, leaky_relu, relu6, sigmoid or tanh"
SOFTMAX = "softmax"

Said: TypeAlias = tuple[Activation, float] | Ends | str


def activation_of(said: Any) -> Said:
    """The activation that an option says, with its slope, the ends of a clip, or `SOFTMAX`. Raises `UnreadError`."""
    match said:
        case None:
            return Activation.LINEAR, SLOPE
        case str() if is_softmax(said):
            return SOFTMAX
        case str() if said in _CLIPS:
            return _CLIPS[said]
        case str():
            try:
                found = activation_called(said)
            except InputError:
                raise UnreadError(f"the activation {said[:40]}", _HINT) from None
            return found, _NAMED_SLOPE if found is Activation.LEAKY_RELU else SLOPE
        case {"class_name": "ReLU" | "LeakyReLU" | "Softmax" as kind, "config": dict(options)}:
            return activation_layer(kind, options)
        case {"class_name": str(kind)}:
            raise UnreadError(f"an activation of somebody's own code ({kind[:40]})", _HINT)
        case _:
            raise UnreadError("an activation that its config does not name", _HINT)


def activation_layer(kind: str, options: Mapping[str, Any]) -> Said:
    """What the layers ReLU, LeakyReLU and Softmax compute."""
    if kind == "Softmax":
        return SOFTMAX
    slope = options.get("negative_slope", options.get("alpha", 0.3 if kind == "LeakyReLU" else 0.0))
    most, threshold = options.get("max_value"), options.get("threshold", 0.0)
    if not isinstance(slope, int | float) or (threshold or 0.0) != 0.0:
        raise UnreadError(f"{kind} with a threshold or a slope that is no number", _HINT)
    if most is not None:
        if slope or not isinstance(most, int | float) or not 0 < most < math.inf:
            raise UnreadError(f"{kind} that ends at {most} and has the slope {slope}"[:60], "train it with one of both")
        return 0.0, float(most)
    if not 0 <= slope <= 1:
        raise UnreadError(f"{kind} of the slope {slope:g}", "give a slope between 0 and 1")
    if slope in (0, 1):
        return Activation.LINEAR if slope else Activation.RELU, SLOPE
    return Activation.LEAKY_RELU, float(slope)
