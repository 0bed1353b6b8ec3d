"""A network in integers: what is stored, how sums are scaled back, and which real numbers it all stands for.

A layer makes `bias + weight @ q` of the values q that the layer before stores, exactly, in 32 bits; scales that back,
applies the activation, and stores the result in the format of values. The real value of a stored q is
`scale * (q - zero)`: what a zero that is not 0 adds to the next layer's sums is in that layer's bias. So the integers
alone say what is computed, and the scales of inputs and outputs alone what it means.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from armlet.errors import InputError
from armlet.integer.argmax import Argmax
from armlet.integer.formats import I64, INT32, IntegerFormat
from armlet.integer.layers import (
    IntegerAdd,
    IntegerConv,
    IntegerDense,
    IntegerLayer,
    IntegerPool,
    PoolScaling,
    body_of,
    integer_kind_of,
    whole,
)
from armlet.integer.requantise import Multiplier, Requantisation, Shift
from armlet.integer.shapes import integer_shapes, outline, stored_formats
from armlet.network.domain import InputDomain
from armlet.network.frozen import F64, frozen
from armlet.network.layers import Reshape, describe, whole_numbers
from armlet.network.outputs import OutputKind
from armlet.network.shapes import Shape, Wiring, chain


@dataclass(frozen=True, slots=True, eq=False)
class IntegerNetwork:
    """Layers on stored inputs. Input i is stored as round(x / scale) + zero, clamped to the ends of its interval.

    `wiring` says what each layer takes: 0 is the network's input, k what `layers[k - 1]` gives. Left out, each takes
    what the one before gives.
    """

    layers: tuple[IntegerLayer, ...]
    domain: InputDomain  # of the raw inputs, real numbers
    shape: Shape
    input_format: IntegerFormat
    input_scale: F64  # (inputs,)
    input_zero: NDArray[np.int32]  # (inputs,)
    output_scale: F64  # (outputs,)
    output_zero: NDArray[np.int32]  # (outputs,)
    provenance: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    output: OutputKind | None = None
    argmax: Argmax | None = None  # the number of the largest output is given in place of all
    wiring: Wiring = ()  # empty for a chain, however it was given
    shapes: tuple[Shape, ...] = field(init=False)  # of every value, that of the network's input first

    def __post_init__(self) -> None:
        for name, dtype in (("input_scale", np.float64), ("output_scale", np.float64)):
            object.__setattr__(self, name, frozen(getattr(self, name), dtype))
        for name in ("input_zero", "output_zero"):
            object.__setattr__(self, name, whole(name, getattr(self, name), np.int32))
        self._settle_layers()
        for name, count in (("input", self.inputs), ("output", self.outputs)):
            scale, zero = getattr(self, f"{name}_scale"), getattr(self, f"{name}_zero")
            if scale.shape != (count,) or zero.shape != (count,):
                raise InputError(f"{name} scale", f"has shape {scale.shape}, there are {count} {name}s")
            if not (np.isfinite(scale) & (scale > 0)).all():
                raise InputError(f"{name} scale", "is not a positive number")
        if self.domain.low.shape != (self.inputs,):
            described = f"describes {len(self.domain.low)} inputs"
            raise InputError("input domain", f"{described}, the network takes {self.inputs}")
        if self.argmax is not None and len(self.argmax.factor) != self.outputs:
            raise InputError("argmax", f"is of {len(self.argmax.factor)} outputs, there are {self.outputs}")
        if not self.domain.is_normalised:
            raise InputError("input domain", "has a normalisation", "fold it into the first layer and its scales")

    def _settle_layers(self) -> None:
        if not any(body_of(layer) for layer in self.layers):
            raise InputError("network", "has no layer of weights" if self.layers else "has no layer")
        object.__setattr__(self, "shape", whole_numbers("input shape", self.shape))
        wiring = tuple(whole_numbers("wiring", taken) for taken in self.wiring)
        object.__setattr__(self, "wiring", () if wiring == chain(len(self.layers)) else wiring)
        first = self.layers[0]
        if isinstance(first, IntegerDense) and math.prod(self.shape) != first.inputs:
            raise InputError("input shape", f"{self.shape} does not hold {first.inputs} inputs")
        object.__setattr__(self, "shapes", integer_shapes(self.layers, self.sources, self.shape))
        for i, (layer, taken) in enumerate(zip(self.layers, self.sources)):
            body, source = body_of(layer), self.formats[taken[0]]
            if body is not None and body.requantisation is None and i < len(self.layers) - 1:
                raise InputError(f"layer {i}", "stores sums as they are, which only the last layer may")
            _require_held(layer, source, f"layer {i}")

    @property
    def sources(self) -> Wiring:
        """The wiring, spelt out for a chain too."""
        return self.wiring or chain(len(self.layers))

    @property
    def is_chain(self) -> bool:
        """Whether all layers are dense, which then is a chain."""
        return all(isinstance(layer, IntegerDense) for layer in self.layers)

    @property
    def dense(self) -> tuple[IntegerDense, ...]:
        """The layers of a chain of dense layers. Raises `InputError` that names the first other layer."""
        return integer_dense_chain(self)

    @property
    def formats(self) -> tuple[IntegerFormat, ...]:
        """In which every value is stored, the network's input first."""
        return stored_formats(self.layers, self.sources, self.input_format)

    @property
    def inputs(self) -> int:
        return math.prod(self.shape)

    @property
    def outputs(self) -> int:
        return self.widths[-1]

    @property
    def results(self) -> int:
        """The number of values that a program gives: the outputs, or one, the number of the largest."""
        return self.outputs if self.argmax is None else 1

    @property
    def result_format(self) -> IntegerFormat:
        """In which they are given."""
        return self.formats[-1] if self.argmax is None else INT32

    @property
    def output_bytes(self) -> int:
        """Bytes of all outputs in a row; where the number of the largest is given, it lies over the first of them."""
        return max(self.outputs * self.formats[-1].bytes, self.results * self.result_format.bytes)

    @property
    def result_shape(self) -> Shape:
        """That of what a program gives."""
        return self.shapes[-1] if self.argmax is None else (1,)

    @property
    def widths(self) -> tuple[int, ...]:
        """The number of inputs, and of the values that each layer gives."""
        return tuple(math.prod(shape) for shape in self.shapes)

    def source(self, layer: int) -> IntegerFormat:
        """The format of what a layer takes."""
        return self.formats[self.sources[layer][0]]

    @property
    def _bodies(self) -> tuple[IntegerDense, ...]:
        return tuple(body for layer in self.layers if (body := body_of(layer)) is not None)

    @property
    def weights(self) -> int:
        """All places for a weight, zero or not."""
        return sum(body.weight.size for body in self._bodies)

    @property
    def connections(self) -> int:
        """Weights that are not zero."""
        return sum(int(np.count_nonzero(body.weight)) for body in self._bodies)

    @property
    def sparsity(self) -> float:
        """Zeros among all weights of all layers."""
        return 1.0 - self.connections / self.weights

    @property
    def input_ends(self) -> tuple[I64, I64]:
        """The least and greatest stored value of each input: of its interval, or of the format where none is known."""
        low, high = np.full(self.inputs, self.input_format.low), np.full(self.inputs, self.input_format.high)
        if not self.domain.is_declared:
            return low, high
        return self._stored(self.domain.low, low, high), self._stored(self.domain.high, low, high)

    def quantise(self, x: ArrayLike) -> I64:
        """Raw inputs (samples, inputs) as they are stored; halves go to the even number."""
        return self._stored(np.atleast_2d(np.asarray(x, np.float64)), *self.input_ends)

    def real(self, stored: I64) -> F64:
        """The numbers that results (samples, results) stand for; the number of an output for itself."""
        if self.argmax is not None:
            return stored.astype(np.float64)
        return (stored - self.output_zero) * self.output_scale

    def _stored(self, x: F64, low: I64, high: I64) -> I64:
        return np.clip(np.rint(x / self.input_scale) + self.input_zero, low, high).astype(np.int64)

    def digest(self) -> str:
        """SHA-256 over all that decides what the network computes, and what that means."""
        sha = hashlib.sha256(_text(self).encode())
        for layer in self.layers:
            sha.update(f"\n{_facts(layer)}".encode())
            for array in _arrays(layer):
                sha.update(np.ascontiguousarray(array, "<i8").tobytes())
        for scale in (self.input_scale, self.output_scale, self.domain.low, self.domain.high):
            sha.update(np.ascontiguousarray(scale, "<f8").tobytes())
        for zero in (self.input_zero, self.output_zero):
            sha.update(np.ascontiguousarray(zero, "<i8").tobytes())
        if self.argmax is not None:
            sha.update(f"\nargmax {self.argmax.shift}".encode())
            for array in (self.argmax.factor, self.argmax.offset):
                sha.update(np.ascontiguousarray(array, "<i8").tobytes())
        return sha.hexdigest()


