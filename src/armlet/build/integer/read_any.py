"""A build folder of either kind to its value."""

from pathlib import Path

from armlet.build.bundle import manifest_path
from armlet.build.integer.kind import INTEGERS, kind_of_manifest
from armlet.build.integer.read import IntegerBuild, read_integer_build
from armlet.build.read import Build, read_build


def read_any_build(folder: Path | str) -> Build | IntegerBuild:
    """Read a build folder, of a network in float32 or in integers. Raises `InputError`."""
    folder = Path(folder)
    return read_integer_build(folder) if kind_of_manifest(manifest_path(folder)) == INTEGERS else read_build(folder)
