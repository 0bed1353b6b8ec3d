"""How well a network survives sparsifying: accuracy, distance, seconds and memory over sparsities, laws and seeds.

    python benchmarks/sparsify.py ../shared/data/lenet-300-100/dense.npz --mnist ../shared/data/mnist
    python benchmarks/sparsify.py PARAMS --test dataset/test.npz --seeds 1 --rows image,magnitude

Each figure is a run of its own with default settings, in a process of its own, so that seconds and memory are whole.
The test set is read only to show the result: no setting is chosen by it. The rows `magnitude` (without adjusting) and
`uniform` are baselines; `samples` is given 1000 rows of the training images, without labels.
"""

import argparse
import gzip
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from armlet.manifold.functional import outputs
from armlet.manifold.options import SparsifyOptions
from armlet.manifold.select import Selector
from armlet.manifold.sparsify import sparsify
from armlet.network.read import read_network

ROWS: dict[str, dict[str, Any]] = {
    "default": {},
    "magnitude": {"selector": Selector.MAGNITUDE, "steps": 0, "epochs": 1},
    "uniform": {"inputs": "uniform"},
    "weights": {"inputs": "weights"},
    "fields": {"inputs": "fields"},
    "image": {"inputs": "image"},
    "samples": {"inputs": "samples"},
}


def main() -> None:
    arguments = parse()
    if arguments.one:
        print(json.dumps(measure(arguments)))
        return
    dense = accuracy(read_network(arguments.network), *test_set(arguments))
    sparsities = [float(s) for s in arguments.sparsities.split(",")]
    print(
        f"dense {dense:.2f} %, {arguments.seeds} seeds; accuracy in %, spread in brackets, distance, seconds, peak MB"
    )
    for row in arguments.rows.split(","):
        cells = [cell([run(row, s, seed) for seed in range(arguments.seeds)]) for s in sparsities]
        print(f"| {row} | " + " | ".join(cells) + " |", flush=True)


def cell(runs: list[dict[str, float]]) -> str:
    right = [run["accuracy"] for run in runs]
    mean = {key: float(np.mean([run[key] for run in runs])) for key in runs[0]}
    spread = f" ({max(right) - min(right):.2f})" if len(right) > 1 else ""
    return f"{mean['accuracy']:.2f}{spread} d {mean['distance']:.3f} {mean['seconds']:.0f} s {mean['memory']:.0f}"


def run(row: str, sparsity: float, seed: int) -> dict[str, float]:
    """One run in a fresh process."""
    command = [sys.executable, __file__, *sys.argv[1:], "--one", row, "--sparsity", str(sparsity), "--seed", str(seed)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def measure(arguments: argparse.Namespace) -> dict[str, float]:
    network = read_network(arguments.network)
    options = SparsifyOptions(sparsity=arguments.sparsity, seed=arguments.seed, **ROWS[arguments.one])
    samples = train_rows(arguments) if arguments.one == "samples" else None
    started = time.monotonic()
    result = sparsify(network, options, samples=samples)
    seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    shown = accuracy(result.network, *test_set(arguments))
    return {"accuracy": shown, "distance": result.trace.distance, "seconds": seconds, "memory": peak}


def accuracy(network: Any, x: np.ndarray, y: np.ndarray) -> float:
    return 100 * float((outputs(network, x).argmax(axis=1) == y).mean())


def test_set(arguments: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    if arguments.mnist is None:
        arrays = np.load(arguments.test)
        return arrays["X"], arrays["y"]
    labels = np.frombuffer(gzip.decompress((arguments.mnist / "t10k-labels-idx1-ubyte.gz").read_bytes()), np.uint8)
    return idx_images(arguments.mnist / "t10k-images-idx3-ubyte.gz"), labels[8:]


def train_rows(arguments: argparse.Namespace, count: int = 1000) -> np.ndarray:
    if arguments.mnist is None:
        return np.load(arguments.test.parent / "train.npz")["X"][:count]
    return idx_images(arguments.mnist / "train-images-idx3-ubyte.gz")[:count]


def idx_images(path: Path) -> np.ndarray:
    pixels = np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=16)
    return pixels.reshape(-1, 784) / np.float32(255)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path, help="PARAMS folder or network file")
    tests = parser.add_mutually_exclusive_group(required=True)
    tests.add_argument("--mnist", type=Path, help="folder of MNIST's idx files")
    tests.add_argument("--test", type=Path, help=".npz with X and y; its neighbour train.npz gives the samples")
    parser.add_argument("--rows", default="magnitude,uniform,image", help=f"of {', '.join(ROWS)}")
    parser.add_argument("--sparsities", default="0.8,0.9,0.95,0.98")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--one", choices=ROWS, help=argparse.SUPPRESS)
    parser.add_argument("--sparsity", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