def integer_dense_chain(network: IntegerNetwork, place: str = "network") -> tuple[IntegerDense, ...]:
    """The layers, where all are dense. Raises `InputError` at `place` that names the first other layer."""
    for i, layer in enumerate(network.layers):
        if not isinstance(layer, IntegerDense):
            problem = f"layer {i} is {describe(outline(layer))}, this armlet computes dense layers in a chain"
            raise InputError(place, problem, "give a network of dense layers alone")
    return tuple(layer for layer in network.layers if isinstance(layer, IntegerDense))


def _require_held(layer: IntegerLayer, source: IntegerFormat, place: str) -> None:
    """What a layer says of values in the format of what it takes must be such. Raises `InputError`."""
    match layer:
        case IntegerConv(border=border) if not source.low <= border <= source.high:
            raise InputError(place, f"has {border} in its padding, which is no {source.name}")
        case IntegerPool(low=low, high=high, scaling=PoolScaling()) if low < source.low or high > source.high:
            raise InputError(place, f"is clamped from {low} to {high}, beyond {source.name}")
        case _:
            pass


def _text(network: IntegerNetwork) -> str:
    """What decides beside the layers; chains of dense layers have a form of their own, older than the other kinds."""
    if network.is_chain:
        return f"armlet integer network 1\n{(network.widths, network.shape, network.input_format.name)!r}"
    return f"armlet integer network 2\n{(network.shape, network.sources, network.input_format.name)!r}"


