"""The values of a network by name, what each takes, and which of them no input changes.

A value that a reshape gives is the value that it takes. Names here leave out what a byte has more: a name is the number
of the tensor above that of the value in it, or a constant.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from armlet.integer.bounds import Interval, tensor_bounds
from armlet.integer.formats import I64
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerLayer, IntegerPool, body_of
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier, Shift
from armlet.network.layers import Pair, Reshape, Sides

UNNAMED = np.int64(-(1 << 60))  # the name of what is anything
_CONSTANT = -(1 << 40)  # names below 0 are constants, this one is 0
_HALF = 32


def constant_names(values: I64) -> I64:
    """The names of constants."""
    return values + _CONSTANT


def constant_name(value: int) -> int:
    """The name of one constant."""
    return value + _CONSTANT


def is_constant(names: I64) -> NDArray[np.bool_]:
    """Which names are constants."""
    return (names < 0) & (names != UNNAMED)


def constants_of(names: I64) -> I64:
    """The constants that names are; 0 for others."""
    return np.where(is_constant(names), names - _CONSTANT, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Taps:
    """What values of a tensor take: names of others, and their weights, one row of names for each value."""

    weights: I64  # (taps,)
    names: I64  # (values, taps); of what is left out, of a pool's padding, a constant 0
    inside: NDArray[np.bool_]  # (values, taps) which are not left out

    @property
    def count(self) -> I64:
        """(values,) how many are not left out."""
        return self.inside.sum(axis=1)

    def at(self, rows: NDArray[np.bool_]) -> "Taps":
        """Those of some of the values."""
        return Taps(self.weights, self.names[rows], self.inside[rows])


@dataclass(slots=True, eq=False)
class Values:
    """All values of a network."""

    network: IntegerNetwork
    roots: tuple[int, ...] = field(init=False)  # the tensor that each is a reshape of
    names: list[I64] = field(init=False)  # (cells,) of each tensor
    bounds: tuple[Interval, ...] = field(init=False)

    def __post_init__(self) -> None:
        roots, self.bounds = [0], tensor_bounds(self.network).values
        for k, (layer, sources) in enumerate(zip(self.network.layers, self.network.sources), 1):
            roots.append(roots[sources[0]] if isinstance(layer, Reshape) else k)
        self.roots = tuple(roots)
        self.names = [self._inputs()]
        for k in range(1, len(roots)):
            if roots[k] != k:
                self.names.append(self.names[roots[k]])
                continue
            low, high = self._ends(self.bounds[k], k)
            own = (np.int64(k) << _HALF) + np.arange(self.network.widths[k])
            self.names.append(np.where(low == high, constant_names(low), own))

    def _ends(self, of: Interval, value: int) -> tuple[I64, I64]:
        """By value, as it is known by channel."""
        times = self.network.widths[value] // len(of.low)
        return np.repeat(of.low, times), np.repeat(of.high, times)

    def _inputs(self) -> I64:
        low, high = self.network.input_ends
        return np.where(low == high, constant_names(low), np.arange(self.network.inputs))

    def ends(self) -> list[tuple[int, int]]:
        """The least and greatest that each tensor's values may be, by format and clamp."""
        found = [(int(self.network.input_format.low), int(self.network.input_format.high))]
        for k, layer in enumerate(self.network.layers, 1):
            body, before = body_of(layer), found[self.network.sources[k - 1][0]]
            match layer:
                case IntegerPool(low=low, high=high):
                    found.append((max(low, before[0]), min(high, before[1])))
                case IntegerAdd():
                    found.append((layer.low, layer.high))
                case _:
                    found.append(before if body is None else (int(body.low.min()), int(body.high.max())))
        return found

    def layer(self, value: int) -> IntegerLayer:
        """What makes a value."""
        return self.network.layers[value - 1]

    def sources(self, value: int) -> tuple[int, ...]:
        """The tensors that a value is made of."""
        return tuple(self.roots[source] for source in self.network.sources[value - 1])

    def planes(self, value: int) -> tuple[int, int, int]:
        """The shape of a value as planes."""
        shape = self.network.shapes[value]
        return (shape[0], shape[1], shape[2]) if len(shape) == 3 else (shape[0], 1, 1)

    def channel(self, value: int, cells: I64) -> I64:
        """The output channel or neuron of each cell."""
        _, height, width = self.planes(value)
        return cells // (height * width)

    def tell(self, value: int, cell: int) -> str:
        """A value in words."""
        if value == 0:
            return f"input {cell}"
        shape = self.network.shapes[value]
        if len(shape) < 3:
            return f"layer {value - 1}, neuron {cell}"
        channel, rest = divmod(cell, shape[1] * shape[2])
        row, column = divmod(rest, shape[2])
        return f"layer {value - 1}, channel {channel}, row {row}, column {column}"

    def ends_of(self, value: int, cell: int) -> tuple[int, int]:
        """The least and greatest that a value is for any input."""
        low, high = self._ends(self.bounds[value], value)
        return int(low[cell]), int(high[cell])

    def name(self, name: int) -> str:
        """What a name stands for, in words."""
        if name < 0:
            return "something else" if name == UNNAMED else f"the constant {name - _CONSTANT}"
        return self.tell(name >> _HALF, name & ((1 << _HALF) - 1))

    def taps(self, value: int, channel: int, cells: I64) -> Taps:
        """What cells of one channel take."""
        layer, source = self.layer(value), self.network.sources[value - 1][0]
        names = self.names[source]
        match layer:
            case IntegerDense(weight):
                used = np.flatnonzero(weight[channel])
                row = np.broadcast_to(names[used], (len(cells), len(used)))
                return Taps(weight[channel, used].astype(np.int64), row, np.ones(row.shape, np.bool_))
            case IntegerConv():
                weight = layer.weight[channel]
                first = channel // (len(layer.body.bias) // layer.groups) * weight.shape[0]
                places = np.argwhere(weight)
                border = constant_name(layer.border)
                windows = _Windows(layer.stride, layer.padding, layer.dilation, border)
                found, _ = self._windowed(value, source, cells, windows, places + np.array((first, 0, 0)))
                return Taps(weight[weight != 0].astype(np.int64), found, np.ones(found.shape, np.bool_))
            case IntegerPool():
                return self._pooled(layer, value, source, channel, cells)
            case IntegerAdd():
                found = np.stack([self.names[k][cells] for k in self.network.sources[value - 1]], axis=1)
                return Taps(np.ones(2, np.int64), found, np.ones(found.shape, np.bool_))
            case Reshape():
                raise AssertionError("a reshape makes nothing")

    def _pooled(self, layer: IntegerPool, value: int, source: int, channel: int, cells: I64) -> Taps:
        height, width = layer.size or self.planes(source)[1:]
        places = np.indices((1, height, width)).reshape(3, -1).T + np.array((channel, 0, 0))
        nothing = constant_name(0)
        found, inside = self._windowed(
            value, source, cells, _Windows(layer.stride, layer.padding, (1, 1), nothing), places
        )
        return Taps(np.ones(len(places), np.int64), found, inside)

    def _windowed(
        self, value: int, source: int, cells: I64, windows: "_Windows", places: I64
    ) -> tuple[I64, NDArray[np.bool_]]:
        """(cells, places) the names under each window, and which lie in the plane."""
        _, height, width = self.planes(source)
        row, column = np.divmod(cells % (self.planes(value)[1] * self.planes(value)[2]), self.planes(value)[2])
        y = row[:, None] * windows.stride[0] - windows.padding[0] + places[:, 1] * windows.dilation[0]
        x = column[:, None] * windows.stride[1] - windows.padding[1] + places[:, 2] * windows.dilation[1]
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        at = (places[:, 0] * height + np.clip(y, 0, height - 1)) * width + np.clip(x, 0, width - 1)
        return np.where(inside, self.names[source][at], windows.border), inside


def one_neuron(body: IntegerDense, neuron: int) -> IntegerDense:
    """A layer of one of its neurons."""
    at, by = slice(neuron, neuron + 1), body.requantisation
    match by:
        case Shift(shift):
            by = Shift(shift[at])
        case Multiplier(multiplier, exponent, once):
            by = Multiplier(multiplier[at], exponent[at], once)
        case None:
            pass
    ends = {"low": body.low[at], "high": body.high[at]}
    return replace(body, weight=body.weight[at], bias=body.bias[at], requantisation=by, **ends)


@dataclass(frozen=True, slots=True)
class _Windows:
    stride: Pair
    padding: Sides
    dilation: Pair
    border: int  # the name of what lies in the padding
