"""What convolutions in int8 cost as dense C, as unrolled C and as armlet's program, on Cortex-M4.

    python benchmarks/convolutions_in_c.py [--layers TEXT ...] [--models FILE.tflite ...] [--tools NAME ...]
                                      [--programs TEXT ...] [--limit SECONDS] [--json FILE]

Single layers of random survivors (generators/window_survivors.py), and whole networks in int8 with all their weights.
Dense C is what libraries of kernels do: windows to columns of halfwords, two positions at a time, two products an
instruction (SMLAD). Unrolled C has the weights that are not zero as constants, a statement a channel, at every
position. All give the same bits as the network, with the multipliers of TensorFlow Lite; all are built by the same
tools, C at -O3, run in the same emulator and counted by the same model (docs/cycles.md). A product is a weight at a
position; the padding's are counted.
"""

import argparse
import json
import math
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

from armlet.baseline.tensors import TENSOR_BASELINES
from armlet.build.tensors.read import read_tensor_build
from armlet.cli.terminal.console import table
from armlet.comparison import measure_c, some_stored
from armlet.config import IntegerCompileOptions
from armlet.errors import ArmletError, ArmletWarning, InvariantError, ToolchainError
from armlet.formats.read import read_any_network
from armlet.integer.interpret import run_integers
from armlet.integer.layers import IntegerConv, body_of
from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_target import IntegerTarget
from armlet.isa.target import Target
from armlet.isa.targets import INTEGER_TARGETS
from armlet.network.network import Network
from armlet.pipeline import compile_tensor_network, write_build
from armlet.simulate.figures import Figures
from armlet.simulate.link import link_build
from armlet.simulate.measure import figures_of
from armlet.simulate.tensors.runner import TensorRunner
from armlet.toolchain.toolchain import Toolchain, toolchains
from networks import survivor_convolution

AnyNetwork: TypeAlias = Network | IntegerNetwork
Counts: TypeAlias = tuple[int, int, int]  # products, those of weights that are not zero, such weights
Drawn = TypeVar("Drawn", Network, IntegerNetwork)

TARGET = INTEGER_TARGETS["cortex-m4"]
HEAD = ["network", "program", "cycles", "a product", "a non-zero", "on part", "flash", "a non-zero", "RAM", "stack"]
HEAD += ["built in s"]
SPARSITIES = (0.0, 0.8, 0.9)
LAYERS = {  # planes taken, channels given, window, depthwise
    "3x3x32x32 at 16x16": ((32, 16, 16), 32, 3, False),
    "1x1x64x64 at 16x8": ((64, 16, 8), 64, 1, False),
    "3x3 depthwise x64 at 16x8": ((64, 16, 8), 64, 3, True),
}


@dataclass(frozen=True)
class Result:
    """One program of one network; `figures` is None where it was not built."""

    network: str
    program: str
    products: int  # of all weights, at all positions
    left: int  # of weights that are not zero
    weights: int  # that are not zero
    figures: Figures | None
    seconds: float  # to build
    why: str = ""

    def row(self) -> list[str]:
        found = self.figures
        if found is None:
            return [self.network, self.program, *["-"] * 8, f"not built: {self.why}"]
        return [
            self.network,
            self.program,
            f"{found.cycles:,}",
            f"{found.cycles / self.products:.2f}",
            f"{found.cycles / self.left:.2f}",
            f"{found.cycles_on_part:,}",
            f"{found.flash_bytes:,}",
            f"{found.flash_bytes / self.weights:.2f}",
            f"{found.ram_bytes:,}",
            f"{found.stack_bytes:,}",
            f"{self.seconds:.1f}",
        ]

    def plain(self) -> dict[str, object]:
        """Names and numbers for a file."""
        shown = {name: getattr(self, name) for name in ("network", "program", "products", "left", "weights", "why")}
        return {**shown, "figures": self.figures.as_json() if self.figures else None}


def products(network: IntegerNetwork) -> tuple[int, int]:
    """Of all weights at all their positions, and of those that are not zero."""
    every = left = 0
    for layer, shape in zip(network.layers, network.shapes[1:]):
        if (body := body_of(layer)) is not None:
            positions = math.prod(shape[1:]) if isinstance(layer, IntegerConv) else 1
            every += positions * body.weight.size
            left += positions * int((body.weight != 0).sum())
    return every, left


def baseline(
    name: str,
    network: AnyNetwork,
    counts: Counts,
    kind: str,
    target: Target | IntegerTarget,
    tools: Toolchain,
    limit: float,
) -> Result:
    """C for `network`, its outputs checked."""
    begin = time.perf_counter()
    try:
        found = measure_c(network, kind, target, tools, limit)
    except ToolchainError as refused:
        return Result(name, kind, *counts, None, time.perf_counter() - begin, str(refused))
    return Result(name, kind, *counts, found.figures, found.seconds)


