"""The values of a network by name, what each takes, and which of them no input changes.

A value that a reshape gives is the value that it takes. A value of which all that it takes is constant is a constant:
that may be a single one at a border.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from armlet.integer.argmax import Argmax
from armlet.integer.bounds import Interval, tensor_bounds
from armlet.integer.formats import I64, INT32, IntegerFormat
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerLayer, IntegerPool, body_of
from armlet.integer.network import IntegerNetwork
from armlet.network.layers import Pair, Reshape, Sides
from armlet.prove.tensors.declared import stored_of_constants
from armlet.prove.tensors.names import UNNAMED, Taps, constant_name, constant_names, constants_of, is_constant

_HALF = 32


def given_value(network: IntegerNetwork) -> int:
    """Which value a program gives: what the last layer makes, or, behind that, the number of the largest."""
    return len(network.layers) + (network.argmax is not None)


@dataclass(slots=True, eq=False)
class Values:
    """All values of a network."""

    network: IntegerNetwork
    roots: tuple[int, ...] = field(init=False)  # the tensor that each is a reshape of
    names: list[I64] = field(init=False)  # (cells,) of each tensor; last, where there is one, of the largest's number
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
            self._find_constants(k)
        if self.network.argmax is not None:
            self._find_answer(self.network.argmax)

    def _find_answer(self, argmax: Argmax) -> None:
        """The number of the largest output is a tensor of one value, behind all others.

        Of two keys the first cannot be the largest that never reaches the least of the other.
        """
        outputs, value = self.names[-1], len(self.names)
        ends = self._ends(self.bounds[self.roots[-1]], self.roots[-1])
        low, high = (np.where(is_constant(outputs), constants_of(outputs), end) for end in ends)
        least, most = argmax.keys(np.stack((low, high)))
        able = np.flatnonzero(most >= least.max())
        self.names.append(constant_names(able) if len(able) == 1 else np.array([value], np.int64) << _HALF)
        self.roots, self.bounds = (*self.roots, value), (*self.bounds, Interval(able[:1], able[-1:]))

    def _find_constants(self, value: int) -> None:
        """Give the values of a tensor of which all that they take is constant the names of constants."""
        layer, names, sources = self.layer(value), self.names[value], self.network.sources[value - 1]
        is_padded = isinstance(layer, IntegerConv | IntegerPool) and any(layer.padding)
        if not is_padded and not any(is_constant(self.names[source]).any() for source in sources):
            return
        channels = self.channel(value, np.arange(len(names)))
        for channel in np.unique(channels[~is_constant(names)]).tolist():
            cells = np.flatnonzero(channels == channel)
            taps = self.taps(value, channel, cells)
            still = taps.are_constant
            if still.any():
                names[cells[still]] = constant_names(stored_of_constants(layer, channel, taps.at(still)))

    def _ends(self, of: Interval, value: int) -> tuple[I64, I64]:
        """By value, as it is known by channel."""
        times = 1 if value == self.answer else self.network.widths[value] // len(of.low)
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
                case IntegerPool(low=low, high=high, scaling=None):
                    found.append((max(low, before[0]), min(high, before[1])))
                case IntegerPool() | IntegerAdd():
                    found.append((layer.low, layer.high))
                case _:
                    found.append(before if body is None else (int(body.low.min()), int(body.high.max())))
        return found if self.network.argmax is None else [*found, (0, INT32.high)]

    @property
    def answer(self) -> int:
        """The number of the tensor that holds the number of the largest output; -1 where there is none."""
        return -1 if self.network.argmax is None else given_value(self.network)

    def format(self, value: int) -> IntegerFormat:
        """In which a value is stored."""
        return self.network.result_format if value == self.answer else self.network.formats[value]

    def layer(self, value: int) -> IntegerLayer:
        """What makes a value."""
        return self.network.layers[value - 1]

    def sources(self, value: int) -> tuple[int, ...]:
        """The tensors that a value is made of."""
        if value == self.answer:
            return (self.roots[value - 1],)
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
        if value == self.answer:
            return "the number of the largest output"
        shape = self.network.shapes[value]
        if len(shape) < 3:
            return f"layer {value - 1}, neuron {cell}"
        channel, rest = divmod(cell, shape[1] * shape[2])
        row, column = divmod(rest, shape[2])
        return f"layer {value - 1}, channel {channel}, row {row}, column {column}"

    def ends_of(self, value: int, cell: int) -> tuple[int, int]:
        """The least and greatest that a value is for any input."""
        if is_constant(name := self.names[value][cell : cell + 1]).all():
            return int(constants_of(name)[0]), int(constants_of(name)[0])
        low, high = self._ends(self.bounds[value], value)
        return int(low[cell]), int(high[cell])

    def name(self, name: int) -> str:
        """What a name stands for, in words."""
        if name < 0:
            return "something else" if name == UNNAMED else f"the constant {constants_of(np.array(name))}"
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
                weights = weight[weight != 0].astype(np.int64)
                if layer.residual is not None:
                    other = self.names[self.network.sources[value - 1][1]][cells]
                    weights, found = _with_one_more(weights, found, int(layer.residual[channel]), other)
                return Taps(weights, found, np.ones(found.shape, np.bool_))
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


def _with_one_more(weights: I64, names: I64, weight: int, added: I64) -> tuple[I64, I64]:
    """Taps with one more, which may be of the same values as another: then it is that one's weight that changes."""
    same = np.flatnonzero((names == added[:, None]).all(axis=0))[:1]
    left = np.ones(len(weights), np.bool_)
    left[same] = False
    weight += int(weights[same].sum())
    more = np.full(min(abs(weight), 1), weight)  # nothing where they cancel
    named = added[:, None][:, : len(more)]
    return np.concatenate((weights[left], more)), np.concatenate((names[:, left], named), axis=1)


@dataclass(frozen=True, slots=True)
class _Windows:
    stride: Pair
    padding: Sides
    dilation: Pair
    border: int  # the name of what lies in the padding
