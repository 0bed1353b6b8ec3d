"""Layers of a network in integers, to and from their [[layer]] and arrays.

A chain of dense layers says neither kind nor inputs; in any other network each layer says both, and inputs count as
`layers.py` of networks of real numbers does: "input", or the number of a layer from 0 on.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.formats.integers.entries import (
    AddEntry,
    AveragePoolEntry,
    ConvEntry,
    DenseEntry,
    Entry,
    MaxPoolEntry,
    Once,
    PoolEntry,
    ReshapeEntry,
    ScaledPoolEntry,
    SumsEntry,
)
from armlet.integer.formats import FORMATS, IntegerFormat
from armlet.integer.layers import (
    IntegerAdd,
    IntegerConv,
    IntegerDense,
    IntegerLayer,
    IntegerPool,
    PoolScaling,
    integer_kind_of,
)
from armlet.integer.requantise import Multiplier, Requantisation, Shift
from armlet.network.layers import Pair, Reduction, Reshape, Sides
from armlet.network.shapes import Wiring

Array = Callable[[str, int], NDArray[Any]]  # the array of a name in this layer, of so many dimensions

_INPUT = "input"
_CURVES = ("sigmoid", "tanh")
_I8, _I16, _I32 = np.dtype("i1"), np.dtype("<i2"), np.dtype("<i4")
_SCALINGS = {  # the arrays that each takes
    "shift": ("shift",),
    "multiplier": ("multiplier", "exponent"),
    "multiplier_once": ("multiplier", "exponent"),
    "none": (),
}


def spread(place: str, values: int | float | Sequence[int | float], count: int) -> NDArray[Any]:
    """One number for all, or one for each of `count`. Raises `InputError`."""
    given = np.asarray(values)
    if given.ndim and len(given) != count:
        raise InputError(place, f"has {len(given)} numbers for {count}", "give one, or one for each")
    return np.broadcast_to(given, (count,))


def shortest(values: NDArray[Any]) -> str:
    """One number where all are equal, otherwise the list; repr keeps every bit."""
    told = [repr(value) for value in values.tolist()]
    return told[0] if len({*told}) == 1 else f"[{', '.join(told)}]"


def narrowest(weight: NDArray[Any]) -> "np.dtype[Any]":
    """The type in which a layer's weights are written: int8, or int16 where 8 bits do not do."""
    return _I8 if np.array_equal(weight.astype(_I8), weight) else _I16


def wiring_of(entries: Sequence[Entry]) -> Wiring:
    """What each layer takes: what it names, or what the layer before gives."""
    return tuple(
        (i,) if entry.inputs is None else tuple(0 if name == _INPUT else int(name) + 1 for name in entry.inputs)
        for i, entry in enumerate(entries)
    )


def layer_of(entry: Entry, array: Array) -> IntegerLayer:
    """The layer that `entry` says, with its arrays. Raises `InputError` naming the key or the array."""
    match entry:
        case DenseEntry():
            return _sums_of(entry, array("W", 2), array)
        case ConvEntry():
            weight = array("W", 4)
            body = _sums_of(entry, weight.reshape(len(weight), -1), array)
            kernel = (weight.shape[2], weight.shape[3])
            windows = (kernel, entry.stride, entry.padding, entry.dilation, entry.groups, entry.border)
            return IntegerConv(body, *windows, _residual_of(entry, array))
        case MaxPoolEntry():
            return _pool_of(entry, Reduction.MAX, None)
        case AveragePoolEntry():
            return _pool_of(entry, Reduction.AVERAGE, None)
        case ScaledPoolEntry(scaling=scaling, bias=bias, multiplier=multiplier, exponent=exponent, zero=zero):
            by = PoolScaling(bias, multiplier, exponent, zero, scaling == "multiplier_once")
            return _pool_of(entry, Reduction.AVERAGE, by)
        case AddEntry():
            scaling, back = _of_addition(entry)
            stored = FORMATS[entry.stored]
            return IntegerAdd(entry.offset, entry.raised, scaling, back, stored, entry.low, entry.high, entry.zero)
        case ReshapeEntry(shape=shape):
            return Reshape(None if shape is None else tuple(shape))


def layer_arrays(layer: IntegerLayer) -> dict[str, NDArray[Any]]:
    """The arrays of a layer by name, in the narrowest type that a reader expects."""
    match layer:
        case IntegerDense():
            return {"W": layer.weight.astype(narrowest(layer.weight)), **_ends(layer)}
        case IntegerConv(body, residual=residual):
            more = {} if residual is None else {"residual": residual.astype(narrowest(residual))}
            return {"W": layer.weight.astype(narrowest(body.weight)), **_ends(body), **more}
        case _:
            return {}


def layer_lines(at: int, layer: IntegerLayer, sources: tuple[int, ...], in_chain: bool) -> Iterator[str]:
    """The lines of its [[layer]]."""
    yield f"[[layer]]{_comment(at, layer)}"
    if not in_chain:
        yield f'kind = "{integer_kind_of(layer)}"'
        named = (str(source - 1) if source else f'"{_INPUT}"' for source in sources)
        yield f"inputs = [{', '.join(named)}]"
    match layer:
        case IntegerDense():
            yield from _sum_lines(layer)
        case IntegerConv(body):
            yield from _sum_lines(body)
            yield from _window_lines(layer.stride, layer.padding)
            yield f"dilation = {[*layer.dilation]}"
            yield f"groups = {layer.groups}"
            yield f"border = {layer.border}"
        case IntegerPool():
            yield from _pool_lines(layer)
        case IntegerAdd():
            yield from _add_lines(layer)
        case Reshape(shape):
            yield from ([f"shape = {[*shape]}"] if shape else [])


