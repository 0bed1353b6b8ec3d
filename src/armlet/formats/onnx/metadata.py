"""What armlet writes beside the graph of an ONNX file, so that reading it gives the same network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from armlet.errors import InputError
from armlet.formats.declaration import Declaration
from armlet.network.outputs import OutputKind
from armlet.storage import parse_json

KEY = "armlet"  # among the metadata of the file
FORMAT = 1

_Numbers = float | list[float]
_Extent = Annotated[int, msgspec.Meta(ge=1, le=1 << 24)]


class Metadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The domain and the shape to the bit, and what kind of layer each node called layer_0, layer_1, ... is."""

    format: int
    kinds: list[str]
    shape: Annotated[list[_Extent], msgspec.Meta(max_length=8)]
    output: OutputKind | None = None
    low: _Numbers | None = None
    high: _Numbers | None = None
    mean: _Numbers | None = None
    std: _Numbers | None = None


def read_metadata(path: Path, entries: Mapping[str, str]) -> Metadata | None:
    """What armlet said, if it wrote the file. Raises `InputError`."""
    if KEY not in entries:
        return None
    said = parse_json(path, entries[KEY].encode(), Metadata, "a file that armlet wrote", f"drop its metadata {KEY!r}")
    if said.format != FORMAT:
        raise InputError(path, f"says format {said.format} in its metadata, this armlet reads {FORMAT}")
    return said


def declaration_of(said: Metadata | None) -> Declaration:
    """The same as a declaration."""
    if said is None:
        return Declaration()
    return Declaration(said.low, said.high, said.mean, said.std, tuple(said.shape), said.output)


def kinds_of(said: Metadata | None) -> dict[str, str]:
    """The kind of layer of each node, by the node's name."""
    return {layer_name(i): kind for i, kind in enumerate(said.kinds)} if said else {}


def layer_name(i: int) -> str:
    """What the node of the i-th layer is called."""
    return f"layer_{i}"
