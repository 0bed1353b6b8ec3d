"""network.toml of a network in integers: formats, scales, zeros and clamps, to and from text.

Every key is there, and [argmax] where it is meant: what is computed must not hang on a default. docs/network.md is the
page for people.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from armlet.errors import InputError
from armlet.formats.integers.entries import Entry, Stored, Whole, Wholes
from armlet.formats.integers.layers import layer_lines, shortest
from armlet.formats.toml import toml_lines
from armlet.integer.network import IntegerNetwork
from armlet.network.domain import Origin
from armlet.network.outputs import OutputKind
from armlet.network.shapes import LARGEST
from armlet.storage import read_toml

KIND = "integer"  # of network.kind
FORMAT = 1
_LONGEST = 8 << 20  # bytes of network.toml, as for networks of real numbers

_Numbers = float | list[float]


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Literal["integer"]
    format: int
    shape: Annotated[list[Annotated[int, msgspec.Meta(ge=1, le=LARGEST)]], msgspec.Meta(min_length=1, max_length=4)]
    output: OutputKind | None = None


class _InputEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stored: Stored
    scale: _Numbers
    zero: Wholes
    origin: Origin
    low: _Numbers | None = None
    high: _Numbers | None = None


class _OutputEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    scale: _Numbers
    zero: Wholes


class _ArgmaxEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[argmax], where the number of the largest output is given in place of all."""

    factor: Wholes
    offset: Wholes
    shift: Whole


class IntegerDescription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    network: _Header
    layer: Annotated[list[Entry], msgspec.Meta(min_length=1, max_length=1000)]
    input: _InputEntry
    output: _OutputEntry
    argmax: _ArgmaxEntry | None = None
    provenance: dict[str, Any] = {}


def kind_of_description(path: Path) -> str:
    """What a network.toml says under network.kind; empty where it says nothing. Raises `InputError`."""
    header = read_toml(path, _LONGEST).get("network", {})
    return str(header.get("kind", "")) if isinstance(header, dict) else ""


def read_integer_description(path: Path) -> IntegerDescription:
    """Parse the network.toml of a network in integers. Raises `InputError` with the place."""
    try:
        said = msgspec.convert(_with_kinds(read_toml(path, _LONGEST)), IntegerDescription)
    except msgspec.ValidationError as wrong:
        raise InputError(path, str(wrong).replace("$.", ""), "docs/network.md shows every key") from wrong
    if said.network.format != FORMAT:
        raise InputError(path, f"network.format is {said.network.format}, this armlet reads {FORMAT}")
    return said


def _with_kinds(said: dict[str, Any]) -> dict[str, Any]:
    """The same, where a layer that says nothing of its kind is dense."""
    layers = said.get("layer")
    if not isinstance(layers, list):
        return said
    told = [{"kind": "dense", **layer} if isinstance(layer, dict) else layer for layer in layers]
    return {**said, "layer": told}


def show_integer_description(network: IntegerNetwork) -> str:
    """The text of network.toml."""
    domain = network.domain
    lines = ["[network]", f'kind = "{KIND}"', f"format = {FORMAT}", f"shape = {list(network.shape)}"]
    lines += [f'output = "{network.output.value}"', ""] if network.output else [""]
    for at, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        lines += [*layer_lines(at, layer, sources, network.is_chain), ""]
    lines.append("[input]  # x is stored as clip(round(x / scale) + zero), at the ends of its interval")
    lines += [f'stored = "{network.input_format.name}"', f"scale = {shortest(network.input_scale)}"]
    lines += [f"zero = {shortest(network.input_zero)}", f'origin = "{domain.origin.value}"']
    lines += [f"{end} = {shortest(getattr(domain, end))}" for end in ("low", "high") if domain.is_declared]
    lines += ["", "[output]  # a stored output q stands for scale * (q - zero)"]
    lines += [f"scale = {shortest(network.output_scale)}", f"zero = {shortest(network.output_zero)}"]
    if network.argmax is not None:
        lines += [
            "",
            "[argmax]  # given is which output has the largest factor * ((q + offset) >> shift), the first of equals",
        ]
        factor, offset = shortest(network.argmax.factor), shortest(network.argmax.offset)
        lines += [f"factor = {factor}", f"offset = {offset}", f"shift = {network.argmax.shift}"]
    if network.provenance:
        lines += ["", "[provenance]", *toml_lines(network.provenance)]
    return "\n".join(lines) + "\n"
