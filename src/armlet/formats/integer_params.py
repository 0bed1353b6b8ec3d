"""PARAMS folders of networks in integers: network.toml, W_i.npy, b_i.npy, and what scales the sums of layer i back.

shift_i.npy, or multiplier_i.npy and exponent_i.npy; table_i.npy of a sigmoid or tanh. All are whole numbers in the
narrowest type that a reader expects, so that NumPy alone can run the network (docs/network.md).
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.formats.arrays import read_npy, write_npy
from armlet.formats.assemble import Tell, warn
from armlet.formats.integer_description import (
    IntegerDescription,
    IntegerLayerEntry,
    read_integer_description,
    show_integer_description,
    spread,
)
from armlet.integer.argmax import Argmax
from armlet.integer.formats import FORMATS
from armlet.integer.layers import IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier, Requantisation, Shift
from armlet.network.domain import InputDomain, Origin
from armlet.network.network import natural_shape

_I8, _I16, _I32 = np.dtype("i1"), np.dtype("<i2"), np.dtype("<i4")
_CURVES = ("sigmoid", "tanh")
_SCALINGS = {  # the arrays that each takes
    "shift": ("shift",),
    "multiplier": ("multiplier", "exponent"),
    "multiplier_once": ("multiplier", "exponent"),
    "none": (),
}


def read_integer_params(folder: Path, tell: Tell = warn) -> IntegerNetwork:
    """The network in integers in a PARAMS folder; `tell` hears which arrays are not read. Raises `InputError`."""
    said = read_integer_description(folder / "network.toml")
    read: set[str] = set()
    layers = tuple(_layer(folder, i, entry, read) for i, entry in enumerate(said.layer))
    arrays = {path.name for path in folder.iterdir() if path.suffix == ".npy"}
    if more := sorted(arrays - read):
        if f"W_{len(layers)}.npy" in more:
            problem = f"has {len(layers)} [[layer]], and there is a W_{len(layers)}.npy"
            raise InputError(folder / "network.toml", problem, "write one [[layer]] for each layer, in order")
        tell(f"{folder}: {', '.join(more[:8])} {'is' if len(more) == 1 else 'are'} not read")
    try:
        return _network(said, layers)
    except InputError as wrong:
        raise InputError(folder / "network.toml", f"{wrong.source} {wrong.problem}", wrong.hint) from wrong


def integer_params_files(network: IntegerNetwork) -> dict[str, bytes | str]:
    """The files of the PARAMS folder, by name."""
    files: dict[str, bytes | str] = {}
    for i, layer in enumerate(network.dense):
        arrays: dict[str, NDArray[Any]] = {"W": layer.weight.astype(narrowest(layer.weight))}
        arrays["b"] = layer.bias.astype(_I32)
        match layer.requantisation:
            case None:
                pass
            case Shift(shift):
                arrays["shift"] = shift.astype(_I8)
            case Multiplier(multiplier, exponent):
                arrays |= {"multiplier": multiplier.astype(_I32), "exponent": exponent.astype(_I8)}
        if layer.table is not None:
            arrays["table"] = layer.table.astype(_I32)
        files |= {f"{name}_{i}.npy": write_npy(array) for name, array in arrays.items()}
    files["network.toml"] = show_integer_description(network)
    return files


def narrowest(weight: NDArray[Any]) -> "np.dtype[Any]":
    """The type in which a layer's weights are written: int8, or int16 where 8 bits do not do."""
    return _I8 if np.array_equal(weight.astype(_I8), weight) else _I16


def _network(said: IntegerDescription, layers: tuple[IntegerDense, ...]) -> IntegerNetwork:
    inputs, outputs = layers[0].inputs, layers[-1].neurons
    shape = tuple(said.network.shape)
    if np.prod(shape, dtype=np.float64) != inputs:
        problem = f"{[*shape]} does not hold the {inputs} inputs of W_0.npy"
        raise InputError("network.shape", problem, f"write such as {[*natural_shape(inputs)]}")
    return IntegerNetwork(
        layers,
        _domain(said, inputs),
        shape,
        FORMATS[said.input.stored],
        spread("input.scale", said.input.scale, inputs),
        spread("input.zero", said.input.zero, inputs),
        spread("output.scale", said.output.scale, outputs),
        spread("output.zero", said.output.zero, outputs),
        said.provenance,
        said.network.output,
        _argmax(said, outputs),
    )


def _argmax(said: IntegerDescription, outputs: int) -> Argmax | None:
    if said.argmax is None:
        return None
    factor, offset = said.argmax.factor, said.argmax.offset
    return Argmax(spread("argmax.factor", factor, outputs), spread("argmax.offset", offset, outputs), said.argmax.shift)


def _domain(said: IntegerDescription, inputs: int) -> InputDomain:
    """The intervals as they are told; a normalisation is in the first layer's integers."""
    low, high, origin = said.input.low, said.input.high, said.input.origin
    if origin is Origin.UNDECLARED:
        if low is not None or high is not None:
            raise InputError("input", "has low or high and is called undeclared", 'write origin = "declared"')
        return InputDomain.undeclared(inputs)
    if low is None or high is None:
        raise InputError("input", f"is {origin.value} without low and high", "give both")
    ends = (spread("input.low", low, inputs), spread("input.high", high, inputs))
    return InputDomain(*ends, np.zeros(inputs), np.ones(inputs), origin)


def _layer(folder: Path, i: int, entry: IntegerLayerEntry, read: set[str]) -> IntegerDense:
    """Layer `i`; the names of its arrays are added to `read`."""

    def array(name: str, dimensions: int = 1) -> NDArray[Any]:
        read.add(f"{name}_{i}.npy")
        path = folder / f"{name}_{i}.npy"
        values = read_npy(path)
        if values.ndim != dimensions or 0 in values.shape:
            reads = "outputs x inputs" if dimensions == 2 else "one value for each output"
            raise InputError(path, f"has shape {values.shape}, armlet reads {reads}")
        if values.dtype.kind not in "iu" or values.dtype == np.uint64:
            raise InputError(path, f"holds {values.dtype}, not whole numbers", "save such as W.astype('int8')")
        return values

    weight, bias = array("W", 2), array("b")
    given = [array(name) for name in _SCALINGS[entry.scaling]]
    table = array("table") if entry.activation.value in _CURVES else None
    try:
        scaled, stored = _requantisation(given, entry.scaling == "multiplier_once"), FORMATS[entry.stored]
        low, high = spread("low", entry.low, len(bias)), spread("high", entry.high, len(bias))
        return IntegerDense(weight, bias, scaled, entry.activation, stored, low, high, entry.zero, entry.slope, table)
    except InputError as wrong:
        problem = f"layer[{i}]: {wrong.source} {wrong.problem}"
        raise InputError(folder / "network.toml", problem, wrong.hint) from wrong


def _requantisation(given: list[NDArray[Any]], once: bool) -> Requantisation | None:
    match [values.astype(np.int64) for values in given]:
        case [shift]:
            return Shift(shift)
        case [multiplier, exponent]:
            return Multiplier(multiplier, exponent, once)
        case _:
            return None
