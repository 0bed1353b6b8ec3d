"""The folder of a build in single precision with windows to the value that is verified."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.build.bundle import manifest_path
from armlet.build.floats.driver import FORMAT, FloatDriver
from armlet.build.floats.manifest import FloatManifest, PlanesEntry, read_float_manifest
from armlet.build.integer.read import refuse_note
from armlet.build.kind import AGAIN, check_writer, read_numbered
from armlet.build.read import LONGEST, files_in
from armlet.errors import InputError
from armlet.formats.params import read_params
from armlet.isa.core import LARGEST_RAM
from armlet.isa.find import find_integer_target, find_target
from armlet.isa.integer_target import IntegerTarget
from armlet.isa.target import Target
from armlet.network.drop_channels import drop_channels
from armlet.network.network import Network
from armlet.network.shapes import LARGEST
from armlet.storage import read_file
from armlet.tensors.floats.planes import homes_of, plane_shapes
from armlet.tensors.rows import WORD


@dataclass(frozen=True, slots=True, eq=False)
class FloatBuild:
    """What a build folder declares. Nothing of it is believed yet but its own network."""

    folder: Path
    manifest: FloatManifest
    network: Network
    computed: Network  # the same without the channels that need not be computed
    target: Target
    cores: IntegerTarget
    arithmetic: Arithmetic
    inputs: FloatDriver
    outputs: FloatDriver
    assembly: str
    files: Mapping[str, bytes]  # all that lies in the folder, by name

    @property
    def name(self) -> str:
        return self.manifest.name


def read_float_build(folder: Path | str) -> FloatBuild:
    """Read a build folder. Raises `InputError` with the file and the place in it."""
    folder = Path(folder)
    path = manifest_path(folder)
    manifest = read_float_manifest(path)
    name, network = manifest.name, read_params(folder, tell=refuse_note)
    target, arithmetic = find_target(manifest.target, manifest.dtype, manifest.multiply_add)
    inputs = _read_driver(folder / f"{name}_input_driver.json", "input", manifest.dtype, network.inputs)
    outputs = _read_driver(folder / f"{name}_output_driver.json", "output", manifest.dtype, network.outputs)
    if not inputs.block == outputs.block == manifest.memory.block:
        raise InputError(path, "speaks of another block than the drivers", AGAIN)
    check_writer(path, manifest.armlet)
    build = FloatBuild(
        folder=folder,
        manifest=manifest,
        network=network,
        computed=drop_channels(network).network,
        target=target,
        cores=find_integer_target(manifest.target),
        arithmetic=arithmetic,
        inputs=inputs,
        outputs=outputs,
        assembly=read_file(folder / f"{name}.S", LONGEST).decode("ascii", errors="replace"),
        files=files_in(folder, {*manifest.files}),
    )
    _check_vectors(path, build)
    _check_places(path, build)
    return build


def _read_driver(path: Path, direction: str, dtype: str, count: int) -> FloatDriver:
    """A driver file of `count` inputs or outputs: each in a word of its own, inside the block."""
    driver = read_numbered(path, FloatDriver, "a driver", FORMAT)
    if driver.direction != direction or len(driver.offsets) != count or driver.dtype != dtype:
        raise InputError(path, f"does not list {count} {direction}s of {dtype}", AGAIN)
    if not 0 <= driver.block <= LARGEST_RAM or driver.block % WORD:
        raise InputError(path, f"has a block of {driver.block} bytes", AGAIN)
    inside = all(0 <= at <= driver.block - WORD and at % WORD == 0 for at in driver.offsets)
    if not inside or len({*driver.offsets}) != count:
        raise InputError(path, f"puts an {direction} in no place of its own", AGAIN)
    return driver


def _check_vectors(path: Path, build: FloatBuild) -> None:
    network, largest = build.network, build.arithmetic.format.largest
    for i, vector in enumerate(build.manifest.vectors):
        if (len(vector.input), len(vector.output)) != (network.inputs, network.outputs):
            raise InputError(path, f"vectors[{i}] does not fit the network", AGAIN)
        if np.abs([*vector.input, *vector.output]).max() > largest:
            raise InputError(path, f"vectors[{i}] leaves {build.arithmetic.format.name}", AGAIN)


def _check_places(path: Path, build: FloatBuild) -> None:
    """Every value that has a place of its own has one in the block, in whole words, as the planes that it is."""
    shapes, manifest = plane_shapes(build.computed), build.manifest
    if [entry.number for entry in manifest.values] != sorted({*homes_of(build.computed)}):
        raise InputError(path, "values are not those of this network", AGAIN)
    for entry in manifest.values:
        if entry.shape != shapes[entry.number] or not _is_placed(entry, manifest.memory.block):
            raise InputError(path, f"values have number {entry.number} in no place of the block", AGAIN)
    if len(manifest.layers) != len(build.network.layers):
        raise InputError(path, "layers are not those of this network", AGAIN)


def _is_placed(entry: PlanesEntry, block: int) -> bool:
    border = (entry.top, entry.bottom, entry.left, entry.right)
    if not all(0 <= words <= LARGEST for words in border):
        return False
    return 0 <= entry.start <= entry.start + entry.size <= block and entry.start % WORD == 0
