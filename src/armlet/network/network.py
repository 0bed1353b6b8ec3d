"""A trained multilayer perceptron as plain frozen arrays: the value on which both halves of armlet meet."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from armlet.errors import InputError
from armlet.network.activation import SLOPE, Activation, activated
from armlet.network.domain import InputDomain
from armlet.network.frozen import F32, F64, frozen
from armlet.network.outputs import OutputKind


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One layer: `activation(weight @ x + bias)`. A zero weight is an absent connection."""

    weight: F32  # (outputs, inputs)
    bias: F32  # (outputs,)
    activation: Activation
    slope: float = SLOPE  # of leaky_relu below zero; of no meaning to the others

    def __post_init__(self) -> None:
        with np.errstate(all="ignore"):
            object.__setattr__(self, "slope", float(np.float32(self.slope)))
        if not 0 < self.slope < 1:
            raise InputError("slope", f"is {self.slope}, not between 0 and 1")
        for name in ("weight", "bias"):
            array = frozen(getattr(self, name), np.float32)
            if not np.isfinite(array).all():
                place = ", ".join(str(i) for i in np.argwhere(~np.isfinite(array))[0])
                raise InputError(f"{name}[{place}]", "is not a finite float32")
            object.__setattr__(self, name, array)
        if self.weight.ndim != 2 or 0 in self.weight.shape:
            raise InputError("weight", f"has shape {self.weight.shape}, not outputs x inputs")
        if self.bias.shape != self.weight.shape[:1]:
            raise InputError("bias", f"has shape {self.bias.shape}, the weight gives {len(self.weight)} values")

    @property
    def inputs(self) -> int:
        return self.weight.shape[1]

    @property
    def kind(self) -> str:
        """The activation in words, with its slope to the bit where it has one."""
        slope = f" {self.slope.hex()}" if self.activation.has_slope else ""
        return self.activation.value + slope

    @property
    def outputs(self) -> int:
        return self.weight.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Layers applied in turn to raw inputs of a known domain.

    `shape` is how a person sees the inputs, (14, 14) for an image. `provenance` is free text and numbers on where
    the parameters came from; neither it nor `output` takes part in the digest.
    """

    layers: tuple[Layer, ...]
    domain: InputDomain
    shape: tuple[int, ...]
    provenance: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    output: OutputKind | None = None  # None where nobody said

    def __post_init__(self) -> None:
        if not self.layers:
            raise InputError("network", "has no layer")
        for i, (lower, upper) in enumerate(zip(self.layers, self.layers[1:])):
            if upper.inputs != lower.outputs:
                raise InputError(
                    f"layer {i + 1}", f"takes {upper.inputs} values, layer {i} gives {lower.outputs} (W_{i + 1}.npy)"
                )
        if self.domain.low.shape != (self.inputs,):
            raise InputError("input domain", f"describes {len(self.domain.low)} inputs, W_0 takes {self.inputs}")
        if int(np.prod(self.shape)) != self.inputs or min(self.shape, default=0) < 1:
            raise InputError("input shape", f"{self.shape} does not hold {self.inputs} inputs")

    @property
    def inputs(self) -> int:
        return self.layers[0].inputs

    @property
    def outputs(self) -> int:
        return self.layers[-1].outputs

    @property
    def widths(self) -> tuple[int, ...]:
        return (self.inputs, *(layer.outputs for layer in self.layers))

    @property
    def activations(self) -> tuple[str, ...]:
        """The activation of each layer, by name."""
        return tuple(layer.activation.value for layer in self.layers)

    @property
    def weights(self) -> int:
        """All places for a weight, zero or not; biases are not counted."""
        return sum(layer.weight.size for layer in self.layers)

    @property
    def connections(self) -> int:
        """Weights that are not zero."""
        return sum(int(np.count_nonzero(layer.weight)) for layer in self.layers)

    @property
    def sparsity(self) -> float:
        """Zeros among all weights of all layers."""
        return 1.0 - self.connections / self.weights

    def __call__(self, x: ArrayLike) -> F64:
        """The network's meaning on raw inputs, (inputs,) or (samples, inputs), in float64: the yardstick downstream."""
        value = (np.asarray(x, np.float64) - self.domain.mean) / self.domain.std
        for layer in self.layers:
            value = value @ layer.weight.T.astype(np.float64) + layer.bias
            value = activated(layer.activation, layer.slope, value)
        return value

    def digest(self) -> str:
        """SHA-256 over all that decides what the network computes: shapes, bits, activations, domain."""
        sha = hashlib.sha256(b"armlet network 1\n")
        sha.update(repr((self.widths, self.shape, [layer.kind for layer in self.layers])).encode())
        for layer in self.layers:
            sha.update(layer.weight.astype("<f4").tobytes())
            sha.update(layer.bias.astype("<f4").tobytes())
        for array in (self.domain.low, self.domain.high, self.domain.mean, self.domain.std):
            sha.update(array.astype("<f8").tobytes())
        return sha.hexdigest()


def multilayer_perceptron(
    weights: list[ArrayLike], biases: list[ArrayLike], domain: InputDomain | None = None, shape: tuple[int, ...] = ()
) -> Network:
    """The default reading of bare arrays: ReLU hidden layers, a linear last one, inputs undeclared."""
    last = len(weights) - 1
    layers = tuple(
        Layer(np.asarray(w), np.asarray(b), Activation.LINEAR if i == last else Activation.RELU)
        for i, (w, b) in enumerate(zip(weights, biases, strict=True))
    )
    if not layers:
        raise InputError("network", "has no layer")
    inputs = layers[0].inputs
    return Network(layers, domain or InputDomain.undeclared(inputs), shape or natural_shape(inputs))


def natural_shape(inputs: int) -> tuple[int, ...]:
    """A square image where the count is a square greater than one, otherwise a row."""
    side = round(inputs**0.5)
    return (side, side) if inputs > 1 and side * side == inputs else (inputs,)
