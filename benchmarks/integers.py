"""What a network in integers costs as dense C, as a CSR loop, as bitmaps, as unrolled C and as armlet's program.

    python benchmarks/integers.py [--only TEXT] [--alphabets NAME ...] [--targets NAME ...] [--seeds N ...]
                                  [--limit SECONDS] [--json FILE]

The reference networks of random survivors (generators/integer_survivors.py) at 90 and 95 % sparsity. All programs are
built by the same tools, C at -O3, run in the same emulator, held to the bit against the network, and counted by the
same model (docs/cycles.md), by every toolchain that is here. Flash is code and constants. Connections are those that
are computed: straight-line programs leave out what reaches no output or never varies, loops compute all.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from armlet.baseline.integers import INTEGER_BASELINES
from armlet.cli.terminal.console import table
from armlet.comparison import measure_c
from armlet.errors import ToolchainError
from armlet.integer.bounds import integer_bounds
from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_target import IntegerTarget
from armlet.isa.target import Target
from armlet.isa.targets import TARGETS
from armlet.simulate.figures import Figures
from armlet.toolchain.toolchain import Toolchain, toolchains
from networks import ALPHABETS, REFERENCE, integer_survivors

SPARSITIES = (0.9, 0.95)
HEAD = ["network", "program", "cycles", "a connection", "flash", "a connection", "an original weight", "on part"]
HEAD += ["RAM", "built in s"]


@dataclass(frozen=True)
class Result:
    """One program of one network; `figures` is None where it was not built."""

    network: str
    program: str
    connections: int  # that are computed
    weights: int
    figures: Figures | None
    seconds: float  # to build
    why: str = ""

    def row(self) -> list[str]:
        found = self.figures
        if found is None:
            return [self.network, self.program, *["-"] * 7, f"not built: {self.why}"]
        return [
            self.network,
            self.program,
            f"{found.cycles:,}",
            f"{found.cycles / self.connections:.2f}",
            f"{found.flash_bytes:,}",
            f"{found.flash_bytes / self.connections:.2f}",
            f"{found.flash_bytes / self.weights:.3f}",
            f"{found.cycles_on_part:,}",
            f"{found.ram_bytes:,}",
            f"{self.seconds:.1f}",
        ]

    def plain(self) -> dict[str, object]:
        """Names and numbers for a file."""
        shown = {"network": self.network, "program": self.program, "connections": self.connections}
        figures = self.figures.as_json() if self.figures else None
        return {**shown, "weights": self.weights, "why": self.why, "figures": figures}


def baseline(
    name: str, network: IntegerNetwork, kind: str, target: Target | IntegerTarget, tools: Toolchain, limit: float
) -> Result:
    """C for `network`, checked to the bit."""
    begin, connections = time.perf_counter(), needed(network) if kind == "unrolled C" else network.connections
    try:
        found = measure_c(network, kind, target, tools, limit)
    except ToolchainError as refused:
        seconds = time.perf_counter() - begin
        return Result(name, kind, connections, network.weights, None, seconds, str(refused))
    return Result(name, kind, connections, network.weights, found.figures, found.seconds)


def needed(network: IntegerNetwork) -> int:
    """Connections on a way from an input to an output, of values that vary on the declared inputs."""
    (low, high), used = network.input_ends, list[NDArray[np.bool_]]()
    varies = low < high
    for layer, bounds in zip(network.layers, integer_bounds(network)):
        changes = bounds.low < bounds.high
        used.append((layer.weight != 0) & varies & changes[:, None])
        varies = changes
    count, read = 0, np.ones(network.outputs, bool)
    for here in reversed(used):
        count += int(here[read].sum())
        read = here[read].any(0)
    return count


def networks(alphabets: list[str], seeds: list[int]) -> Iterator[tuple[str, IntegerNetwork]]:
    for name, widths in REFERENCE.items():
        for sparsity in SPARSITIES:
            for alphabet in alphabets:
                for seed in seeds:
                    yield (
                        f"{name} {sparsity:.0%} {alphabet} {seed}",
                        integer_survivors(widths, sparsity, alphabet, seed),
                    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="only networks whose name holds this text")
    parser.add_argument("--alphabets", nargs="+", default=[*ALPHABETS], choices=[*ALPHABETS])
    parser.add_argument("--targets", nargs="+", default=[*TARGETS], choices=[*TARGETS])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--limit", type=float, default=120, help="seconds that one C compilation may take (120)")
    parser.add_argument("--json", type=Path, help="file for all figures")
    arguments = parser.parse_args()
    results: list[Result] = []
    for tools, target in product(toolchains(), (TARGETS[name] for name in arguments.targets)):
        print(f"{tools.describe()}, -O3; {target.title}; on part: {target.flash.part}; bytes\n", flush=True)
        for name, network in networks(arguments.alphabets, arguments.seeds):
            if arguments.only in name:
                mine = [baseline(name, network, kind, target, tools, arguments.limit) for kind in INTEGER_BASELINES]
                print(table(HEAD, [result.row() for result in mine]) + "\n", flush=True)
                results += mine
    if arguments.json:
        arguments.json.write_text(json.dumps([result.plain() for result in results], indent=1) + "\n")


if __name__ == "__main__":
    main()
