"""network.toml: text to what it says of a network, and a network to its text. docs/network.md is the page for people.

Every table and key may be left out; what is there must be right, and an unknown key is refused.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from armlet.arithmetic.number_format import FLOAT32_FORMAT
from armlet.errors import InputError
from armlet.formats.declaration import Declaration, Layout
from armlet.formats.kinds import LayerEntry, check_entry, layer_lines
from armlet.formats.toml import toml_lines
from armlet.network.domain import Origin
from armlet.network.network import Network
from armlet.network.outputs import OutputKind
from armlet.storage import parse_toml, read_file

FORMAT = 1
_LONGEST = 8 << 20  # bytes of network.toml; four numbers for each of 90,000 inputs fit
_TOLD = {  # what network.toml says of a domain
    Origin.DECLARED: ("low", "high", "mean", "std"),
    Origin.IMPLIED: ("mean", "std"),
    Origin.UNDECLARED: (),
}

_Numbers = float | list[float]


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Literal["real"] = "real"  # "integer": formats/integers/description.py
    format: int = FORMAT
    inputs: int | None = None
    outputs: int | None = None
    shape: list[int] = []
    layout: Layout | None = None
    dtype: str = FLOAT32_FORMAT.name
    output: OutputKind | None = None


class _InputEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    low: _Numbers | None = None
    high: _Numbers | None = None
    mean: _Numbers | None = None
    std: _Numbers | None = None


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    network: _Header = _Header()
    layer: list[LayerEntry] = []
    input: _InputEntry = _InputEntry()
    provenance: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Description:
    """What a network.toml says."""

    declaration: Declaration = Declaration()
    provenance: dict[str, Any] = field(default_factory=dict)


def read_description(path: Path) -> Description:
    """Parse a network.toml. Raises `InputError` with the place."""
    return parse_description(path, read_file(path, _LONGEST))


def parse_description(path: Path, text: bytes) -> Description:
    """What the text of a network.toml says, which came from `path`. Raises `InputError` with the place."""
    try:
        said = msgspec.convert(parse_toml(path, text), _Document)
    except msgspec.ValidationError as wrong:
        raise InputError(path, str(wrong).replace("$.", ""), "docs/network.md shows every key") from wrong
    header = said.network
    if header.format != FORMAT:
        raise InputError(path, f"network.format is {header.format}, this armlet reads {FORMAT}")
    if header.dtype != FLOAT32_FORMAT.name:
        raise InputError(path, f"network.dtype is {header.dtype!r}", f'write dtype = "{FLOAT32_FORMAT.name}"')
    _check_entries(path, said.layer)
    words = {word: getattr(said.input, word) for word in ("low", "high", "mean", "std")}
    shape = tuple(header.shape) or None
    declaration = Declaration(
        **words,
        shape=shape,
        output=header.output,
        activation=tuple(entry.activation or "" for entry in said.layer) or None,
        slope=tuple(entry.slope for entry in said.layer) or None,
        width=tuple(entry.width for entry in said.layer) or None,
        ends=(header.inputs, header.outputs),
        layout=header.layout,
        layers=None if all(entry.is_plain for entry in said.layer) else tuple(said.layer),
    )
    return Description(declaration, said.provenance)


def _check_entries(path: Path, entries: list[LayerEntry]) -> None:
    for at, entry in enumerate(entries):
        try:
            check_entry(at, entry)
        except InputError as wrong:
            raise InputError(path, f"{wrong.source} {wrong.problem}", wrong.hint) from wrong


def show_description(network: Network) -> str:
    """The text of network.toml."""
    domain = network.domain
    lines = ["[network]", f"format = {FORMAT}", f"inputs = {network.inputs}", f"outputs = {network.outputs}"]
    lines += [f"shape = {list(network.shape)}", f'dtype = "{FLOAT32_FORMAT.name}"']
    lines += [f'output = "{network.output.value}"', ""] if network.output else [""]
    for at, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        lines += layer_lines(at, layer, sources)
    told = _TOLD[domain.origin]
    lines.append("[input]  # the closed interval of each raw input, and the normalisation of training")
    lines += [f"{name} = {_compact(getattr(domain, name))}" for name in told]
    lines += [] if "low" in told else [f"# low and high: {domain.describe()}"]
    if network.provenance:
        lines += ["", "[provenance]"]
        lines += toml_lines(network.provenance)
    return "\n".join(lines) + "\n"


def _compact(values: NDArray[np.float64]) -> str:
    """One number where all are equal, otherwise the list; repr keeps every bit."""
    first = float(values[0])
    return repr(first) if (values == first).all() else f"[{', '.join(repr(float(v)) for v in values)}]"
