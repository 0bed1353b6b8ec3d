"""A trained network as plain frozen arrays, a small graph of layers: the value on which both halves of armlet meet."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from armlet.errors import InputError
from armlet.network.activation import Activation, spelt
from armlet.network.domain import InputDomain
from armlet.network.evaluate import evaluate_layers
from armlet.network.frozen import F64
from armlet.network.layers import (
    Add,
    Conv,
    Dense,
    Depthwise,
    Layer,
    Pool,
    Reshape,
    Weighted,
    describe,
    kind_of,
    whole_numbers,
)
from armlet.network.outputs import OutputKind
from armlet.network.shapes import Shape, Wiring, chain, tensor_shapes


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Layers on raw inputs of a known domain; the last one gives the outputs.

    `shape` is how a person sees the inputs, (14, 14) for an image; layers of windows want (channels, height, width).
    `wiring` says what each layer takes: 0 is the network's input, k what `layers[k - 1]` gives. Left out, each takes
    what the one before gives. `provenance` is free text and numbers on where the parameters came from; neither it nor
    `output` takes part in the digest.
    """

    layers: tuple[Layer, ...]
    domain: InputDomain
    shape: Shape
    provenance: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    output: OutputKind | None = None  # None where nobody said
    wiring: Wiring = ()  # empty for a chain, however it was given

    def __post_init__(self) -> None:
        if not any(isinstance(layer, Weighted) for layer in self.layers):
            raise InputError("network", "has no layer of weights" if self.layers else "has no layer")
        object.__setattr__(self, "shape", whole_numbers("input shape", self.shape))
        wiring = tuple(whole_numbers("wiring", taken) for taken in self.wiring)
        object.__setattr__(self, "wiring", () if wiring == chain(len(self.layers)) else wiring)
        first, held = self.layers[0], int(math.prod(self.shape))
        inputs = first.inputs if isinstance(first, Dense) else held
        fits = held == inputs and min(self.shape, default=0) >= 1
        tensor_shapes(self.layers, self.sources, self.shape if fits else (inputs,))
        if self.domain.low.shape != (inputs,):
            takes = "W_0 takes" if isinstance(first, Dense) else f"the shape {self.shape} has"
            raise InputError("input domain", f"describes {len(self.domain.low)} inputs, {takes} {inputs}")
        if not fits:
            raise InputError("input shape", f"{self.shape} does not hold {inputs} inputs")

    @property
    def sources(self) -> Wiring:
        """The wiring, spelt out for a chain too."""
        return self.wiring or chain(len(self.layers))

    @property
    def is_chain(self) -> bool:
        """Whether all layers are dense, which then is a chain."""
        return all(isinstance(layer, Dense) for layer in self.layers)

    @property
    def dense(self) -> tuple[Dense, ...]:
        """The layers of a chain of dense layers, which is what armlet computes. Raises `InputError` for another."""
        return dense_chain(self)

    @property
    def inputs(self) -> int:
        return int(math.prod(self.shape))

    @property
    def outputs(self) -> int:
        return self.widths[-1]

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shape of the inputs, and of what each layer gives."""
        return tensor_shapes(self.layers, self.sources, self.shape)

    @property
    def widths(self) -> tuple[int, ...]:
        """The number of inputs, and of the values that each layer gives."""
        return tuple(int(math.prod(shape)) for shape in self.shapes)

    @property
    def activations(self) -> tuple[str, ...]:
        """The activation of each dense layer, by name."""
        return tuple(layer.activation.value for layer in self.dense)

    @property
    def _weighted(self) -> tuple[Weighted, ...]:
        return tuple(layer for layer in self.layers if isinstance(layer, Weighted))

    @property
    def weights(self) -> int:
        """All places for a weight, zero or not; biases are not counted."""
        return sum(layer.weight.size for layer in self._weighted)

    @property
    def connections(self) -> int:
        """Weights that are not zero."""
        return sum(int(np.count_nonzero(layer.weight)) for layer in self._weighted)

    @property
    def sparsity(self) -> float:
        """Zeros among all weights of all layers."""
        return 1.0 - self.connections / self.weights

    def __call__(self, x: ArrayLike) -> F64:
        """The network's meaning on raw inputs, (inputs,) or (samples, inputs), in float64: the yardstick downstream."""
        normalised = (np.asarray(x, np.float64) - self.domain.mean) / self.domain.std
        return evaluate_layers(self.layers, self.sources, self.shape, normalised)

    def digest(self) -> str:
        """SHA-256 over all that decides what the network computes: shapes, bits, activations, domain."""
        sha = hashlib.sha256()
        sha.update(_text(self).encode())
        for layer in self._weighted:
            sha.update(layer.weight.astype("<f4").tobytes())
            sha.update(layer.bias.astype("<f4").tobytes())
        for array in (self.domain.low, self.domain.high, self.domain.mean, self.domain.std):
            sha.update(array.astype("<f8").tobytes())
        return sha.hexdigest()


def dense_chain(network: Network, place: str = "network") -> tuple[Dense, ...]:
    """The layers, where all are dense: they then form a chain, since only an addition takes two values.

    Raises `InputError` at `place` that names the first other layer.
    """
    for i, layer in enumerate(network.layers):
        if not isinstance(layer, Dense):
            problem = f"layer {i} is {describe(layer)}, this armlet computes dense layers in a chain"
            raise InputError(place, problem, "give a network of dense layers alone; armlet compile takes others")
    return tuple(layer for layer in network.layers if isinstance(layer, Dense))


def _text(network: Network) -> str:
    """What decides beside the arrays; chains of dense layers have a form of their own, older than the other kinds."""
    layers = [layer for layer in network.layers if isinstance(layer, Dense)]
    if len(layers) == len(network.layers):
        kinds = [spelt(layer.activation, layer.slope) for layer in layers]
        return f"armlet network 1\n{(network.widths, network.shape, kinds)!r}"
    return f"armlet network 2\n{(network.shape, network.sources, [_facts(layer) for layer in network.layers])!r}"


def _facts(layer: Layer) -> tuple[object, ...]:
    """All of a layer but the values of its arrays."""
    match layer:
        case Dense(weight):
            own: tuple[object, ...] = (weight.shape,)
        case Conv(weight):
            own = (weight.shape, layer.stride, layer.padding, layer.dilation, layer.groups)
        case Depthwise(weight):
            own = (weight.shape, layer.stride, layer.padding, layer.dilation)
        case Pool(_, size, stride, padding):
            return (kind_of(layer), size, stride, padding)
        case Add():
            own = ()
        case Reshape(shape):
            return (kind_of(layer), shape)
    return (kind_of(layer), spelt(layer.activation, layer.slope), *own)


def multilayer_perceptron(
    weights: list[ArrayLike], biases: list[ArrayLike], domain: InputDomain | None = None, shape: tuple[int, ...] = ()
) -> Network:
    """The default reading of bare arrays: ReLU hidden layers, a linear last one, inputs undeclared."""
    last = len(weights) - 1
    layers = tuple(
        Dense(np.asarray(w), np.asarray(b), Activation.LINEAR if i == last else Activation.RELU)
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
