"""A build folder of any kind to its value."""

from pathlib import Path
from typing import TypeAlias

from armlet.build.bundle import manifest_path
from armlet.build.floats.read import FloatBuild, read_float_build
from armlet.build.integer.read import IntegerBuild, read_integer_build
from armlet.build.kind import INTEGERS, PLANES, TENSORS, kind_of_manifest
from armlet.build.read import Build, read_build
from armlet.build.tensors.read import TensorBuild, read_tensor_build

AnyBuild: TypeAlias = Build | IntegerBuild | TensorBuild | FloatBuild


def read_any_build(folder: Path | str) -> AnyBuild:
    """Read a build folder, of a network in float32, in integers, or with windows. Raises `InputError`."""
    folder = Path(folder)
    match kind_of_manifest(manifest_path(folder)):
        case kind if kind == INTEGERS:
            return read_integer_build(folder)
        case kind if kind == TENSORS:
            return read_tensor_build(folder)
        case kind if kind == PLANES:
            return read_float_build(folder)
        case _:
            return read_build(folder)
