"""Which kind of build a manifest is of, before it is read as a whole."""

from pathlib import Path

import msgspec

from armlet.storage import parse_json, read_file

INTEGERS = "integer"
TENSORS = "tensors"  # in integers, with windows
PLANES = "planes"  # in single precision, with windows
LONGEST = 32 << 20  # bytes; numbers take sixteen times their text in memory, and 300,000 inputs fit


class _Kind(msgspec.Struct):
    kind: str = "float32"  # older manifests do not say it


def kind_of_manifest(path: Path) -> str:
    """`INTEGERS` or `TENSORS` for a build in integers, `PLANES` or "float32" for others. Raises `InputError`."""
    return parse_json(path, read_file(path, LONGEST), _Kind, "a manifest", "compile the network again").kind
