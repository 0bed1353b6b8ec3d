"""What a network in integers costs as dense C, as a CSR loop, as bitmaps, as unrolled C and as armlet's program.

    python benchmarks/integers.py [--only TEXT ...] [--alphabets NAME ...] [--targets NAME ...] [--seeds N ...]
                                  [--tools NAME ...] [--programs TEXT ...] [--moves N] [--limit SECONDS]
                                  [--json FILE]

The reference networks of random survivors (generators/integer_survivors.py) at 90 and 95 % sparsity. All programs are
built by the same tools, C at -O3, run in the same emulator, held to the bit against the network, and counted by the
same model (docs/cycles.md). Flash is code and constants. Each figure is given for a weight that is not zero, the same
number for all programs, and for a connection that is computed: unrolled C leaves out what reaches no output or never
varies, as armlet does; loops compute all, and so does armlet where it says "all".
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from armlet.anneal.engine import Annealing
from armlet.baseline.integers import INTEGER_BASELINES
from armlet.build.integer.read import read_integer_build
from armlet.cli.terminal.console import table
from armlet.comparison import measure_c, some_stored
from armlet.config import AnnealOptions, IntegerCompileOptions
from armlet.errors import ArmletError, InvariantError, ToolchainError
from armlet.integer.bounds import integer_bounds
from armlet.integer.interpret import run_integers
from armlet.integer.network import IntegerNetwork
from armlet.integer.simplify import SimplifiedIntegers, simplify_integers
from armlet.isa.integer_target import IntegerTarget
from armlet.isa.targets import INTEGER_TARGETS
from armlet.pipeline import bundled, write_build
from armlet.select.integer.select import Optimize, select_integers
from armlet.simulate.figures import Figures
from armlet.simulate.integer.runner import IntegerRunner
from armlet.simulate.link import link_build
from armlet.simulate.measure import figures_of
from armlet.toolchain.toolchain import Toolchain, toolchains
from networks import ALPHABETS, REFERENCE, integer_survivors

SPARSITIES = (0.9, 0.95)
HEAD = ["network", "program", "cycles", "a non-zero", "a computed", "flash", "a non-zero", "a computed"]
HEAD += ["an original weight", "on part", "RAM", "built in s"]
OPTIMIZE = ("speed", "balanced", "size")


@dataclass(frozen=True)
class Result:
    """One program of one network; `figures` is None where it was not built."""

    network: str
    program: str
    nonzero: int
    connections: int  # that are computed
    weights: int
    figures: Figures | None
    seconds: float  # to build
    why: str = ""

    def row(self) -> list[str]:
        found = self.figures
        if found is None:
            return [self.network, self.program, *["-"] * 9, f"not built: {self.why}"]
        return [
            self.network,
            self.program,
            f"{found.cycles:,}",
            f"{found.cycles / self.nonzero:.2f}",
            f"{found.cycles / self.connections:.2f}",
            f"{found.flash_bytes:,}",
            f"{found.flash_bytes / self.nonzero:.2f}",
            f"{found.flash_bytes / self.connections:.2f}",
            f"{found.flash_bytes / self.weights:.3f}",
            f"{found.cycles_on_part:,}",
            f"{found.ram_bytes:,}",
            f"{self.seconds:.1f}",
        ]

    def plain(self) -> dict[str, object]:
        """Names and numbers for a file."""
        shown = {
            "network": self.network,
            "program": self.program,
            "nonzero": self.nonzero,
            "computed": self.connections,
        }
        figures = self.figures.as_json() if self.figures else None
        return {**shown, "weights": self.weights, "why": self.why, "figures": figures}


def baseline(
    name: str, network: IntegerNetwork, kind: str, target: IntegerTarget, tools: Toolchain, limit: float
) -> Result:
    """C for `network`, checked to the bit."""
    begin, connections = time.perf_counter(), needed(network) if kind == "unrolled C" else network.connections
    try:
        found = measure_c(network, kind, target, tools, limit)
    except ToolchainError as refused:
        seconds = time.perf_counter() - begin
        return Result(name, kind, network.connections, connections, network.weights, None, seconds, str(refused))
    return Result(name, kind, network.connections, connections, network.weights, found.figures, found.seconds)


def armlet(
    name: str,
    network: IntegerNetwork,
    target: IntegerTarget,
    tools: Toolchain,
    programs: list[str],
    anneal: AnnealOptions,
) -> Iterator[Result]:
    """Both entries of armlet's program, of all connections and of those that need computing."""
    for optimize, every in product(OPTIMIZE, (True, False)):
        label, begin = f"armlet {optimize}{', all' if every else ''}", time.perf_counter()
        if not any(part in label for part in programs):
            continue
        options = IntegerCompileOptions(target.name, optimize=optimize, anneal=anneal)
        lean = whole(network) if every else simplify_integers(network)
        try:
            how = Annealing(**asdict(options.anneal), seed=options.seed)
            selection = select_integers(lean.network, target, how, Optimize(optimize))
            made = bundled(network, lean, selection, "net", options)
        except ArmletError as refused:
            computed, seconds = lean.network.connections, time.perf_counter() - begin
            yield Result(name, label, network.connections, computed, network.weights, None, seconds, str(refused))
            continue
        seconds = time.perf_counter() - begin
        with tempfile.TemporaryDirectory() as folder:
            write_build(made, Path(folder) / "net")
            build = read_integer_build(Path(folder) / "net")
        runner = IntegerRunner(build, link_build(build, tools))
        (x,) = some_stored(network)[-1:]
        for entry, call in runner.entries.items():
            if (call(x) != run_integers(network, x)[0]).any():
                raise InvariantError(f"{name}, {label}: the outputs are not the network's")
            figures = figures_of(runner.trace(entry, x), runner.machine, entry, target.cycles, target.flash)
            kind = f"{label}, {entry.removeprefix('net_')}"
            computed = lean.network.connections
            yield Result(name, kind, network.connections, computed, network.weights, figures, seconds)


