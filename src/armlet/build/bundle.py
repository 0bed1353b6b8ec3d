"""The build folder: every file that `compile` writes, as bytes, and where each is."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from armlet.build.assembly import show_assembly
from armlet.build.driver import Driver, input_driver, output_driver, show_json, show_schema
from armlet.build.header import interface, show_header
from armlet.build.manifest import Manifest, SearchRecord, Settings, make_manifest
from armlet.build.order_file import write_order
from armlet.build.prologue import Frame
from armlet.errors import InputError
from armlet.formats.params import ARRAYS, params_files
from armlet.graph.simplify import Simplified
from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.schedule.interpret import run_order
from armlet.select.program import Program

OWNS = ("*.S", "*.h", "*.json", "*_order.npz", *ARRAYS, "network.toml", "report.*")
_VECTORS = 3  # random test vectors, beside the two ends of the domain


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files of a build folder by name."""

    manifest: Manifest
    files: Mapping[str, bytes]


def bundle(
    name: str,
    network: Network,
    simplified: Simplified,
    program: Program,
    frame: Frame,
    settings: Settings,
    search: SearchRecord,
) -> Bundle:
    """Everything but the manifest first, whose hashes the manifest then holds."""
    order = program.code.order
    files: dict[str, bytes | str] = {
        f"{name}.S": show_assembly(program, frame, name),
        f"{name}.h": show_header(interface(program, network.domain.describe()), name),
        f"{name}_input_driver.json": show_json(input_driver(program, name)),
        f"{name}_output_driver.json": show_json(output_driver(program, name)),
        f"{name}_order.npz": write_order(order),
        "driver.schema.json": show_schema(Driver),
        "manifest.schema.json": show_schema(Manifest),
        **params_files(network),
    }
    whole = {key: content.encode() if isinstance(content, str) else content for key, content in files.items()}
    hashes = {key: hashlib.sha256(content).hexdigest() for key, content in sorted(whole.items())}
    x = test_inputs(network)
    y = run_order(order, x)
    told = np.isfinite(y).all(axis=1)  # what leaves float32 is unspecified, and no number of JSON
    vectors = x[told], y[told]
    manifest = make_manifest(name, network, simplified, program, frame, settings, hashes, vectors, search)
    return Bundle(manifest, {**whole, f"{name}.json": show_json(manifest).encode()})


def test_inputs(network: Network) -> F32:
    """The ends of the declared intervals and a few draws between them; the same for the same network."""
    domain = network.domain
    rng = np.random.default_rng(int(network.digest()[:8], 16))
    ends = (domain.low, domain.high) if domain.is_declared else (np.zeros(network.inputs), np.ones(network.inputs))
    return np.vstack([*ends, domain.draw(rng, _VECTORS)]).astype(np.float32)


def manifest_path(build: Path) -> Path:
    """The manifest of a build folder. Raises `InputError` where the folder is none."""
    names = {path.name for path in build.iterdir()} if build.is_dir() else set[str]()
    found = [name for name in names if name.endswith(".json") and f"{name.removesuffix('.json')}.S" in names]
    if len(found) != 1:
        raise InputError(build, "is not a build folder of armlet", "give the folder that armlet compile wrote")
    return build / found[0]
