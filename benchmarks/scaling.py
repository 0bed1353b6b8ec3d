"""How the time and the memory of a compilation grow, from a thousand to a million weights that are not zero.

    python benchmarks/scaling.py [SIZE...] [--sparsity 0.95]

Each network is 784-3n-n-10 with random survivors and is compiled in a process of its own with default settings,
without assembling and emulating. The exponent is the slope of log time over log size.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from itertools import pairwise

import numpy as np

from armlet.cli.terminal.console import table
from armlet.pipeline import compile_network
from networks import survivors

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
STAGES = ("graph", "order", "registers", "layout", "emit")


def widths_for(size: int, sparsity: float) -> tuple[int, int, int, int]:
    """784-3n-n-10 with about so many survivors."""
    weights = size / (1 - sparsity)  # 3 n^2 + (3 * 784 + 10) n
    n = max(2, round((-2362 + (2362**2 + 12 * weights) ** 0.5) / 6))
    return 784, 3 * n, n, 10


def measure(widths: tuple[int, ...], sparsity: float) -> dict[str, float]:
    """Seconds by stage, and peak memory, of one compilation in this process; compiled loops come from their cache."""
    compile_network(survivors((24, 12, 6, 4), 0.5), "warm")
    network = survivors(widths, sparsity)
    marks: list[tuple[str, float]] = []
    begun = time.perf_counter()
    made = compile_network(network, "net", watch=lambda stage: marks.append((stage, time.perf_counter())))
    marks.append(("end", time.perf_counter()))
    seconds = {stage: later - at for (stage, at), (_, later) in pairwise(marks)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = sum(len(content) for content in made.bundle.files.values()) / 1e6
    return {"connections": network.connections, "total": marks[-1][1] - begun, **seconds, "peak": peak, "files": size}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", nargs="*", type=int, default=SIZES)
    parser.add_argument("--sparsity", type=float, default=0.95)
    parser.add_argument("--one", help="widths of the one network to measure here, as JSON for the caller")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(tuple(json.loads(arguments.one)), arguments.sparsity)))
        return
    rows: list[list[str]] = []
    found: list[dict[str, float]] = []
    for size in arguments.size:
        widths = widths_for(size, arguments.sparsity)
        command = [sys.executable, __file__, "--one", json.dumps(widths), "--sparsity", str(arguments.sparsity)]
        found.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        one = found[-1]
        cells = [f"{one[stage]:.2f}" for stage in (*STAGES, "total")]
        rows.append(["-".join(map(str, widths)), f"{one['connections']:,}", *cells, f"{one['peak']:.0f}"])
        print(f"{widths}: {one['total']:.1f} s", file=sys.stderr, flush=True)
    print(table(["network", "non-zero", *(f"{stage} s" for stage in (*STAGES, "total")), "peak MiB"], rows))
    if len(found) > 1:
        size, total = (np.log([one[key] for one in found]) for key in ("connections", "total"))
        print(f"\nexponent of total time: {np.polyfit(size, total, 1)[0]:.2f}; ", end="")
        print(f"between the last two: {(total[-1] - total[-2]) / (size[-1] - size[-2]):.2f}")


if __name__ == "__main__":
    main()
