"""What convolutions in float32 cost as C and as armlet's program, on Cortex-M4F.

    python benchmarks/float_convolutions_in_c.py [--layers TEXT ...] [--models FILE.tflite ...] [--removed PART]
                                      [--tools NAME ...] [--programs TEXT ...] [--limit SECONDS] [--json FILE]

Single layers of random survivors (generators/float_survivors.py), and whole networks, of each of whose layers a part of
the weights is removed, the smallest ones. Dense C is what a converter of models writes: direct loops, plane after
plane. Blocked C has sixteen sums in registers, which share what they load. Unrolled C has the weights that are not
zero as constants, a statement a channel, at every position. All give what the network gives in float64, within the
bound that is proven for float32 in any order of its sums; all are built by the same tools, C at -O3, run in the same
emulator and counted by the same model (docs/cycles.md). A product is a weight at a position; the padding's are counted.
armlet's fastest program stands beside its fastest that takes no more flash than unrolled C.
"""

import argparse
import math
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from armlet.baseline.floats import FLOAT_BASELINES
from armlet.build.floats.read import read_float_build
from armlet.comparison import require_agreement, some_input
from armlet.config import CompileOptions
from armlet.errors import ArmletError
from armlet.isa.targets import TARGETS
from armlet.network.layers import Weighted
from armlet.network.network import Network
from armlet.pipeline import write_build
from armlet.simulate.floats.runner import FloatRunner
from armlet.simulate.link import link_build
from armlet.simulate.measure import figures_of
from armlet.toolchain.toolchain import Toolchain
from armlet.windows.compile import compile_float_network
from convolutions_in_c import Counts, Result, arguments_of, baseline, drawn, read_of, tell
from networks import float_survivor_convolution

TARGET = TARGETS["cortex-m4f"]
MODEL = "unrolled C"  # of how large a program is


def products(network: Network) -> tuple[int, int]:
    """Of all weights at all their positions, and of those that are not zero."""
    every = left = 0
    shapes = network.shapes
    for layer, shape in zip(network.layers, shapes[1:]):
        if isinstance(layer, Weighted):
            positions = math.prod(shape[1:])
            every += positions * layer.weight.size
            left += positions * int(np.count_nonzero(layer.weight))
    return every, left


def armlet(name: str, network: Network, counts: Counts, tools: Toolchain, flash: int | None) -> Iterator[Result]:
    """Both entries of armlet's program, checked within the same bound."""
    begin = time.perf_counter()
    kind = "armlet" if flash is None else "armlet, no larger"
    try:
        made = compile_float_network(network, "net", CompileOptions(TARGET.name, flash=flash))
    except ArmletError as refused:
        yield Result(name, kind, *counts, None, time.perf_counter() - begin, str(refused))
        return
    seconds = time.perf_counter() - begin
    with tempfile.TemporaryDirectory() as folder:
        write_build(made, Path(folder) / "net")
        build = read_float_build(Path(folder) / "net")
    runner, x = FloatRunner(build, link_build(build, tools)), some_input(network)
    for entry, call in runner.entries.items():
        require_agreement(network, kind, x, call(x))
        figures = figures_of(runner.trace(entry, x), runner.machine, entry, TARGET.cycles, TARGET.flash)
        yield Result(name, f"{kind}, {entry.removeprefix('net_')}", *counts, figures, seconds)


def networks(layers: list[str], models: list[Path], removed: float) -> Iterator[tuple[str, Network]]:
    yield from drawn(layers, float_survivor_convolution)
    for path in models:
        yield f"{path.stem}, {removed:.0%}", thinned(read_of(path, Network, "float32"), removed)


def thinned(network: Network, removed: float) -> Network:
    """Without this part of each layer's weights, the smallest."""
    layers = list(network.layers)
    for i, layer in enumerate(layers):
        if isinstance(layer, Weighted):
            weight = layer.weight.copy()
            weight.ravel()[np.argsort(np.abs(weight), axis=None, kind="stable")[: round(removed * weight.size)]] = 0
            layers[i] = replace(layer, weight=weight)
    return replace(network, layers=tuple(layers))


def rows(name: str, network: Network, tools: Toolchain, arguments: argparse.Namespace) -> Iterator[Result]:
    """All programs that are asked for."""
    counts, limit = (*products(network), network.connections), None
    for kind in FLOAT_BASELINES:
        if any(part in kind for part in arguments.programs):
            found = baseline(name, network, counts, kind, TARGET, tools, arguments.limit)
            limit = found.figures if kind == MODEL else limit
            yield found
    if any(part in "armlet" for part in arguments.programs):
        yield from armlet(name, network, counts, tools, None)
        if limit is not None:
            yield from armlet(name, network, counts, tools, limit.flash_bytes)


def main() -> None:
    parser = arguments_of(__doc__, "float32", 300)
    parser.add_argument("--removed", type=float, default=0.9, help="part of the weights that whole networks lose (0.9)")
    arguments = parser.parse_args()
    every = list(networks(arguments.layers, arguments.models, arguments.removed))
    tell(arguments, TARGET, lambda tools: (rows(*each, tools, arguments) for each in every))


if __name__ == "__main__":
    main()