def whole(network: IntegerNetwork) -> SimplifiedIntegers:
    """Nothing is left out."""
    return SimplifiedIntegers(network, tuple(np.arange(layer.neurons) for layer in network.dense), 0, 0)


def needed(network: IntegerNetwork) -> int:
    """Connections on a way from an input to an output, of values that vary on the declared inputs."""
    (low, high), used = network.input_ends, list[NDArray[np.bool_]]()
    varies = low < high
    for layer, bounds in zip(network.dense, integer_bounds(network)):
        changes = bounds.low < bounds.high
        used.append((layer.weight != 0) & varies & changes[:, None])
        varies = changes
    count, read = 0, np.ones(network.outputs, bool)
    for here in reversed(used):
        count += int(here[read].sum())
        read = here[read].any(0)
    return count


def networks(only: list[str], alphabets: list[str], seeds: list[int]) -> Iterator[tuple[str, IntegerNetwork]]:
    for (name, widths), sparsity, alphabet, seed in product(REFERENCE.items(), SPARSITIES, alphabets, seeds):
        title = f"{name} {sparsity:.0%} {alphabet} {seed}"
        if any(text in title for text in only):
            yield title, integer_survivors(widths, sparsity, alphabet, seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[""], help="only networks whose name holds one of these texts")
    parser.add_argument("--programs", nargs="+", default=[""], help="only programs whose name holds one of these texts")
    parser.add_argument("--tools", nargs="+", default=[""], help="only tools whose name holds one of these texts")
    parser.add_argument("--alphabets", nargs="+", default=[*ALPHABETS], choices=[*ALPHABETS])
    parser.add_argument("--targets", nargs="+", default=["cortex-m4", "cortex-m0plus"], choices=[*INTEGER_TARGETS])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--moves", type=int, help="of the annealing; loops over tables have none")
    parser.add_argument("--limit", type=float, default=120, help="seconds that one C compilation may take (120)")
    parser.add_argument("--json", type=Path, help="file for all figures")
    arguments = parser.parse_args()
    results, anneal = list[Result](), AnnealOptions()
    if arguments.moves is not None:
        anneal = replace(anneal, moves=arguments.moves)
    chosen = [tools for tools in toolchains() if any(part in type(tools).__name__ for part in arguments.tools)]
    for tools, target in product(chosen, (INTEGER_TARGETS[name] for name in arguments.targets)):
        print(f"{tools.describe()}, -O3; {target.title}; on part: {target.flash.part}; bytes\n", flush=True)
        for name, network in networks(arguments.only, arguments.alphabets, arguments.seeds):
            kinds = [kind for kind in INTEGER_BASELINES if any(part in kind for part in arguments.programs)]
            mine = [baseline(name, network, kind, target, tools, arguments.limit) for kind in kinds]
            mine += armlet(name, network, target, tools, arguments.programs, anneal)
            print(table(HEAD, [result.row() for result in mine]) + "\n", flush=True)
            results += mine
    if arguments.json:
        arguments.json.write_text(json.dumps([result.plain() for result in results], indent=1) + "\n")


if __name__ == "__main__":
    main()
