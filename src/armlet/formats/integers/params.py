"""PARAMS folders of networks in integers: network.toml, W_i.npy, b_i.npy, and what scales the sums of layer i back.

shift_i.npy, or multiplier_i.npy and exponent_i.npy; table_i.npy of a sigmoid or tanh, residual_i.npy of a
convolution that adds a second input. All are whole numbers in the
narrowest type that a reader expects, so that NumPy alone can run the network (docs/network.md).
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.formats.arrays import read_npy, write_npy
from armlet.formats.assemble import Tell, warn
from armlet.formats.integers.description import (
    IntegerDescription,
    read_integer_description,
    show_integer_description,
)
from armlet.formats.integers.entries import Entry
from armlet.formats.integers.layers import layer_arrays, layer_of, spread, wiring_of
from armlet.integer.argmax import Argmax
from armlet.integer.formats import FORMATS
from armlet.integer.layers import IntegerDense, IntegerLayer
from armlet.integer.network import IntegerNetwork
from armlet.integer.shapes import integer_shapes
from armlet.network.domain import InputDomain, Origin
from armlet.network.network import natural_shape
from armlet.network.shapes import LARGEST

_READS = {1: "one value for each output", 2: "outputs x inputs", 4: "outputs x inputs / groups x height x width"}


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
    for i, layer in enumerate(network.layers):
        files |= {f"{name}_{i}.npy": write_npy(array) for name, array in layer_arrays(layer).items()}
    files["network.toml"] = show_integer_description(network)
    return files


def _network(said: IntegerDescription, layers: tuple[IntegerLayer, ...]) -> IntegerNetwork:
    shape, wiring = tuple(said.network.shape), wiring_of(said.layer)
    inputs = _inputs(shape, layers[0])
    outputs = math.prod(integer_shapes(layers, wiring, shape)[-1])
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
        wiring,
    )


def _inputs(shape: tuple[int, ...], first: IntegerLayer) -> int:
    """How many inputs there are. Raises `InputError`."""
    held = math.prod(shape)
    if isinstance(first, IntegerDense) and held != first.inputs:
        problem = f"{[*shape]} does not hold the {first.inputs} inputs of W_0.npy"
        raise InputError("network.shape", problem, f"write such as {[*natural_shape(first.inputs)]}")
    if held > LARGEST:
        raise InputError("network.shape", f"{[*shape]} has more than {LARGEST} values")
    return held


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


def _layer(folder: Path, i: int, entry: Entry, read: set[str]) -> IntegerLayer:
    """Layer `i`; the names of its arrays are added to `read`."""

    def array(name: str, dimensions: int) -> NDArray[Any]:
        read.add(f"{name}_{i}.npy")
        path = folder / f"{name}_{i}.npy"
        values = read_npy(path)
        if values.ndim != dimensions or 0 in values.shape:
            raise InputError(path, f"has shape {values.shape}, armlet reads {_READS[dimensions]}")
        if values.dtype.kind not in "iu" or values.dtype == np.uint64:
            raise InputError(path, f"holds {values.dtype}, not whole numbers", "save such as W.astype('int8')")
        return values

    try:
        return layer_of(entry, array)
    except InputError as wrong:
        if str(wrong.source).startswith(str(folder)):
            raise
        problem = f"layer[{i}]: {wrong.source} {wrong.problem}"
        raise InputError(folder / "network.toml", problem, wrong.hint) from wrong
