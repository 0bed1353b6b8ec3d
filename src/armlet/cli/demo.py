"""armlet demo: the whole road on the embedded digits."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from armlet.cli.options import Config, Json, Quiet, Seed, Verbose, resolve_options
from armlet.cli.terminal.console import Console, table

if TYPE_CHECKING:
    from armlet.demo import Outcome, Stages

_TOPOLOGY = "8, 24, 16, 10\n"  # where no network_topology.csv is at hand


def demo(
    topology: Annotated[
        Path | None, typer.Argument(metavar="[TOPOLOGY.csv]", help="Default: network_topology.csv, if it is there.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="As in armlet dataset: digits (default), a folder of idx files, ...")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the product of every stage.")] = Path("demo"),
    seed: Seed = None,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """The whole road: dataset, train, sparsify, compile, verify, and one table of what it came to.

    Every test image goes through the compiled program in the emulator, beside the dense network as a C loop that the
    same tools compile at -O3.

    Example: armlet demo
    """
    from armlet.apart import refuse_overlap
    from armlet.data.source import place_of
    from armlet.extras import require
    from armlet.network.topology import LONGEST, read_topology
    from armlet.storage import read_file, write_file

    require("the demo", "data", "sparsify", "verify")
    from armlet.demo import LEAVES, TOPOLOGY, Watch
    from armlet.demo import demo as walk

    console = Console(quiet, verbose, json)
    beside = Path("network_topology.csv")
    given = topology or (beside if beside.exists() else None)
    stages = _stages(config, source, seed)
    refuse_overlap([out / name for name in LEAVES], (given, config, place_of(stages.dataset)))
    text = read_file(given, LONGEST).decode("utf-8-sig") if given and read_topology(given) else _TOPOLOGY
    write_file(out / TOPOLOGY, text)
    wanted = read_topology(out / TOPOLOGY)

    with console.progress("demo") as advance:
        outcome = walk(wanted, out, stages, Watch(lambda line: console.say(f"$ {line}"), advance))
    console.result(_figures(outcome), f"\n{show_outcome(outcome)}")
    if not outcome.verdict.holds:
        raise typer.Exit(1)


def _stages(config: Path | None, source: str | None, seed: int | None) -> "Stages":
    from armlet.config import CompileOptions
    from armlet.data.source import SourceOptions
    from armlet.demo import Stages
    from armlet.pruning.options import SparsifyOptions
    from armlet.train.options import TrainOptions

    return Stages(
        resolve_options(SourceOptions, "dataset", config, name=source, seed=seed),
        resolve_options(TrainOptions, "train", config, seed=seed),
        resolve_options(SparsifyOptions, "sparsify", config, seed=seed),
        resolve_options(CompileOptions, "compile", config, seed=seed),
    )


def show_outcome(outcome: "Outcome") -> str:
    """One table that a person can read."""
    ours, rival = next(iter(outcome.verdict.figures.values())), outcome.rival
    moves = outcome.manifest.moves
    rows = [
        ["accuracy, float64", f"{outcome.dense_accuracy:.2%}", f"{outcome.sparse_accuracy:.2%}", ""],
        [f"accuracy, compiled ({outcome.images} images)", "", f"{outcome.compiled_accuracy:.2%}", ""],
        _times("connections", outcome.dense.connections, outcome.sparse.connections),
        _times("flash, bytes", rival.flash_bytes, ours.flash_bytes),
        _times("RAM and stack, bytes", rival.ram_bytes + rival.stack_bytes, ours.ram_bytes + ours.stack_bytes),
        _times("activation moves", rival.activation_moves, moves.total),
        ["  that no program can do without", "", f"{moves.bound:,}", ""],
        _times("cycles, no wait states", rival.cycles, ours.cycles),
        _times(f"cycles, {ours.part}", rival.cycles_on_part, ours.cycles_on_part),
        ["milliseconds there", f"{rival.milliseconds:.4f}", f"{ours.milliseconds:.4f}", ""],
    ]
    widths = "-".join(str(width) for width in outcome.dense.widths)
    head = [f"{widths} on {outcome.manifest.target}", "dense C, -O3", "armlet, sparse", "times less"]
    exact = "the build is exact" if outcome.verdict.holds else "the build is NOT exact"
    distance = f"distance to the dense network {outcome.distance:.4f}, without data"
    tools = f"Dense C and armlet's program by {outcome.verdict.tools}; another compiler gives other figures for the C."
    return f"{table(head, rows)}\n\n{tools}\nVerified: {exact}; {distance}."


def _times(what: str, rival: int, ours: int) -> list[str]:
    return [what, f"{rival:,}", f"{ours:,}", f"{rival / ours:.1f}" if ours else ""]


def _figures(outcome: "Outcome") -> dict[str, object]:
    import msgspec

    return {
        "accuracy_dense": outcome.dense_accuracy,
        "accuracy_sparse": outcome.sparse_accuracy,
        "accuracy_compiled": outcome.compiled_accuracy,
        "sparsity": outcome.sparse.sparsity,
        "distance": outcome.distance,
        "moves": msgspec.to_builtins(outcome.manifest.moves),
        "memory": msgspec.to_builtins(outcome.manifest.memory),
        "dense_c": outcome.rival.as_json(),
        "verdict": outcome.verdict.as_json(),
    }