def armlet(name: str, network: IntegerNetwork, counts: Counts, tools: Toolchain, optimize: str) -> Iterator[Result]:
    """Both entries of armlet's program, checked to the bit."""
    begin = time.perf_counter()
    try:
        made = compile_tensor_network(network, "net", IntegerCompileOptions(TARGET.name, optimize=optimize))
    except ArmletError as refused:
        yield Result(name, f"armlet {optimize}", *counts, None, time.perf_counter() - begin, str(refused))
        return
    seconds = time.perf_counter() - begin
    with tempfile.TemporaryDirectory() as folder:
        write_build(made, Path(folder) / "net")
        build = read_tensor_build(Path(folder) / "net")
    runner = TensorRunner(build, link_build(build, tools))
    (x,) = some_stored(network)[-1:]
    for entry, call in runner.entries.items():
        if (call(x) != run_integers(network, x)[0]).any():
            raise InvariantError(f"{name}, armlet {optimize}: the outputs are not the network's")
        figures = figures_of(runner.trace(entry, x), runner.machine, entry, TARGET.cycles, TARGET.flash)
        kind = f"armlet {optimize}, {entry.removeprefix('net_')}"
        yield Result(name, kind, *counts, figures, seconds)


def drawn(layers: list[str], draw: Callable[..., Drawn]) -> Iterator[tuple[str, Drawn]]:
    """The layers that are asked for, with weights removed at random."""
    for name, (shape, outputs, size, depthwise) in LAYERS.items():
        if any(text in name for text in layers):
            for sparsity in SPARSITIES:
                yield f"{name}, {sparsity:.0%}", draw(shape, outputs, size, sparsity, depthwise)


def read_of(path: Path, kind: type[Drawn], numbers: str) -> Drawn:
    """A whole network, which must compute in `numbers`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ArmletWarning)
        network = read_any_network(path)
    if not isinstance(network, kind):
        raise SystemExit(f"{path} is not in {numbers}")
    return network


def networks(layers: list[str], models: list[Path]) -> Iterator[tuple[str, IntegerNetwork]]:
    yield from drawn(layers, survivor_convolution)
    yield from ((path.stem, read_of(path, IntegerNetwork, "integers")) for path in models)


def rows(name: str, network: IntegerNetwork, tools: Toolchain, arguments: argparse.Namespace) -> Iterator[Result]:
    """All programs that are asked for."""
    counts = (*products(network), network.connections)
    for kind in TENSOR_BASELINES:
        if any(part in kind for part in arguments.programs):
            yield baseline(name, network, counts, kind, TARGET, tools, arguments.limit)
    for optimize in ("speed", "size"):
        if any(part in f"armlet {optimize}" for part in arguments.programs):
            yield from armlet(name, network, counts, tools, optimize)


def arguments_of(told: str | None, numbers: str, limit: float) -> argparse.ArgumentParser:
    """What may be asked for; `numbers` are what the networks compute in."""
    parser = argparse.ArgumentParser(description=told, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", nargs="*", default=[""], help="only layers whose name holds one of these texts")
    parser.add_argument("--models", nargs="*", type=Path, default=[], help=f"whole networks in {numbers}")
    parser.add_argument("--tools", nargs="+", default=[""], help="only tools whose name holds one of these texts")
    parser.add_argument("--programs", nargs="+", default=[""], help="only programs whose name holds one of these texts")
    parser.add_argument("--limit", type=float, default=limit, help=f"seconds that C may take to compile ({limit:g})")
    parser.add_argument("--json", type=Path, help="file for all figures")
    return parser


def tell(
    arguments: argparse.Namespace,
    target: Target | IntegerTarget,
    found: Callable[[Toolchain], Iterator[Iterator[Result]]],
) -> None:
    """Print a table for each network, by all tools that are asked for."""
    results: list[Result] = []
    for tools in toolchains():
        if not any(part in type(tools).__name__ for part in arguments.tools):
            continue
        print(f"{tools.describe()}, -O3; {target.title}; on part: {target.flash.part}; bytes\n", flush=True)
        for each in found(tools):
            mine = list(each)
            print(table(HEAD, [result.row() for result in mine]) + "\n", flush=True)
            results += mine
    if arguments.json:
        arguments.json.write_text(json.dumps([result.plain() for result in results], indent=1) + "\n")


def main() -> None:
    arguments = arguments_of(__doc__, "int8", 120).parse_args()
    every = list(networks(arguments.layers, arguments.models))
    tell(arguments, TARGET, lambda tools: (rows(*each, tools, arguments) for each in every))


if __name__ == "__main__":
    main()
