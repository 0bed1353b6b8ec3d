"""armlet compile: a network to a build folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from armlet.cli.console import Console
from armlet.cli.options import Config, Json, Quiet, Seed, Verbose, settle

if TYPE_CHECKING:
    from armlet.emit.manifest import Manifest

_STAGES = ("graph", "order", "registers", "layout", "emit")


def compile(
    params: Annotated[Path, typer.Argument(metavar="PARAMS", help="PARAMS folder or .npz network.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the build; every symbol starts with it.")],
    out: Annotated[Path, typer.Option(help="The build goes to OUT/NAME.")] = Path("build"),
    target: Annotated[str | None, typer.Option(help="Core (default: cortex-m4f).")] = None,
    dtype: Annotated[str | None, typer.Option(help="Number format (default: float32).")] = None,
    flash: Annotated[int | None, typer.Option(help="Bytes of flash to fit; refused with both numbers if not.")] = None,
    ram: Annotated[int | None, typer.Option(help="Bytes of RAM to fit, stack included.")] = None,
    inputs: Annotated[
        str | None, typer.Option(help="Layout of the inputs: free (the driver places them) or natural (a C array).")
    ] = None,
    registers: Annotated[
        int | None, typer.Option(help="Registers for values (default: all that the core has).")
    ] = None,
    multiply_add: Annotated[
        str | None, typer.Option(help="separate (fast) or fused (smaller code; default: separate).")
    ] = None,
    verify: Annotated[
        bool, typer.Option(help="Link and test the build afterwards, if armlet[verify] is there.")
    ] = True,
    seed: Seed = None,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """Compile a network to assembly in which its weights are the program.

    Writes OUT/NAME with NAME.S, NAME.h, the two pseudodriver files and the manifest NAME.json. The schedule of the
    annealing and all else can be set in armlet.toml, under [compile] and [compile.anneal].

    Example: armlet compile PARAMS_SPARSE digits --flash 65536 --ram 8192
    """
    from armlet.config import CompileOptions
    from armlet.emit.bundle import OWNS
    from armlet.network.read import read_network
    from armlet.pipeline import compile_network
    from armlet.storage import write_folder

    console = Console(quiet, verbose, json)
    given = {"target": target, "dtype": dtype, "flash": flash, "ram": ram, "inputs": inputs}
    given |= {"registers": registers, "multiply_add": multiply_add, "seed": seed}
    options = settle(CompileOptions, "compile", config, **given)
    network = read_network(params)
    with console.progress("compiling") as advance:
        made = compile_network(network, name, options, lambda stage: advance(_STAGES.index(stage), len(_STAGES), stage))
    write_folder(out / name, made.bundle.files, OWNS)
    manifest = made.bundle.manifest
    console.result(_figures(out / name, manifest), _summary(out / name, manifest))


def _figures(build: Path, manifest: "Manifest") -> dict[str, object]:
    import msgspec

    parts = {key: msgspec.to_builtins(getattr(manifest, key)) for key in ("network", "simplified", "memory", "moves")}
    return {"out": str(build), **parts}


def _summary(build: Path, manifest: "Manifest") -> str:
    network, memory, moves = manifest.network, manifest.memory, manifest.moves
    lines = [
        f"{build}: {'-'.join(str(width) for width in network.widths)} for {manifest.target}, {manifest.dtype}",
        f"  connections  {network.connections} of {network.weights} ({network.sparsity:.1%} sparse), "
        f"{manifest.simplified.dropped_connections} of them need no computing",
        f"  flash        {memory.flash} bytes ({memory.code} code, {memory.constants} constants)",
        f"  RAM          {memory.ram} bytes ({memory.work} work, {memory.block} input block, {memory.stack} stack)",
        f"  moves        {moves.loads} loads, {moves.stores} stores; bound {moves.bound}, ratio {moves.ratio:.2f}",
        f"  transfers    {moves.transfers} ({moves.transfers_before} before annealing, {moves.batches} batches)",
    ]
    return "\n".join(lines)
