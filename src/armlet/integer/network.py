"""A network in integers: what is stored, how sums are scaled back, and which real numbers it all stands for.

A layer makes `bias + weight @ q` of the values q that the layer before stores, exactly, in 32 bits; scales that back,
applies the activation, and stores the result in the format of values. The real value of a stored q is
`scale * (q - zero)`: what a zero that is not 0 adds to the next layer's sums is in that layer's bias. So the integers
alone say what is computed, and the scales of inputs and outputs alone what it means.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from armlet.errors import InputError
from armlet.integer.argmax import Argmax
from armlet.integer.formats import I64, INT32, IntegerFormat
from armlet.integer.requantise import Multiplier, Requantisation, Shift
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.frozen import F64, frozen
from armlet.network.outputs import OutputKind

SLOPE_BITS = 15  # behind the point of a leaky ReLU's slope


@dataclass(frozen=True, slots=True, eq=False)
class IntegerLayer:
    """A dense layer: stored = clamp(activation(scaled back(bias + weight @ q)) + zero, low, high).

    The last layer may store its sums as they are: in int32, with no requantisation.
    """

    weight: NDArray[np.int16]  # (neurons, inputs); zero is an absent connection
    bias: NDArray[np.int32]  # (neurons,)
    requantisation: Requantisation | None
    activation: Activation
    stored: IntegerFormat
    low: NDArray[np.int32]  # (neurons,) the least value stored: the zero of a ReLU
    high: NDArray[np.int32]  # (neurons,) the greatest
    zero: int = 0  # the stored value that stands for 0
    slope: int = 0  # of a leaky ReLU, in units of 2^-15
    table: NDArray[np.int32] | None = None  # (256,) what a sigmoid or tanh stores for scaled sums -128 to 127

    def __post_init__(self) -> None:
        for name, dtype in (("weight", np.int16), ("bias", np.int32), ("low", np.int32), ("high", np.int32)):
            object.__setattr__(self, name, _whole(name, getattr(self, name), dtype))
        if self.table is not None:
            object.__setattr__(self, "table", _whole("table", self.table, np.int32))
        neurons = len(self.bias)
        if self.weight.ndim != 2 or self.weight.shape[0] != neurons or 0 in self.weight.shape:
            raise InputError("weight", f"has shape {self.weight.shape}, there are {neurons} biases")
        if self.low.shape != (neurons,) or self.high.shape != (neurons,) or (self.low > self.high).any():
            raise InputError("clamp", "does not give each neuron an interval")
        if self.low.min() < self.stored.low or self.high.max() > self.stored.high:
            raise InputError("clamp", f"goes beyond {self.stored.name}")
        self._check_scaling(neurons)

    def _check_scaling(self, neurons: int) -> None:
        match self.requantisation:
            case None if self.stored is not INT32 or self.activation is not Activation.LINEAR:
                raise InputError("layer", "stores sums as they are, which takes int32 and no activation")
            case Shift(shift) if shift.shape != (neurons,):
                raise InputError("shift", f"has shape {shift.shape}, there are {neurons} neurons")
            case Multiplier(multiplier, exponent) if not multiplier.shape == exponent.shape == (neurons,):
                raise InputError("multiplier", f"has shape {multiplier.shape}, there are {neurons} neurons")
            case _:
                pass
        curved = self.activation in (Activation.SIGMOID, Activation.TANH)
        if curved != (self.table is not None) or (self.table is not None and self.table.shape != (256,)):
            raise InputError("table", f"of 256 values is {'missing' if curved else 'not wanted'}")
        if (self.activation is Activation.LEAKY_RELU) != (0 < self.slope < 1 << SLOPE_BITS):
            raise InputError("slope", f"{self.slope} does not go with {self.activation.value}")

    @property
    def inputs(self) -> int:
        return self.weight.shape[1]

    @property
    def neurons(self) -> int:
        return self.weight.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class IntegerNetwork:
    """Layers on stored inputs. Input i is stored as round(x / scale) + zero, clamped to the ends of its interval."""

    layers: tuple[IntegerLayer, ...]
    domain: InputDomain  # of the raw inputs, real numbers
    shape: tuple[int, ...]
    input_format: IntegerFormat
    input_scale: F64  # (inputs,)
    input_zero: NDArray[np.int32]  # (inputs,)
    output_scale: F64  # (outputs,)
    output_zero: NDArray[np.int32]  # (outputs,)
    provenance: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    output: OutputKind | None = None
    argmax: Argmax | None = None  # the number of the largest output is given in place of all

    def __post_init__(self) -> None:
        for name, dtype in (("input_scale", np.float64), ("output_scale", np.float64)):
            object.__setattr__(self, name, frozen(getattr(self, name), dtype))
        for name in ("input_zero", "output_zero"):
            object.__setattr__(self, name, _whole(name, getattr(self, name), np.int32))
        if not self.layers:
            raise InputError("network", "has no layer")
        for i, (before, layer) in enumerate(zip(self.layers, self.layers[1:])):
            if before.neurons != layer.inputs:
                raise InputError(f"layer {i}", f"gives {before.neurons} values, layer {i + 1} takes {layer.inputs}")
            if before.requantisation is None:
                raise InputError(f"layer {i}", "stores sums as they are, which only the last layer may")
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

    @property
    def inputs(self) -> int:
        return self.layers[0].inputs

    @property
    def outputs(self) -> int:
        return self.layers[-1].neurons

    @property
    def results(self) -> int:
        """The number of values that a program gives: the outputs, or one, the number of the largest."""
        return self.outputs if self.argmax is None else 1

    @property
    def result_format(self) -> IntegerFormat:
        """In which they are given."""
        return self.layers[-1].stored if self.argmax is None else INT32

    @property
    def widths(self) -> tuple[int, ...]:
        """The number of inputs, and of the values that each layer gives."""
        return (self.inputs, *(layer.neurons for layer in self.layers))

    def source(self, layer: int) -> IntegerFormat:
        """The format of what a layer takes."""
        return self.layers[layer - 1].stored if layer else self.input_format

    @property
    def weights(self) -> int:
        """All places for a weight, zero or not."""
        return sum(layer.weight.size for layer in self.layers)

    @property
    def connections(self) -> int:
        """Weights that are not zero."""
        return sum(int(np.count_nonzero(layer.weight)) for layer in self.layers)

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
        told = (self.widths, self.shape, self.input_format.name)
        sha = hashlib.sha256(f"armlet integer network 1\n{told!r}".encode())
        for layer in self.layers:
            sha.update(f"\n{layer.activation.value} {layer.stored.name} {layer.zero} {layer.slope}".encode())
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


def _arrays(layer: IntegerLayer) -> tuple[NDArray[Any], ...]:
    match layer.requantisation:
        case None:
            scaling: tuple[NDArray[Any], ...] = ()
        case Shift(shift):
            scaling = (shift,)
        case Multiplier(multiplier, exponent, once):
            scaling = (multiplier, exponent, *([np.ones(1, np.int64)] if once else []))
    table = () if layer.table is None else (layer.table,)
    return (layer.weight, layer.bias, layer.low, layer.high, *scaling, *table)


def _whole(name: str, values: ArrayLike, dtype: Any) -> NDArray[Any]:
    """A read-only copy in `dtype`. Raises `InputError` where a value does not fit."""
    given = np.asarray(values)
    if given.dtype.kind not in "iu":
        raise InputError(name, f"holds {given.dtype}, not whole numbers")
    ends = np.iinfo(dtype)
    if given.size and not (ends.min <= int(given.min()) and int(given.max()) <= ends.max):
        raise InputError(name, f"goes beyond {np.dtype(dtype)}")
    return frozen(given, dtype)