def _facts(layer: IntegerLayer) -> str:
    """All of a layer but its arrays."""
    match layer:
        case IntegerDense():
            return f"{layer.activation.value} {layer.stored.name} {layer.zero} {layer.slope}"
        case IntegerConv(body):
            windows = (layer.kernel, layer.stride, layer.padding, layer.dilation, layer.groups, layer.border)
            return f"conv {windows!r} {_facts(body)}{'' if layer.residual is None else ' residual'}"
        case IntegerPool(_, size, stride, padding, low, high, by):
            scaling = () if by is None else (by.bias, by.multiplier, by.exponent, by.zero, by.once)
            return f"{integer_kind_of(layer)} {(size, stride, padding, low, high, *scaling)!r}"
        case IntegerAdd():
            ends = (layer.offset, layer.raised, layer.stored.name, layer.low, layer.high, layer.zero)
            return f"add {ends!r}"
        case Reshape(shape):
            return f"reshape {shape!r}"


def _arrays(layer: IntegerLayer) -> tuple[NDArray[Any], ...]:
    match layer:
        case IntegerConv(body, residual=residual):
            return (*_arrays(body), *(() if residual is None else (residual,)))
        case IntegerAdd():
            return (*_scaling(layer.scaling), *_scaling(layer.requantisation))
        case IntegerDense():
            table = () if layer.table is None else (layer.table,)
            return (layer.weight, layer.bias, layer.low, layer.high, *_scaling(layer.requantisation), *table)
        case IntegerPool() | Reshape():
            return ()


def _scaling(by: Requantisation | None) -> tuple[NDArray[Any], ...]:
    match by:
        case None:
            return ()
        case Shift(shift):
            return (shift,)
        case Multiplier(multiplier, exponent, once):
            return (multiplier, exponent, *([np.ones(1, np.int64)] if once else []))
