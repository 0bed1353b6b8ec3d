"""How well networks survive sparsifying: the table of accuracies over sparsities, input models and seeds.

    python benchmarks/sparsify.py OUT --data ../shared/data [--only lenet-default] [--seeds 3] [--minutes 10]
    python benchmarks/sparsify.py OUT --print

A run is one network, one row of the table and one seed, in a process of its own; `--path` gives it all columns, and
OUT/runs/NAME.json its figures. What is there already is not run again, and a run that `--minutes` cuts off goes on
where it stood: the table can be made in pieces. `--only` takes the runs whose names hold one of its texts, so that
two pieces may go side by side.

Networks: LeNet-300-100 of the folder of reference data, and two that armlet trains on its MNIST, seed 0. The test set
is read only to show the result: no setting is chosen by it. Rows: the default settings, `--fast`, and the default
budget (which stops by itself); `samples` is given 1000 rows of the training images without labels; `uniform` inputs
and `magnitude`, without fine-tuning, are the baselines.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from armlet.data.dataset import make_dataset
from armlet.data.source import SourceOptions, read_source
from armlet.formats.arrays import read_npz, write_npz
from armlet.formats.params import write_params
from armlet.formats.read import read_network
from armlet.network.network import Network
from armlet.network.topology import Topology
from armlet.pruning.checkpoint import Partial
from armlet.pruning.geometry.functional import outputs
from armlet.pruning.options import FAST, SparsifyOptions
from armlet.pruning.select import Selector
from armlet.pruning.sparsify import Sparsified, sparsify
from armlet.storage import write_file
from armlet.train.options import TrainOptions
from armlet.train.trainer import train_network

PATH = (0.8, 0.9, 0.95, 0.98)
LEAST_TRAINED = {"784-40-20-10": Topology(28, (40, 20, 10)), "196-10-10-10": Topology(14, (10, 10, 10))}
NETWORKS = ("lenet-300-100", *LEAST_TRAINED)
ROWS: Mapping[str, Mapping[str, Any]] = {
    "default": {"path": PATH},
    "samples": {"path": PATH, "inputs": "samples"},
    "budget": {},
    "magnitude": {"path": PATH, "selector": Selector.MAGNITUDE, "steps": 0, "epochs": 1},
    "uniform": {"path": PATH, "inputs": "uniform"},
    "fast": {"path": PATH[:3], **FAST},
}


def main() -> None:
    arguments = parse()
    if arguments.one:
        measure(arguments, *arguments.one)
        return
    if not arguments.print:
        run(arguments)
    found = {path.stem: json.loads(path.read_text()) for path in sorted((arguments.out / "runs").glob("*.json"))}
    write_file(arguments.out / "table.json", json.dumps(found, indent=1) + "\n")
    print("\n".join(table(found)))


def run(arguments: argparse.Namespace) -> None:
    """Every run that is wanted and not there yet, until the time is over."""
    until = time.monotonic() + 60 * arguments.minutes
    for name, row, seed in wanted(arguments):
        left = until - time.monotonic()
        if left <= 0:
            return
        prepare(arguments, name)
        command = [sys.executable, __file__, str(arguments.out), "--data", str(arguments.data), "--one"]
        try:
            subprocess.run([*command, name, row, str(seed)], check=True, timeout=left)  # killed at the timeout
        except subprocess.TimeoutExpired:
            print(f"{name} {row} {seed}: cut off, to go on next time", file=sys.stderr)


def wanted(arguments: argparse.Namespace) -> Iterator[tuple[str, str, int]]:
    texts = arguments.only.split(",")
    for seed in range(arguments.seeds):
        for network in NETWORKS:
            for row in ROWS:
                name = stem(network, row, seed)
                if any(text in name for text in texts) and not (arguments.out / "runs" / f"{name}.json").exists():
                    yield network, row, seed


def stem(network: str, row: str, seed: int) -> str:
    return f"{network.removesuffix('-300-100')}-{row}-{seed}"


def measure(arguments: argparse.Namespace, name: str, row: str, seed: str) -> None:
    """One run, and its figures into a file of its own."""
    folder, file = prepare(arguments, name)
    network, rows = read_network(folder), read_npz(file)
    options = SparsifyOptions(seed=int(seed), **ROWS[row])
    stood = arguments.out / "runs" / stem(name, row, int(seed))
    partial = Partial(stood.with_suffix(".partial"), resume=True)
    result = sparsify(network, options, None, rows["samples"] if row == "samples" else None, partial)

    def accuracy(sparse: Network) -> float:
        return 100 * float((outputs(sparse, rows["X"]).argmax(axis=1) == rows["y"]).mean())

    figures = {"network": name, "row": row, "seed": int(seed), "dense": accuracy(network)}
    figures |= {"settings": dict(result.trace.settings), **ended(result)}
    figures["stops"] = {
        f"{share:g}": {"accuracy": accuracy(sparse), "distance": sparse.provenance["sparsify_distance"]}
        for share, sparse in {**result.path, round(result.network.sparsity, 4): result.network}.items()
    }
    write_file(stood.with_suffix(".json"), json.dumps(figures, indent=1) + "\n")
    partial.remove()
    print(f"{stood.name}: {json.dumps(figures['stops'])} {figures['seconds']:.0f} s", flush=True)


def ended(result: Sparsified) -> dict[str, float]:
    """Seconds and epochs of the run with all its pieces, and the peak memory of the last one, MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF)
    processor = peak.ru_utime + peak.ru_stime
    last = result.trace.epochs[-1]
    return {
        "seconds": last.seconds,
        "epochs": last.number,
        "processor": processor,
        "memory": peak.ru_maxrss / 1024,
        "sparsity": result.network.sparsity,
    }


