"""The build folder of a network with windows in single precision: every file that `compile` writes, as bytes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.build.bundle import test_inputs
from armlet.build.driver import show_json, show_schema
from armlet.build.floats.assembly import show_float_assembly
from armlet.build.floats.driver import FloatDriver, float_drivers
from armlet.build.floats.frame import FloatFrame
from armlet.build.floats.header import show_float_header
from armlet.build.floats.manifest import FloatManifest, make_float_manifest
from armlet.build.manifest import Settings
from armlet.formats.params import params_files
from armlet.isa.target import Target
from armlet.network.network import Network
from armlet.select.floats.choose import FloatSelection
from armlet.tensors.floats.interpret import run_planes
from armlet.tensors.floats.planes import PlacedPlanes, homes_of


@dataclass(frozen=True, slots=True)
class FloatBundle:
    """The files of a build folder by name."""

    manifest: FloatManifest
    files: Mapping[str, bytes]


def float_bundle(
    name: str, network: Network, selection: FloatSelection, frame: FloatFrame, settings: Settings
) -> FloatBundle:
    """Everything but the manifest first, whose hashes the manifest then holds."""
    program = selection.program
    target, arithmetic = program.machine.floats, program.arithmetic
    ends = program.values[0], program.values[homes_of(program.network)[-1]]
    beside = float_files_beside(network, target, arithmetic, name, ends, (program.size, frame.stack_bytes))
    files = {f"{name}.S": show_float_assembly(program, frame, name).encode(), **beside}
    hashes = {key: hashlib.sha256(content).hexdigest() for key, content in sorted(files.items())}
    x = test_inputs(network)
    y = run_planes(program.network, arithmetic, x)
    told = np.isfinite(y).all(axis=1)  # what leaves float32 is unspecified, and no number of JSON
    manifest = make_float_manifest(name, network, selection, frame, settings, hashes, (x[told], y[told]))
    return FloatBundle(manifest, {**files, f"{name}.json": show_json(manifest).encode()})


def float_files_beside(
    network: Network,
    target: Target,
    arithmetic: Arithmetic,
    name: str,
    ends: tuple[PlacedPlanes, PlacedPlanes],
    sizes: tuple[int, int],
) -> Mapping[str, bytes]:
    """All files but the program and its manifest; the sizes are bytes of the block and of the stack."""
    block, stack = sizes
    drivers = float_drivers(network, target, arithmetic, name, ends, block)
    files: dict[str, bytes | str] = {
        f"{name}.h": show_float_header(network, target, block, stack, name),
        f"{name}_input_driver.json": show_json(drivers[0]),
        f"{name}_output_driver.json": show_json(drivers[1]),
        "driver.schema.json": show_schema(FloatDriver),
        "manifest.schema.json": show_schema(FloatManifest),
        **params_files(network),
    }
    return {key: content.encode() if isinstance(content, str) else content for key, content in files.items()}
