"""The build folder of a network with windows: every file that `compile` writes, as bytes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from armlet.build.driver import show_json, show_schema
from armlet.build.integer.bundle import integer_test_inputs
from armlet.build.manifest import Settings
from armlet.build.tensors.assembly import show_tensor_assembly
from armlet.build.tensors.driver import TensorDriver, tensor_drivers
from armlet.build.tensors.frame import TensorFrame
from armlet.build.tensors.header import show_tensor_header
from armlet.build.tensors.manifest import TensorManifest, make_tensor_manifest
from armlet.formats.params import params_files
from armlet.integer.interpret import run_integers
from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_target import IntegerTarget
from armlet.select.tensors.choose import TensorSelection
from armlet.select.tensors.rows import PlacedTensor


@dataclass(frozen=True, slots=True)
class TensorBundle:
    """The files of a build folder by name."""

    manifest: TensorManifest
    files: Mapping[str, bytes]


def tensor_bundle(
    name: str, network: IntegerNetwork, selection: TensorSelection, frame: TensorFrame, settings: Settings
) -> TensorBundle:
    """Everything but the manifest first, whose hashes the manifest then holds."""
    program = selection.program
    given = program.values[0]
    assert given is not None
    beside = files_beside(network, program.target, name, given, (program.outputs, program.size, frame.stack_bytes))
    files = {f"{name}.S": show_tensor_assembly(program, frame, name).encode(), **beside}
    hashes = {key: hashlib.sha256(content).hexdigest() for key, content in sorted(files.items())}
    x = integer_test_inputs(network)
    vectors = x, run_integers(network, x)
    manifest = make_tensor_manifest(name, network, selection, frame, settings, hashes, vectors)
    return TensorBundle(manifest, {**files, f"{name}.json": show_json(manifest).encode()})


def files_beside(
    network: IntegerNetwork, target: IntegerTarget, name: str, given: PlacedTensor, sizes: tuple[int, int, int]
) -> Mapping[str, bytes]:
    """All files but the program and its manifest.

    `given` is where the inputs lie; the sizes are the offset of the outputs, and bytes of the block and of the stack.
    """
    outputs, block, stack = sizes
    drivers = tensor_drivers(network, target, name, given, outputs, block)
    files: dict[str, bytes | str] = {
        f"{name}.h": show_tensor_header(network, target, block, stack, name),
        f"{name}_input_driver.json": show_json(drivers[0]),
        f"{name}_output_driver.json": show_json(drivers[1]),
        "driver.schema.json": show_schema(TensorDriver),
        "manifest.schema.json": show_schema(TensorManifest),
        **params_files(network),
    }
    return {key: content.encode() if isinstance(content, str) else content for key, content in files.items()}
