"""What a network costs on a Cortex-M4F as dense C, as a CSR loop, as unrolled C and as armlet's program.

    python benchmarks/bench.py [--networks FOLDER] [--only TEXT] [--limit SECONDS] [--json FILE]

Random survivors by default: 196-10-10-10, 784-40-20-10 and 784-300-100-10 at 0, 80, 90 and 95 % sparsity. With
--networks, each PARAMS folder in FOLDER as well, as `armlet sparsify` leaves them. All programs are built by the same
tools, C at -O3, run in the same emulator and counted by the same model (docs/cycles.md). What a compiler does not
finish within the limit is shown as not built.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from armlet.baseline import BASELINES
from armlet.build.read import read_build
from armlet.cli.terminal.console import table
from armlet.comparison import measure_c, require_agreement, some_input
from armlet.config import CompileOptions
from armlet.errors import ArmletError, ToolchainError
from armlet.formats.params import read_params
from armlet.isa.targets import TARGETS
from armlet.network.network import Network
from armlet.pipeline import compile_network
from armlet.simulate.figures import Figures
from armlet.simulate.link import link_build
from armlet.simulate.measure import figures_of
from armlet.simulate.runner import Runner
from armlet.toolchain.toolchain import Toolchain, find_toolchain
from networks import SPARSITIES, WIDTHS, survivors

TARGET = TARGETS["cortex-m4f"]
HEAD = ["network", "program", "cycles", "a connection", "on part", "ms", "flash", "a connection", "RAM", "stack"]
HEAD += ["loads act.", "weight", "stack", "stores", "built in s"]


@dataclass(frozen=True)
class Result:
    """One program of one network; `figures` is None where it was not built."""

    network: str
    program: str
    connections: int
    figures: Figures | None
    seconds: float  # to build
    why: str = ""

    def row(self) -> list[str]:
        found = self.figures
        if found is None:
            return [self.network, self.program, *["-"] * 12, f"not built: {self.why}"]
        loads, stores = found.loads, found.stores
        return [
            self.network,
            self.program,
            f"{found.cycles:,}",
            f"{found.cycles / self.connections:.2f}",
            f"{found.cycles_on_part:,}",
            f"{found.milliseconds:.3f}",
            f"{found.flash_bytes:,}",
            f"{found.flash_bytes / self.connections:.1f}",
            f"{found.ram_bytes:,}",
            f"{found.stack_bytes:,}",
            *(f"{value:,}" for value in (loads.activation, loads.weight, loads.stack, stores.total)),
            f"{self.seconds:.1f}",
        ]


def baseline(name: str, network: Network, kind: str, tools: Toolchain, limit: float) -> Result:
    """C for `network`, checked against the float64 network on one input."""
    begin = time.perf_counter()
    try:
        contestant = measure_c(network, kind, TARGET, tools, limit)
    except ToolchainError as refused:
        return Result(name, kind, network.connections, None, time.perf_counter() - begin, str(refused))
    return Result(name, kind, network.connections, contestant.figures, contestant.seconds)


def armlet(name: str, network: Network, tools: Toolchain) -> Iterator[Result]:
    """Both entries of armlet's program."""
    begin = time.perf_counter()
    try:
        made = compile_network(network, "net", CompileOptions())
    except ArmletError as refused:
        yield Result(name, "armlet", network.connections, None, time.perf_counter() - begin, str(refused))
        return
    seconds = time.perf_counter() - begin
    with tempfile.TemporaryDirectory() as folder:
        for file, content in made.bundle.files.items():
            (Path(folder) / file).write_bytes(content)
        build = read_build(Path(folder))
    runner, x = Runner(build, link_build(build, tools)), some_input(network)
    for entry, kind in (("net_core", "armlet core"), ("net_run", "armlet run")):
        require_agreement(network, f"{name}, {kind}", x, runner.entries[entry](x))
        figures = figures_of(runner.trace(entry, x), runner.machine, entry, TARGET.cycles, TARGET.flash)
        yield Result(name, kind, network.connections, figures, seconds)


def networks(folder: Path | None) -> Iterator[tuple[str, Network]]:
    for name, widths in WIDTHS.items():
        for sparsity in SPARSITIES:
            yield f"{name} random {sparsity:.0%}", survivors(widths, sparsity)
    for path in sorted(folder.iterdir()) if folder else []:
        if (path / "W_0.npy").exists():
            network = read_params(path)
            yield f"{path.name} {network.sparsity:.1%}", network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=Path, help="folder of PARAMS folders to compare as well")
    parser.add_argument("--only", default="", help="only networks whose name holds this text")
    parser.add_argument("--limit", type=float, default=120, help="seconds that one C compilation may take (120)")
    parser.add_argument("--json", type=Path, help="file for all figures")
    arguments = parser.parse_args()
    tools = find_toolchain()
    print(
        f"{tools.describe()}, -O3; {TARGET.title}; on part: {TARGET.flash.part}; bytes; see docs/cycles.md\n",
        flush=True,
    )
    results: list[Result] = []
    for name, network in networks(arguments.networks):
        if arguments.only in name:
            mine = [baseline(name, network, kind, tools, arguments.limit) for kind in BASELINES]
            mine += armlet(name, network, tools)
            print(table(HEAD, [result.row() for result in mine]) + "\n", flush=True)
            results += mine
    if arguments.json:
        arguments.json.write_text(json.dumps([_plain(result) for result in results], indent=1) + "\n")


def _plain(result: Result) -> dict[str, object]:
    figures = result.figures.as_json() if result.figures else None
    plain = {"network": result.network, "program": result.program, "connections": result.connections}
    return {**plain, "seconds": round(result.seconds, 2), "why": result.why, "figures": figures}


if __name__ == "__main__":
    main()
