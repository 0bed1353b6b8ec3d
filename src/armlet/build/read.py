"""A build folder to the value that is verified: the files that say what was compiled, and the assembly itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.arithmetic.arithmetics import arithmetic_called
from armlet.build.bundle import manifest_path
from armlet.build.driver import Driver
from armlet.build.kind import check_writer
from armlet.build.manifest import Manifest, read_manifest
from armlet.build.order_file import read_order
from armlet.build.scaling import Scaling, scaling_of
from armlet.errors import InputError
from armlet.formats.params import read_params
from armlet.isa.core import LARGEST_RAM
from armlet.isa.target import Target
from armlet.isa.targets import TARGETS
from armlet.network.network import Network
from armlet.schedule.order import Order
from armlet.storage import parse_json, read_file

LONGEST = 128 << 20  # bytes of one file


@dataclass(frozen=True, slots=True, eq=False)
class Build:
    """What a build folder declares. Nothing of it is believed yet but its own arithmetic."""

    folder: Path
    manifest: Manifest
    network: Network
    order: Order
    target: Target
    inputs: Driver
    outputs: Driver
    assembly: str
    files: Mapping[str, bytes]  # all that lies in the folder, by name

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def arithmetic(self) -> Arithmetic:
        """How the program computes."""
        return self.order.graph.arithmetic

    @property
    def kept(self) -> bool:
        """Whether NAME_core leaves its outputs in registers."""
        return any(value.place == "register" for value in self.outputs.values)

    @property
    def word(self) -> int:
        """Bytes of a value in memory."""
        return self.arithmetic.format.bytes

    @property
    def scaling(self) -> Scaling:
        """The scales that the order declares."""
        return scaling_of(self.order, self.network)


def read_build(folder: Path | str) -> Build:
    """Read a build folder. Raises `InputError` with the file and the place in it."""
    folder = Path(folder)
    path = manifest_path(folder)
    manifest = read_manifest(path)
    name, target = manifest.name, TARGETS.get(manifest.target)
    if target is None:
        raise InputError(path, f"target {manifest.target!r} is unknown", f"this armlet knows {', '.join(TARGETS)}")
    arithmetic = arithmetic_called(manifest.dtype, manifest.multiply_add)
    if arithmetic is None:
        what = f"dtype {manifest.dtype!r} with multiply_add {manifest.multiply_add!r} is unknown"
        raise InputError(path, what, "compile the network again")
    network, order = read_params(folder, tell=_refuse), read_order(folder / f"{name}_order.npz", arithmetic)
    inputs = read_driver(folder / f"{name}_input_driver.json", "input", network.inputs, arithmetic)
    may_hold = target.floats[: target.preserved_floats]
    outputs = read_driver(folder / f"{name}_output_driver.json", "output", network.outputs, arithmetic, may_hold)
    if (order.graph.network_inputs, len(order.graph.outputs)) != (network.inputs, network.outputs):
        raise InputError(folder / f"{name}_order.npz", "declares another network", "compile the network again")
    check_writer(path, manifest.armlet)
    _check_vectors(path, manifest, network, arithmetic)
    return Build(
        folder=folder,
        manifest=manifest,
        network=network,
        order=order,
        target=target,
        inputs=inputs,
        outputs=outputs,
        assembly=read_file(folder / f"{name}.S", LONGEST).decode("ascii", errors="replace"),
        files=files_in(folder, {*manifest.files}),
    )


def read_driver(
    path: Path, direction: str, count: int, arithmetic: Arithmetic, may_hold: tuple[str, ...] = ()
) -> Driver:
    """A driver file of `count` inputs or outputs, which registers `may_hold`. Raises `InputError`."""
    driver = parse_json(path, read_file(path, LONGEST), Driver, "a driver", "compile the network again")
    if driver.direction != direction or [value.index for value in driver.values] != list(range(count)):
        raise InputError(path, f"does not list {count} {direction}s in order", "compile the network again")
    word = arithmetic.format.bytes
    most = word * count if direction == "input" else LARGEST_RAM  # no block is larger than all inputs
    for value in driver.values:
        if value.offset is not None and value.offset > most - word:
            raise InputError(path, f"{direction} {value.index} has offset {value.offset}, beyond its block")
        if value.place == "memory" and (value.offset is None or value.offset < 0 or value.offset % word):
            raise InputError(path, f"{direction} {value.index} has offset {value.offset}, no whole word")
        if (value.place == "register") != (value.register is not None) or (value.register and value.offset is not None):
            raise InputError(path, f"{direction} {value.index} has no one place", "compile the network again")
        if value.register is not None and value.register not in may_hold:
            what = f"{direction} {value.index} lives in {value.register[:20]!r}, where a call may leave none"
            raise InputError(path, what, "compile the network again")
        if value.place == "unused" and direction == "output":
            raise InputError(path, f"output {value.index} is unused", "compile the network again")
    places = [value.offset for value in driver.values if value.offset is not None]
    if direction == "input" and len({*places}) != len(places):  # who fills the block may do so in any order
        raise InputError(path, "puts two inputs in one place", "compile the network again")
    kept = [value.register for value in driver.values if value.register is not None]
    if kept and len({*kept}) != count:
        raise InputError(path, "does not keep all outputs in registers, each in its own", "compile the network again")
    return driver


def _check_vectors(path: Path, manifest: Manifest, network: Network, arithmetic: Arithmetic) -> None:
    for i, vector in enumerate(manifest.vectors):
        if (len(vector.input), len(vector.output)) != (network.inputs, network.outputs):
            raise InputError(path, f"vectors[{i}] does not fit the network", "compile the network again")
        if max(map(abs, (*vector.input, *vector.output))) > arithmetic.format.largest:
            raise InputError(path, f"vectors[{i}] leaves {arithmetic.format.name}", "compile the network again")
    if not manifest.layouts:
        raise InputError(path, "layouts is empty", "compile the network again")


def files_in(folder: Path, listed: set[str]) -> Mapping[str, bytes]:
    """What a build folder holds and what the manifest lists. Raises `InputError` at anything that is no plain file."""
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or not path.is_file():
            raise InputError(path, "is no file of a build", "compile the network again, into a folder of its own")
    there = {path.name for path in folder.iterdir()} | {Path(name).name for name in listed}
    return MappingProxyType({name: read_file(folder / name, LONGEST) for name in sorted(there)})


def _refuse(note: str) -> None:
    """What `compile` writes leaves nothing to be taken without being said."""
    raise InputError(note, "is not as compile writes it", "compile the network again")
