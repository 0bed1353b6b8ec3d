"""armlet demo: the whole road on the embedded digits."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from armlet.cli.options import Config, Json, Quiet, Seed, Verbose, read_section, resolve_options
from armlet.cli.terminal.console import Console, table
from armlet.errors import InputError

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
    conv: Annotated[
        bool, typer.Option("--conv", help="A small convolutional network in int8 for cortex-m4, on images of 8x8.")
    ] = False,
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

    Examples: armlet demo; armlet demo --conv --out demo-conv
    """
    from armlet.apart import refuse_overlap
    from armlet.data.source import place_of
    from armlet.extras import require
    from armlet.network.topology import LONGEST, read_topology
    from armlet.storage import read_file, write_file

    require("the demo", "data", "sparsify", "verify")
    from armlet.demo import LEAVES, TOPOLOGY, Watch, demo_of_convolutions
    from armlet.demo import demo as walk

    console = Console(quiet, verbose, json)
    if conv and topology is not None:
        raise InputError("--conv", "has layers of its own", f"leave out {topology}")
    beside = Path("network_topology.csv")
    given = topology or (beside if beside.exists() and not conv else None)
    stages = _stages_of_convolutions(config, source, seed) if conv else _stages(config, source, seed)
    refuse_overlap([out / name for name in LEAVES], (given, config, place_of(stages.dataset)))
    if not conv:
        text = read_file(given, LONGEST).decode("utf-8-sig") if given and read_topology(given) else _TOPOLOGY
        write_file(out / TOPOLOGY, text)

    with console.progress("demo") as advance:
        watch = Watch(lambda line: console.say(f"$ {line}"), advance)
        if conv:
            outcome = demo_of_convolutions(out, stages, watch)
        else:
            outcome = walk(read_topology(out / TOPOLOGY), out, stages, watch)
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


def _stages_of_convolutions(config: Path | None, source: str | None, seed: int | None) -> "Stages":
    """A short run of the sparsifier, which gives what is compiled, int8; bodies of few bytes. A table has its say."""
    from armlet.config import IntegerCompileOptions
    from armlet.data.source import SourceOptions
    from armlet.demo import Stages
    from armlet.pruning.options import FAST_WINDOWS, SparsifyOptions
    from armlet.pruning.quantise.formats import ActivationFormat, WeightFormat
    from armlet.train.options import TrainOptions

    integers = {"weights": WeightFormat.INT8, "activations": ActivationFormat.INT8}
    short = {} if config and read_section(config, "sparsify") else FAST_WINDOWS
    small = {} if config and read_section(config, "compile") else {"optimize": "balanced"}
    return Stages(
        resolve_options(SourceOptions, "dataset", config, name=source, seed=seed),
        resolve_options(TrainOptions, "train", config, seed=seed),
        resolve_options(SparsifyOptions, "sparsify", config, seed=seed, **short, **integers),
        resolve_options(IntegerCompileOptions, "compile", config, seed=seed, **small),
    )


def show_outcome(outcome: "Outcome") -> str:
    """One table that a person can read."""
    from armlet.network.network import Network

    ours, rival = next(iter(outcome.verdict.figures.values())), outcome.rival
    in_reals = isinstance(outcome.sparse, Network)
    rows = [
        [
            "accuracy, float64" if in_reals else "accuracy, float64 and int8",
            f"{outcome.dense_accuracy:.2%}",
            f"{outcome.sparse_accuracy:.2%}",
            "",
        ],
        [f"accuracy, compiled ({outcome.images} images)", "", f"{outcome.compiled_accuracy:.2%}", ""],
        _times("connections", outcome.dense.connections, outcome.sparse.connections),
        _times("flash, bytes", rival.flash_bytes, ours.flash_bytes),
        _times("RAM and stack, bytes", rival.ram_bytes + rival.stack_bytes, ours.ram_bytes + ours.stack_bytes),
        *_moves(outcome),
        _times("cycles, no wait states", rival.cycles, ours.cycles),
        _times(f"cycles, {ours.part}", rival.cycles_on_part, ours.cycles_on_part),
        ["milliseconds there", f"{rival.milliseconds:.4f}", f"{ours.milliseconds:.4f}", ""],
    ]
    widths = "-".join(str(width) for width in outcome.dense.widths)
    kind = widths if in_reals else f"convolutions, {len(outcome.sparse.layers)} layers"
    head = [f"{kind} on {outcome.manifest.target}", "dense C, -O3", "armlet, sparse", "times less"]
    exact = "the build is exact" if outcome.verdict.holds else "the build is NOT exact"
    distance = f"distance to the dense network {outcome.distance:.4f}, without data"
    tools = f"Dense C and armlet's program by {outcome.verdict.tools}; another compiler gives other figures for the C."
    return f"{table(head, rows)}\n\n{tools}\nVerified: {exact}; {distance}."


def _moves(outcome: "Outcome") -> list[list[str]]:
    """Rows of what is moved between registers and memory, and its bound, where the manifest has them."""
    from armlet.build.manifest import Manifest

    if not isinstance(outcome.manifest, Manifest):
        return []
    moves = outcome.manifest.moves
    least = ["  that no program can do without", "", f"{moves.bound:,}", ""]
    return [_times("activation moves", outcome.rival.activation_moves, moves.total), least]


def _times(what: str, rival: int, ours: int) -> list[str]:
    return [what, f"{rival:,}", f"{ours:,}", f"{rival / ours:.1f}" if ours else ""]


def _figures(outcome: "Outcome") -> dict[str, object]:
    import msgspec

    from armlet.build.manifest import Manifest

    moves = outcome.manifest.moves if isinstance(outcome.manifest, Manifest) else None
    return {
        "accuracy_dense": outcome.dense_accuracy,
        "accuracy_sparse": outcome.sparse_accuracy,
        "accuracy_compiled": outcome.compiled_accuracy,
        "sparsity": outcome.sparse.sparsity,
        "distance": outcome.distance,
        **({"moves": msgspec.to_builtins(moves)} if moves else {}),
        "memory": msgspec.to_builtins(outcome.manifest.memory),
        "dense_c": outcome.rival.as_json(),
        "verdict": outcome.verdict.as_json(),
    }
