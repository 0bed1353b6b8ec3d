"""PARAMS folders: W_i.npy and b_i.npy for each layer, and network.toml for what arrays cannot say."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.network.activation import SLOPE, Activation
from armlet.network.arrays import read_npy, write_npy
from armlet.network.domain import InputDomain, Origin, domain_of
from armlet.network.network import Layer, Network, OutputKind, multilayer_perceptron, natural_shape
from armlet.storage import read_toml, write_folder

FORMAT = 1
_ALONE = ("W_*.npy", "b_*.npy", "network.toml", "trace.json", "trace.svg")
OWNS = (*_ALONE, *(f"path/s*/{name}" for name in _ALONE))  # what a PARAMS folder may hold
_LONGEST = 8 << 20  # bytes of network.toml; four numbers for each of 90,000 inputs fit

_Numbers = float | list[float]
_TOLD = {  # what network.toml says of a domain
    Origin.DECLARED: ("low", "high", "mean", "std"),
    Origin.IMPLIED: ("mean", "std"),
    Origin.UNDECLARED: (),
}


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    inputs: int
    outputs: int
    shape: list[int] = []
    dtype: str = "float32"
    output: OutputKind | None = None


class _LayerEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    width: int
    activation: Activation
    slope: float | None = None  # of leaky_relu


class _InputEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    low: _Numbers | None = None
    high: _Numbers | None = None
    mean: _Numbers | None = None
    std: _Numbers | None = None


class _Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    network: _Header
    layer: list[_LayerEntry]
    input: _InputEntry = _InputEntry()
    provenance: dict[str, Any] = {}


def read_params(folder: Path) -> Network:
    """The network in a PARAMS folder. Raises `InputError` with the file and the place in it."""
    if not folder.is_dir():
        raise InputError(folder, "is not a PARAMS folder", "give the folder that holds W_0.npy and b_0.npy")
    count = len([p for p in folder.iterdir() if re.fullmatch(r"W_\d+\.npy", p.name)])
    if count == 0:
        raise InputError(folder, "holds no W_0.npy", "give the folder that holds W_0.npy and b_0.npy")
    path = folder / "network.toml"
    described = _read_description(path) if path.exists() else None  # it is smaller than the arrays
    weights = [_parameter(folder / f"W_{i}.npy", 2) for i in range(count)]
    biases = [_parameter(folder / f"b_{i}.npy", 1) for i in range(count)]
    for i, (weight, bias) in enumerate(zip(weights, biases)):
        if len(bias) != len(weight):
            raise InputError(folder / f"b_{i}.npy", f"has {len(bias)} values, W_{i}.npy gives {len(weight)}")
        if i and weight.shape[1] != len(weights[i - 1]):
            problem = f"takes {weight.shape[1]} values, layer {i - 1} gives {len(weights[i - 1])}"
            raise InputError(folder / f"W_{i}.npy", problem, "write each W as outputs x inputs")
    if described is None:
        return multilayer_perceptron([*weights], [*biases])
    return _described(path, described, weights, biases)


def write_params(network: Network, folder: Path, extra: Mapping[str, bytes | str] | None = None) -> None:
    """Write `network` as a PARAMS folder, whole or not at all; `extra` files (a trace) go in beside it."""
    write_folder(folder, {**params_files(network), **(extra or {})}, OWNS)


def params_files(network: Network) -> dict[str, bytes | str]:
    """The files of a PARAMS folder, by name."""
    files: dict[str, bytes | str] = {}
    for i, layer in enumerate(network.layers):
        files[f"W_{i}.npy"] = write_npy(layer.weight)
        files[f"b_{i}.npy"] = write_npy(layer.bias)
    files["network.toml"] = show_description(network)
    return files


def show_description(network: Network) -> str:
    """The text of network.toml."""
    domain = network.domain
    lines = ["[network]", f"format = {FORMAT}", f"inputs = {network.inputs}", f"outputs = {network.outputs}"]
    lines += [f"shape = {list(network.shape)}", 'dtype = "float32"']
    lines += [f'output = "{network.output.value}"', ""] if network.output else [""]
    for layer in network.layers:
        lines += ["[[layer]]", f"width = {layer.outputs}", f'activation = "{layer.activation.value}"']
        lines += [f"slope = {layer.slope!r}", ""] if layer.activation is Activation.LEAKY_RELU else [""]
    told = _TOLD[domain.origin]
    lines.append("[input]  # the closed interval of each raw input, and the normalisation of training")
    lines += [f"{name} = {_compact(getattr(domain, name))}" for name in told]
    lines += [] if "low" in told else [f"# low and high: {domain.describe()}"]
    if network.provenance:
        lines += ["", "[provenance]"]
        lines += [f"{_key(key)} = {_value(value)}" for key, value in sorted(network.provenance.items())]
    return "\n".join(lines) + "\n"


def _described(path: Path, described: _Description, weights: list[NDArray[Any]], biases: list[NDArray[Any]]) -> Network:
    header = described.network
    if header.format != FORMAT:
        raise InputError(path, f"network.format is {header.format}, this armlet reads {FORMAT}")
    if header.dtype != "float32":
        raise InputError(path, f"network.dtype is {header.dtype!r}", 'write dtype = "float32"')
    found = (weights[0].shape[1], len(weights[-1]))
    if (header.inputs, header.outputs) != found:
        raise InputError(path, f"network says {header.inputs} inputs and {header.outputs} outputs, W says {found}")
    widths = [entry.width for entry in described.layer]
    if widths != [len(bias) for bias in biases]:
        raise InputError(path, f"layer widths are {widths}, the arrays give {[len(bias) for bias in biases]}")
    domain = _domain(path, described.input, header.inputs)
    shape = tuple(header.shape) or natural_shape(header.inputs)
    layers = tuple(_layer(path, *each) for each in enumerate(zip(weights, biases, described.layer)))
    try:
        return Network(layers, domain, shape, described.provenance, header.output)
    except InputError as wrong:
        raise InputError(path, f"{wrong.source} {wrong.problem}", wrong.mend) from wrong


def _layer(path: Path, at: int, parts: tuple[NDArray[Any], NDArray[Any], _LayerEntry]) -> Layer:
    weight, bias, entry = parts
    slope = SLOPE if entry.slope is None else entry.slope
    if entry.slope is not None and entry.activation is not Activation.LEAKY_RELU:
        problem = f"layer[{at}].slope is given, and {entry.activation.value} has none"
        raise InputError(path, problem, "leave it out, or write leaky_relu")
    if not 0 < np.float32(slope) < 1:
        raise InputError(path, f"layer[{at}].slope is {slope}", f"give a number between 0 and 1, such as {SLOPE}")
    return Layer(weight, bias, entry.activation, slope)


def _read_description(path: Path) -> _Description:
    table = read_toml(path, _LONGEST)
    try:
        return msgspec.convert(table, _Description)
    except msgspec.ValidationError as wrong:
        known = ", ".join(kind.value for kind in Activation)
        mend = f"this armlet knows {known}" if ".activation" in str(wrong) else ""
        raise InputError(path, str(wrong).replace("$.", ""), mend) from wrong


def _domain(path: Path, entry: _InputEntry, inputs: int) -> InputDomain:
    told = {name: getattr(entry, name) for name in ("low", "high", "mean", "std")}
    for name, given in told.items():
        if isinstance(given, list) and len(given) not in (1, inputs):
            raise InputError(path, f"input.{name} has {len(given)} values for {inputs} inputs")
    try:
        return domain_of(inputs, **told)
    except InputError as wrong:
        raise InputError(path, f"{wrong.source} {wrong.problem}", wrong.mend) from wrong


def _parameter(path: Path, dimensions: int) -> NDArray[np.float32]:
    array = read_npy(path)
    if array.ndim != dimensions or 0 in array.shape:
        wanted = "outputs x inputs" if dimensions == 2 else "one value for each output"
        raise InputError(path, f"has shape {array.shape}, armlet reads {wanted}")
    with np.errstate(over="ignore"):
        values = array.astype(np.float32)
    if not np.isfinite(values).all():
        place = ", ".join(str(i) for i in np.argwhere(~np.isfinite(values))[0])
        raise InputError(
            path, f"[{place}] is {array[tuple(np.argwhere(~np.isfinite(values))[0])]}", "give finite float32"
        )
    return values


def _compact(values: NDArray[np.float64]) -> str:
    """One number where all are equal, otherwise the list; repr keeps every bit."""
    first = float(values[0])
    return repr(first) if (values == first).all() else f"[{', '.join(repr(float(v)) for v in values)}]"


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _value(key)


def _value(value: Any) -> str:
    """A TOML value; JSON's strings, numbers, booleans and lists are TOML's too, but for one control character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
