"""Which kind of build a manifest is of, before it is read as a whole; and what is asked of all files of builds."""

from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from armlet.build import names
from armlet.errors import InputError
from armlet.storage import parse_json, read_file
from armlet.version import __version__

INTEGERS = "integer"
TENSORS = "tensors"  # in integers, with windows
PLANES = "planes"  # in single precision, with windows
AGAIN = "compile the network again"
LONGEST = 32 << 20  # bytes; numbers take sixteen times their text in memory, and 300,000 inputs fit


class _Kind(msgspec.Struct):
    kind: str = "float32"  # older manifests do not say it


def kind_of_manifest(path: Path) -> str:
    """`INTEGERS` or `TENSORS` for a build in integers, `PLANES` or "float32" for others. Raises `InputError`."""
    return parse_json(path, read_file(path, LONGEST), _Kind, "a manifest", AGAIN).kind


class _Numbered(Protocol):
    @property
    def format(self) -> int: ...


class _Manifest(_Numbered, Protocol):
    @property
    def name(self) -> str: ...


AnyFile = TypeVar("AnyFile", bound=_Numbered)
AnyManifest = TypeVar("AnyManifest", bound=_Manifest)


def read_numbered(path: Path, kind: type[AnyFile], what: str, number: int) -> AnyFile:
    """A file of a build, which must have the number of the format that this armlet reads. Raises `InputError`."""
    found = parse_json(path, read_file(path, LONGEST), kind, what, AGAIN)
    if found.format != number:
        raise InputError(path, f"format is {found.format}, this armlet reads {number}", AGAIN)
    return found


def read_manifest_as(path: Path, kind: type[AnyManifest], number: int) -> AnyManifest:
    """NAME.json of a kind of build. Raises `InputError` with the place."""
    manifest = read_numbered(path, kind, "a manifest", number)
    names.check_name(manifest.name)  # files are opened by it
    return manifest


def check_writer(path: Path, version: str) -> None:
    """Raise `InputError` for a manifest of another armlet: what it writes is held to what this one would."""
    if version != __version__:
        raise InputError(path, f"is by armlet {version[:20]!r}, this is {__version__}", AGAIN)
