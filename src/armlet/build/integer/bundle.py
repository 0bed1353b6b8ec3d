"""The build folder of a network in integers: every file that `compile` writes, as bytes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from armlet.build.driver import show_json, show_schema
from armlet.build.integer.assembly import show_integer_assembly
from armlet.build.integer.driver import IntegerDriver, integer_drivers
from armlet.build.integer.frame import IntegerFrame
from armlet.build.integer.header import show_integer_header
from armlet.build.integer.manifest import IntegerManifest, make_integer_manifest
from armlet.build.manifest import Settings
from armlet.formats.params import params_files
from armlet.integer.formats import I64
from armlet.integer.interpret import run_integers
from armlet.integer.network import IntegerNetwork
from armlet.integer.simplify import SimplifiedIntegers
from armlet.select.integer.select import Selection

_VECTORS = 3  # random test vectors, beside the two ends of the inputs


@dataclass(frozen=True, slots=True)
class IntegerBundle:
    """The files of a build folder by name."""

    manifest: IntegerManifest
    files: Mapping[str, bytes]


def integer_bundle(
    name: str,
    network: IntegerNetwork,
    simplified: SimplifiedIntegers,
    selection: Selection,
    frame: IntegerFrame,
    settings: Settings,
) -> IntegerBundle:
    """Everything but the manifest first, whose hashes the manifest then holds."""
    program = selection.program
    inputs, outputs = integer_drivers(program, name)
    block = program.block.size, program.block.span
    files: dict[str, bytes | str] = {
        f"{name}.S": show_integer_assembly(program, frame, name, simplified),
        f"{name}.h": show_integer_header(network, program.target, block, name),
        f"{name}_input_driver.json": show_json(inputs),
        f"{name}_output_driver.json": show_json(outputs),
        "driver.schema.json": show_schema(IntegerDriver),
        "manifest.schema.json": show_schema(IntegerManifest),
        **params_files(network),
    }
    whole = {key: content.encode() if isinstance(content, str) else content for key, content in files.items()}
    hashes = {key: hashlib.sha256(content).hexdigest() for key, content in sorted(whole.items())}
    x = integer_test_inputs(network)
    vectors = x, run_integers(network, x)
    manifest = make_integer_manifest(name, network, simplified, selection, frame, settings, hashes, vectors)
    return IntegerBundle(manifest, {**whole, f"{name}.json": show_json(manifest).encode()})


def integer_test_inputs(network: IntegerNetwork) -> I64:
    """Stored inputs: both ends of all and a few draws between them; the same for the same network."""
    rng, (low, high) = np.random.default_rng(int(network.digest()[:8], 16)), network.input_ends
    return np.vstack([low, high, rng.integers(low, high + 1, (_VECTORS, network.inputs))]).astype(np.int64)