def prepare(arguments: argparse.Namespace, name: str) -> tuple[Path, Path]:
    """The dense network, and a file of its test set with rows to draw samples from; made where they are not there.

    In the process that starts the runs, so that their memory is their own."""
    folder, file = arguments.out / "networks" / name, arguments.out / "networks" / f"{name}.npz"
    if folder.exists() and file.exists():
        return folder, file
    topology = LEAST_TRAINED.get(name, Topology(28, (300, 100, 10)))
    data = make_dataset(read_source(SourceOptions(str(arguments.data / "mnist")), 10), topology)
    given = arguments.data / "lenet-300-100" / "dense.npz"
    dense = train_network(data, topology, TrainOptions(seed=0)) if name in LEAST_TRAINED else read_network(given)
    rows = {"X": data.test_inputs, "y": data.test_labels, "samples": data.train_inputs[:1000]}
    write_file(file, write_npz(rows))
    write_params(dense, folder)
    return folder, file


def table(found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The table as Markdown, one for each network."""
    for network in NETWORKS:
        runs = [figures for figures in found.values() if figures["network"] == network]
        if not runs:
            continue
        yield f"\n{network}, dense {runs[0]['dense']:.2f} %\n"
        yield "| row | seeds | .8: % | d | .9: % | d | .95: % | d | .98: % | d | seconds | processor | MB |"
        yield "| " + "--- | " * 13
        for row in ROWS:
            same = [figures for figures in runs if figures["row"] == row]
            if same and row != "budget":
                yield f"| {row} | {len(same)} | " + " | ".join([*columns(same), *costs(same)]) + " |"
        yield from budget([figures for figures in runs if figures["row"] == "budget"])


def budget(runs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The runs that stop by the default budget, as a table of their own."""
    if not runs:
        return
    stops = [run["stops"][f"{round(run['sparsity'], 4):g}"] for run in runs]
    yield "\nDefault budget:\n\n| seeds | % removed | accuracy, % | d | seconds | processor | MB |"
    yield "| " + "--- | " * 7
    removed = spread([100 * run["sparsity"] for run in runs])
    yield f"| {len(runs)} | {removed} | " + " | ".join([*cells(stops), *costs(runs)]) + " |"


def columns(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    levels = [[run["stops"][f"{s:g}"] for run in runs if f"{s:g}" in run["stops"]] for s in PATH]
    return [cell for stops in levels for cell in cells(stops)]


def cells(stops: Sequence[Mapping[str, float]]) -> list[str]:
    """Mean accuracy with half of its range behind it, and the mean distance."""
    if not stops:
        return ["", ""]
    distance = float(np.mean([stop["distance"] for stop in stops]))
    return [spread([stop["accuracy"] for stop in stops]), f"{distance:.3f}"]


def spread(values: Sequence[float]) -> str:
    half = f" ± {(max(values) - min(values)) / 2:.2f}" if len(values) > 1 else ""
    return f"{float(np.mean(values)):.2f}{half}"


def costs(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"{float(np.mean([run[name] for run in runs])):.0f}" for name in ("seconds", "processor", "memory")]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder for runs, networks and the table")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of reference data")
    parser.add_argument("--only", default="", help="texts, by commas: runs whose names hold one of them")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=1e6, help="end after so long; the next call goes on")
    parser.add_argument("--print", action="store_true", help="only the table of what is there")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