def _comment(at: int, layer: IntegerLayer) -> str:
    body = layer.body if isinstance(layer, IntegerConv) else layer
    if not isinstance(body, IntegerDense):
        return f"  # {at}"
    match body.requantisation:
        case None:
            then = "the sums are the outputs"
        case Shift():
            then = f"shift_{at}.npy: sum >> shift"
        case Multiplier():
            then = f"multiplier_{at}.npy, exponent_{at}.npy, as in TensorFlow Lite"
    return f"  # {at}: {body.neurons} sums b_{at} + W_{at} q in int32; {then}"


def _sum_lines(layer: IntegerDense) -> Iterator[str]:
    match layer.requantisation:
        case None:
            scaling = "none"
        case Shift():
            scaling = "shift"
        case Multiplier(once=once):
            scaling = _once(once)
    yield f'activation = "{layer.activation.value}"'
    yield f'stored = "{layer.stored.name}"'
    yield f'scaling = "{scaling}"'
    yield from (f"low = {shortest(layer.low)}", f"high = {shortest(layer.high)}")
    yield from (f"zero = {layer.zero}", f"slope = {layer.slope}")


def _window_lines(stride: Pair, padding: Sides) -> Iterator[str]:
    yield from (f"stride = {[*stride]}", f"padding = {[*padding]}")


def _pool_lines(layer: IntegerPool) -> Iterator[str]:
    yield f"size = {[*layer.size]}" if layer.size else 'size = "global"'
    yield from _window_lines(layer.stride, layer.padding)
    yield from (f"low = {layer.low}", f"high = {layer.high}")
    if (by := layer.scaling) is not None:
        yield f'scaling = "{_once(by.once)}"'
        yield from (f"bias = {by.bias}", f"multiplier = {by.multiplier}", f"exponent = {by.exponent}")
        yield f"zero = {by.zero}"


def _once(once: bool) -> Once:
    """How a multiplier rounds."""
    return "multiplier_once" if once else "multiplier"


def _pool_of(entry: PoolEntry, reduction: Reduction, scaling: PoolScaling | None) -> IntegerPool:
    size = None if isinstance(entry.size, str) else entry.size
    return IntegerPool(reduction, size, entry.stride, entry.padding, entry.low, entry.high, scaling)


def _add_lines(layer: IntegerAdd) -> Iterator[str]:
    yield from (f"offset = {[*layer.offset]}", f"raised = {layer.raised}")
    yield f'scaling = "{_once(layer.scaling.once)}"'
    both, back = layer.scaling, layer.requantisation
    yield f"multiplier = {[*both.multiplier.tolist(), *back.multiplier.tolist()]}"
    yield f"exponent = {[*both.exponent.tolist(), *back.exponent.tolist()]}"
    yield f'stored = "{layer.stored.name}"'
    yield from (f"low = {layer.low}", f"high = {layer.high}", f"zero = {layer.zero}")


def _residual_of(entry: ConvEntry, array: Array) -> NDArray[Any] | None:
    """By what a second input is multiplied. Raises `InputError`."""
    try:
        return array("residual", 1) if len(entry.inputs or ()) > 1 else None
    except InputError as wrong:
        raise InputError(
            wrong.source, wrong.problem, "it is of a conv with two inputs, which adds the second"
        ) from wrong


def _of_addition(entry: AddEntry) -> tuple[Multiplier, Multiplier]:
    multiplier, exponent = np.array(entry.multiplier, np.int64), np.array(entry.exponent, np.int64)
    once = entry.scaling == "multiplier_once"
    return Multiplier(multiplier[:2], exponent[:2], once), Multiplier(multiplier[2:], exponent[2:], once)


def _sums_of(entry: SumsEntry, weight: NDArray[Any], array: Array) -> IntegerDense:
    bias = array("b", 1)
    given = [array(name, 1).astype(np.int64) for name in _SCALINGS[entry.scaling]]
    table = array("table", 1) if entry.activation.value in _CURVES else None
    low, high = spread("low", entry.low, len(bias)), spread("high", entry.high, len(bias))
    stored: IntegerFormat = FORMATS[entry.stored]
    scaled = _requantisation(given, entry.scaling == "multiplier_once")
    return IntegerDense(weight, bias, scaled, entry.activation, stored, low, high, entry.zero, entry.slope, table)


def _requantisation(given: list[NDArray[Any]], once: bool) -> Requantisation | None:
    match given:
        case [shift]:
            return Shift(shift)
        case [multiplier, exponent]:
            return Multiplier(multiplier, exponent, once)
        case _:
            return None


def _ends(layer: IntegerDense) -> dict[str, NDArray[Any]]:
    """Biases, what scales the sums back, and the table of a curve."""
    found: dict[str, NDArray[Any]] = {"b": layer.bias.astype(_I32)}
    match layer.requantisation:
        case None:
            pass
        case Shift(shift):
            found["shift"] = shift.astype(_I8)
        case Multiplier(multiplier, exponent):
            found |= {"multiplier": multiplier.astype(_I32), "exponent": exponent.astype(_I8)}
    if layer.table is not None:
        found["table"] = layer.table.astype(_I32)
    return found
