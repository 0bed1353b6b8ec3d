"""The arrays of one layer of a network in integers: what they are read into, and what is written."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.formats.integers.entries import (
    AddEntry,
    AveragePoolEntry,
    ConvEntry,
    DenseEntry,
    IntegerLayerEntry,
    MaxPoolEntry,
    ReshapeEntry,
)
from armlet.integer.formats import FORMATS
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerLayer, IntegerPool, body_of
from armlet.integer.requantise import Multiplier, Requantisation, Shift
from armlet.network.layers import Reduction, Reshape

_I8, _I16, _I32 = np.dtype("i1"), np.dtype("<i2"), np.dtype("<i4")
_CURVES = ("sigmoid", "tanh")
_SCALINGS = {  # the arrays that each takes
    "shift": ("shift",),
    "multiplier": ("multiplier", "exponent"),
    "multiplier_once": ("multiplier", "exponent"),
    "none": (),
}
_PARTS = 3  # multipliers of an addition: of both that are added, and of their sum

Arrays: TypeAlias = Callable[[str, int], NDArray[Any]]  # an array of the layer by name, of so many dimensions


def layer_read(entry: IntegerLayerEntry, array: Arrays) -> IntegerLayer:
    """The layer that an entry and its arrays are of. Raises `InputError` naming what is wrong."""
    match entry:
        case DenseEntry():
            return _body(entry, array("W", 2), array)
        case ConvEntry():
            weight = array("W", 4)
            body = _body(entry, weight.reshape(len(weight), -1), array)
            kernel, (down, across) = weight.shape[2:], entry.stride
            top, left, bottom, right = entry.padding
            windows = (down, across), (top, left, bottom, right), (entry.dilation[0], entry.dilation[1])
            return IntegerConv(body, (kernel[0], kernel[1]), *windows, entry.groups, entry.border)
        case MaxPoolEntry() | AveragePoolEntry():
            reduction = Reduction.MAX if isinstance(entry, MaxPoolEntry) else Reduction.AVERAGE
            size = None if isinstance(entry.size, str) else (entry.size[0], entry.size[1])
            top, left, bottom, right = entry.padding
            stride = entry.stride[0], entry.stride[1]
            return IntegerPool(reduction, size, stride, (top, left, bottom, right), entry.low, entry.high)
        case AddEntry():
            return _addition(entry, array)
        case ReshapeEntry(shape=shape):
            return Reshape(None if shape is None else tuple(shape))


def arrays_of(layer: IntegerLayer) -> dict[str, NDArray[Any]]:
    """The arrays of a layer by name, each in its narrowest type."""
    found: dict[str, NDArray[Any]] = {}
    if (body := body_of(layer)) is not None:
        weight = layer.weight if isinstance(layer, IntegerConv) else body.weight
        found = {"W": weight.astype(narrowest(weight)), "b": body.bias.astype(_I32)}
        found |= _scaling(body.requantisation)
        found |= {} if body.table is None else {"table": body.table.astype(_I32)}
    elif isinstance(layer, IntegerAdd):
        parts = (layer.scaling, layer.requantisation)
        for name, dtype in (("multiplier", _I32), ("exponent", _I8)):
            found[name] = np.concatenate([getattr(part, name) for part in parts]).astype(dtype)
    return found


def narrowest(weight: NDArray[Any]) -> "np.dtype[Any]":
    """The type in which a layer's weights are written: int8, or int16 where 8 bits do not do."""
    return _I8 if np.array_equal(weight.astype(_I8), weight) else _I16


def spread(place: str, values: "int | float | list[int] | list[float]", count: int) -> NDArray[Any]:
    """One number for all, or one for each of `count`. Raises `InputError`."""
    given = np.asarray(values)
    if given.ndim and len(given) != count:
        raise InputError(place, f"has {len(given)} numbers for {count}", "give one, or one for each")
    return np.broadcast_to(given, (count,))


def _body(entry: DenseEntry | ConvEntry, weight: NDArray[Any], array: Arrays) -> IntegerDense:
    bias = array("b", 1)
    given = [array(name, 1) for name in _SCALINGS[entry.scaling]]
    table = array("table", 1) if entry.activation.value in _CURVES else None
    scaled, stored = _requantisation(given, entry.scaling == "multiplier_once"), FORMATS[entry.stored]
    low, high = spread("low", entry.low, len(bias)), spread("high", entry.high, len(bias))
    return IntegerDense(weight, bias, scaled, entry.activation, stored, low, high, entry.zero, entry.slope, table)


def _requantisation(given: list[NDArray[Any]], once: bool) -> Requantisation | None:
    match [values.astype(np.int64) for values in given]:
        case [shift]:
            return Shift(shift)
        case [multiplier, exponent]:
            return Multiplier(multiplier, exponent, once)
        case _:
            return None


def _addition(entry: AddEntry, array: Arrays) -> IntegerAdd:
    multiplier, exponent = (array(name, 1).astype(np.int64) for name in ("multiplier", "exponent"))
    if not len(multiplier) == len(exponent) == _PARTS:
        raise InputError("multiplier", "is not of three: of both that are added, and of their sum")
    return IntegerAdd(
        (entry.offset[0], entry.offset[1]),
        entry.raised,
        Multiplier(multiplier[:2], exponent[:2], entry.scaling == "multiplier_once"),
        Multiplier(multiplier[2:], exponent[2:], entry.rescaling == "multiplier_once"),
        FORMATS[entry.stored],
        entry.low,
        entry.high,
        entry.zero,
    )


def _scaling(by: Requantisation | None) -> dict[str, NDArray[Any]]:
    match by:
        case None:
            return {}
        case Shift(shift):
            return {"shift": shift.astype(_I8)}
        case Multiplier(multiplier, exponent):
            return {"multiplier": multiplier.astype(_I32), "exponent": exponent.astype(_I8)}
