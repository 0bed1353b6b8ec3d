"""The folder of a build for tensors to the value that is verified."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from armlet.build.bundle import manifest_path
from armlet.build.integer.read import check_vectors, integer_target_of, refuse_note
from armlet.build.kind import AGAIN, check_writer, read_numbered
from armlet.build.read import LONGEST, files_in
from armlet.build.tensors.driver import FORMAT, TensorDriver
from armlet.build.tensors.manifest import PlaceEntry, TensorManifest, read_tensor_manifest
from armlet.errors import InputError
from armlet.formats.integers.params import read_integer_params
from armlet.integer.drop_channels import drop_channels
from armlet.integer.formats import IntegerFormat
from armlet.integer.network import IntegerNetwork
from armlet.isa.core import LARGEST_RAM
from armlet.isa.integer_target import IntegerTarget
from armlet.network.shapes import LARGEST
from armlet.storage import read_file
from armlet.tensors.plan import planes

_WORD = 4


@dataclass(frozen=True, slots=True, eq=False)
class TensorBuild:
    """What a build folder declares. Nothing of it is believed yet but its own network."""

    folder: Path
    manifest: TensorManifest
    network: IntegerNetwork
    computed: IntegerNetwork  # the same without channels that need no computing
    target: IntegerTarget
    inputs: TensorDriver
    outputs: TensorDriver
    assembly: str
    files: Mapping[str, bytes]  # all that lies in the folder, by name

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def stored(self) -> IntegerFormat:
        """The format of the results."""
        return self.network.result_format


def read_tensor_build(folder: Path | str) -> TensorBuild:
    """Read a build folder. Raises `InputError` with the file and the place in it."""
    folder = Path(folder)
    path = manifest_path(folder)
    manifest = read_tensor_manifest(path)
    name, target = manifest.name, integer_target_of(path, manifest.target)
    network = read_integer_params(folder, tell=refuse_note)
    inputs = _read_driver(folder / f"{name}_input_driver.json", "input", network.input_format, network.inputs)
    outputs = _read_driver(folder / f"{name}_output_driver.json", "output", network.result_format, network.results)
    if not inputs.block == outputs.block == manifest.memory.block:
        raise InputError(path, "speaks of another block than the drivers", AGAIN)
    check_writer(path, manifest.armlet)
    build = TensorBuild(
        folder=folder,
        manifest=manifest,
        network=network,
        computed=drop_channels(network).network,
        target=target,
        inputs=inputs,
        outputs=outputs,
        assembly=read_file(folder / f"{name}.S", LONGEST).decode("ascii", errors="replace"),
        files=files_in(folder, {*manifest.files}),
    )
    check_vectors(path, manifest.vectors, network)
    _check_places(path, build)
    return build


def _read_driver(path: Path, direction: str, stored: IntegerFormat, count: int) -> TensorDriver:
    """A driver file of `count` inputs or outputs: each in bytes of its own, inside the block."""
    driver = read_numbered(path, TensorDriver, "a driver", FORMAT)
    if driver.direction != direction or [value.index for value in driver.values] != list(range(count)):
        raise InputError(path, f"does not list {count} {direction}s in order", AGAIN)
    if not 0 <= driver.block <= LARGEST_RAM or driver.block % _WORD:
        raise InputError(path, f"has a block of {driver.block} bytes", AGAIN)
    if (driver.dtype, driver.bytes) != (stored.name, stored.bytes):
        raise InputError(path, f"has {driver.bytes} bytes of {driver.dtype!r}, not {stored.name}", AGAIN)
    taken = np.zeros(driver.block, bool)
    for value in driver.values:
        here = slice(value.offset, value.offset + driver.bytes)
        if value.offset % driver.bytes or here.start < 0 or here.stop > driver.block or taken[here].any():
            raise InputError(path, f"{direction} {value.index} has offset {value.offset}, no place of its own", AGAIN)
        if not 0 <= value.lift < 1 << 8:
            raise InputError(path, f"{direction} {value.index} has a lift of {value.lift}", AGAIN)
        taken[here] = True
    return driver


def _check_places(path: Path, build: TensorBuild) -> None:
    """Every tensor is the network's, and lies in the block, in whole words."""
    manifest, network = build.manifest, build.computed
    shapes = {k: planes(shape) for k, shape in enumerate(network.shapes)}
    sources = {i: shapes[taken[0]] for i, taken in enumerate(network.sources)}
    for what, entries, known in (("values", manifest.values, shapes), ("taken", manifest.taken, sources)):
        numbers = [entry.number for entry in entries]
        if numbers != sorted({*numbers}) or not {*numbers} <= known.keys():
            raise InputError(path, f"{what} are not of this network's layers", AGAIN)
        for entry in entries:
            if entry.shape != known[entry.number] or not _is_placed(entry, manifest.memory.block):
                raise InputError(path, f"{what} have number {entry.number} in no place of the block", AGAIN)
    if not manifest.values or manifest.values[0].number != 0:
        raise InputError(path, "values do not begin with the network's input", AGAIN)


def _is_placed(entry: PlaceEntry, block: int) -> bool:
    border = (entry.top, entry.bottom, entry.left, entry.right)
    if not 0 < entry.split <= LARGEST or not all(0 <= words <= LARGEST for words in border):
        return False
    return 0 <= entry.start <= entry.start + entry.size <= block and entry.start % _WORD == 0
