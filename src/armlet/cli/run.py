"""armlet run: the compiled program on inputs, in the emulator."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from armlet.cli.options import Config, Json, Quiet, Seed, Verbose, resolve_options
from armlet.cli.terminal.console import Console
from armlet.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armlet.build.integer.read_any import AnyBuild
    from armlet.network.frozen import F32


def run(
    build: Annotated[Path, typer.Argument(metavar="BUILD", help="Build folder that armlet compile wrote.")],
    x: Annotated[Path, typer.Argument(metavar="X", help=".npz, .npy or .csv of raw inputs, one row each.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help=".csv, .npy or .npz for the outputs (default: printed).")
    ] = None,
    entry: Annotated[
        str | None, typer.Option(help="run (C arrays; default) or core (through the driver files).")
    ] = None,
    stored: Annotated[
        bool, typer.Option("--stored", help="Of a build in integers, give outputs as they are stored.")
    ] = False,
    seed: Seed = None,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """Run a build on inputs, in the emulator: bit for bit what the core would give.

    Example: armlet run build/digits dataset/X_test_small.csv -o Y.csv
    """
    from armlet.apart import refuse_overlap
    from armlet.data.table import read_inputs
    from armlet.extras import require
    from armlet.storage import write_file

    require("running a build", "verify")
    from armlet.build.integer.read_any import read_any_build
    from armlet.verify.options import RunOptions

    console = Console(quiet, verbose, json)
    options = resolve_options(RunOptions, "run", config, entry=entry, seed=seed)
    write = _writer(output) if output else None
    if output:
        refuse_overlap((output,), (build, x, config))
    program = read_any_build(build)
    domain = program.network.domain
    rows = read_inputs(x, len(domain.low), program.network.shape)
    if outside := domain.outside(rows):
        console.warn(f"{x}: {outside}; nothing is claimed of their outputs")
    with console.progress("running") as advance:
        outputs = _outputs(program, rows, options.entry, stored, advance)
    if output and write:
        write_file(output, write(outputs))
        told = f"{output}: {len(outputs)} rows of {outputs.shape[1]} outputs; inputs {domain.describe()}"
        console.result({"out": str(output), "rows": len(outputs), "domain": domain.describe()}, told)
        return
    console.warn(f"{build}: inputs {domain.describe()}")
    figures = {"outputs": outputs.tolist(), "domain": domain.describe()}
    console.result(figures, _csv(outputs).decode().rstrip("\n"))


def _outputs(
    build: "AnyBuild", rows: "F32", entry: str, stored: bool, advance: Callable[[float, float], None]
) -> "NDArray[Any]":
    """What the program gives. Raises `InputError` where stored integers are asked of one that has none."""
    from armlet.build.floats.read import FloatBuild
    from armlet.build.read import Build
    from armlet.verify.run import run_integer_program, run_program

    if isinstance(build, Build | FloatBuild):
        if stored:
            raise InputError("--stored", f"{build.folder} computes in float32", "leave it out")
        return run_program(build, rows, entry, advance)
    given = run_integer_program(build, build.network.quantise(rows), entry, advance)
    return given if stored or build.network.argmax is not None else build.network.real(given)


def _writer(output: Path):
    writers = {".csv": _csv, ".npy": _npy, ".npz": _npz}
    if output.suffix.lower() not in writers:
        raise InputError(output, "has no ending that armlet writes", f"end it in {', '.join(writers)}")
    return writers[output.suffix.lower()]


def _csv(outputs: "NDArray[Any]") -> bytes:
    """Nine digits keep every bit of a float32; integers are written whole."""
    digits = "d" if outputs.dtype.kind == "i" else ".9g"
    return "".join(",".join(format(value, digits) for value in row) + "\n" for row in outputs.tolist()).encode()


def _npy(outputs: "NDArray[Any]") -> bytes:
    from armlet.formats.arrays import write_npy

    return write_npy(outputs)


def _npz(outputs: "NDArray[Any]") -> bytes:
    from armlet.formats.arrays import write_npz

    return write_npz({"Y": outputs})
