"""What the layers of Keras are read with: the builder, the weights, and how the model uses its values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.formats.keras.activations import Said, activation_of
from armlet.formats.keras.build import Builder
from armlet.formats.keras.config import KerasGraph, KerasLayer
from armlet.formats.keras.value import UnreadError, Value
from armlet.formats.keras.weights import Weights
from armlet.network.activation import Activation
from armlet.network.frozen import F64


@dataclass(slots=True)
class Context:
    """One model while it is read."""

    graph: KerasGraph
    weights: Weights
    builder: Builder
    softmax: str = ""  # the layer at the end that computes one

    def is_planar(self, rank: int) -> bool:
        """Whether values of so many extents and channels are planes: some layer of the model has such windows."""
        kinds = [layer.kind for layer in self.graph.layers]
        return rank in (2, 3) and any(kind.endswith(f"{rank - 1}D") and "Dropout" not in kind for kind in kinds)

    def arrays(self, layer: KerasLayer, shapes: Mapping[str, tuple[int, ...]]) -> Mapping[str, NDArray[Any]]:
        """The arrays of a layer by their roles. Raises `InputError` where one has another shape."""
        found = self.weights.of(layer, [*shapes])
        for role, shape in shapes.items():
            if found[role].shape != shape:
                raise InputError(layer.name, f"has {role} of the shape {found[role].shape}, its config says {shape}")
        return found

    def kernel_and_bias(
        self, layer: KerasLayer, shape: tuple[int, ...], outputs: int, has_bias: bool
    ) -> tuple[F64, F64]:
        """The kernel of that shape, and the bias, of zeros where the layer has none."""
        shapes = {"kernel": shape} | ({"bias": (outputs,)} if has_bias else {})
        found = self.arrays(layer, shapes)
        return found["kernel"], found["bias"] if has_bias else np.zeros(outputs)

    def activate(self, layer: KerasLayer, value: Value, said: Any) -> Value:
        """The value after the activation that a layer's option says; a softmax at the end is left out."""
        return self.activated(layer, value, activation_of(said))

    def activated(self, layer: KerasLayer, value: Value, found: Said) -> Value:
        """The value after an activation. Raises `UnreadError` for a softmax before the end."""
        if isinstance(found, str):
            if layer.name != self.graph.output:
                raise UnreadError("a softmax before the end", "leave it out, or end the model with it")
            self.softmax = layer.name
            return value
        activation, slope = found
        if not isinstance(activation, Activation):
            return self.builder.clip(value, (activation, slope), layer.name, layer.kind)
        return self.builder.activate(value, activation, slope, layer.name, layer.kind)
