"""What operators take and say: constants in real numbers, activations, and sums that are still open to one."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from armlet.formats.tflite.draft import RealDraft, UnsupportedError, Value
from armlet.formats.tflite.parse import Operator
from armlet.network.activation import Activation
from armlet.network.clips import Ends
from armlet.network.frozen import F32
from armlet.network.layers import Add, Weighted

_ACTIVATIONS = {"NONE": Activation.LINEAR, "RELU": Activation.RELU, "RELU6": Activation.RELU6}
CLIPS: Mapping[str, Ends] = MappingProxyType({"RELU_N1_TO_1": (-1.0, 1.0), "RELU_0_TO_1": (0.0, 1.0)})


def fused(operator: Operator) -> Activation:
    """The activation of the sums; a clip to other ends comes after them."""
    name = operator.options.get("FusedActivationFunction", "NONE")
    if name in CLIPS:
        return Activation.LINEAR
    if name not in _ACTIVATIONS:
        raise UnsupportedError(f"with the activation {name}", "armlet reads RELU, RELU6 and RELU_N1_TO_1 fused")
    return _ACTIVATIONS[name]


def floats(values: np.ndarray, dimensions: int | None = None) -> F32:
    """Constants that are real numbers, of so many dimensions. Raises `ValueError`."""
    if values.dtype.kind != "f" or dimensions not in (None, values.ndim):
        raise ValueError(f"a constant holds {values.dtype} of shape {values.shape}")
    return values


def sums(draft: RealDraft, taken: Value) -> Weighted | Add | None:
    """The layer whose sums a value is, where they are not activated yet and nobody else takes them."""
    layer = draft.layers[taken.number - 1] if taken.number else None
    if isinstance(layer, Weighted | Add) and layer.activation is Activation.LINEAR and taken.alone:
        return layer
    return None
