"""The folder of a build in integers to the value that is verified."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from armlet.build.bundle import manifest_path
from armlet.build.integer.driver import FORMAT, IntegerDriver
from armlet.build.integer.manifest import IntegerManifest, IntegerVectorEntry, read_integer_manifest
from armlet.build.kind import AGAIN, check_writer, read_numbered
from armlet.build.read import LONGEST, files_in
from armlet.errors import InputError
from armlet.formats.integers.params import read_integer_params
from armlet.integer.formats import FORMATS, IntegerFormat
from armlet.integer.network import IntegerNetwork
from armlet.isa.core import LARGEST_RAM
from armlet.isa.integer_target import IntegerTarget
from armlet.isa.targets import INTEGER_TARGETS
from armlet.storage import read_file

_WORD = 4  # bytes that the block and the inputs' part of it are multiples of


@dataclass(frozen=True, slots=True, eq=False)
class IntegerBuild:
    """What a build folder declares. Nothing of it is believed yet but its own network."""

    folder: Path
    manifest: IntegerManifest
    network: IntegerNetwork
    target: IntegerTarget
    inputs: IntegerDriver
    outputs: IntegerDriver
    assembly: str
    files: Mapping[str, bytes]  # all that lies in the folder, by name

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def stored(self) -> IntegerFormat:
        """The format of the results."""
        return self.network.result_format


def read_integer_build(folder: Path | str) -> IntegerBuild:
    """Read a build folder. Raises `InputError` with the file and the place in it."""
    folder = Path(folder)
    path = manifest_path(folder)
    manifest = read_integer_manifest(path)
    name, target = manifest.name, integer_target_of(path, manifest.target)
    network = read_integer_params(folder, tell=refuse_note)
    inputs = read_integer_driver(folder / f"{name}_input_driver.json", "input", network.inputs)
    outputs = read_integer_driver(folder / f"{name}_output_driver.json", "output", network.results)
    _check_fields(folder, inputs, outputs, network)
    if (inputs.block, inputs.inputs) != (outputs.block, outputs.inputs):
        raise InputError(folder / f"{name}_output_driver.json", "speaks of another block than the inputs'", AGAIN)
    check_writer(path, manifest.armlet)
    build = IntegerBuild(
        folder=folder,
        manifest=manifest,
        network=network,
        target=target,
        inputs=inputs,
        outputs=outputs,
        assembly=read_file(folder / f"{name}.S", LONGEST).decode("ascii", errors="replace"),
        files=files_in(folder, {*manifest.files}),
    )
    check_vectors(path, manifest.vectors, network)
    return build


def read_integer_driver(path: Path, direction: str, count: int) -> IntegerDriver:
    """A driver file of `count` inputs or outputs: each value in a place of its own, inside its part of the block."""
    driver = read_numbered(path, IntegerDriver, "a driver", FORMAT)
    if driver.direction != direction or [value.index for value in driver.values] != list(range(count)):
        raise InputError(path, f"does not list {count} {direction}s in order", AGAIN)
    if not 0 <= driver.inputs <= driver.block <= LARGEST_RAM or driver.block % _WORD or driver.inputs % _WORD:
        raise InputError(path, f"has a block of {driver.block} bytes, {driver.inputs} of inputs", AGAIN)
    begin, end = (0, driver.inputs) if direction == "input" else (driver.inputs, driver.block)
    if driver.dtype not in FORMATS:
        raise InputError(path, f"dtype is {driver.dtype!r}", AGAIN)
    taken = np.zeros(end - begin, bool)
    for value in driver.values:
        if value.place == "unused" and direction == "input":
            continue
        if value.offset is None or value.bytes not in (1, 2, 4):
            raise InputError(path, f"{direction} {value.index} lies nowhere, or has no such field", AGAIN)
        here = slice(value.offset - begin, value.offset - begin + value.bytes)
        if value.offset % value.bytes or here.start < 0 or here.stop > len(taken):
            raise InputError(path, f"{direction} {value.index} has offset {value.offset}, beyond its part", AGAIN)
        if direction == "input" and taken[here].any():  # who fills the block may do so in any order
            raise InputError(path, f"{direction} {value.index} lies over another one", AGAIN)
        taken[here] = True
    return driver


def _check_fields(folder: Path, inputs: IntegerDriver, outputs: IntegerDriver, network: IntegerNetwork) -> None:
    """Inputs lie in fields that hold their interval, which may be less than the format; outputs have all of theirs."""
    for value, low, high in zip(inputs.values, *(end.tolist() for end in network.input_ends)):
        bits = 8 * (value.bytes or 4)
        if low < -(1 << bits - 1) or high >= 1 << bits:
            what = f"input {value.index} has {value.bytes} bytes for values from {low} to {high}"
            raise InputError(folder / f"{inputs.name}_input_driver.json", what, AGAIN)
    stored = network.result_format
    for value in outputs.values:
        if (value.bytes or 0) < stored.bytes:
            what = f"output {value.index} has {value.bytes} bytes for {stored.name}"
            raise InputError(folder / f"{inputs.name}_output_driver.json", what, AGAIN)


def check_vectors(path: Path, vectors: Sequence[IntegerVectorEntry], network: IntegerNetwork) -> None:
    """Test vectors are of the network's sizes and formats. Raises `InputError`."""
    ends = (network.input_format, network.result_format)
    for i, vector in enumerate(vectors):
        both = vector.input, vector.output
        if tuple(map(len, both)) != (network.inputs, network.results):
            raise InputError(path, f"vectors[{i}] does not fit the network", AGAIN)
        for numbers, format in zip(both, ends):
            if min(numbers) < format.low or max(numbers) > format.high:
                raise InputError(path, f"vectors[{i}] leaves {format.name}", AGAIN)


def integer_target_of(path: Path, name: str) -> IntegerTarget:
    """The target that a manifest names. Raises `InputError`."""
    if name not in INTEGER_TARGETS:
        raise InputError(path, f"target {name[:40]!r} is unknown", f"this armlet knows {', '.join(INTEGER_TARGETS)}")
    return INTEGER_TARGETS[name]


def refuse_note(note: str) -> None:
    """What `compile` writes leaves nothing to be taken without being said."""
    raise InputError(note, "is not as compile writes it", AGAIN)
