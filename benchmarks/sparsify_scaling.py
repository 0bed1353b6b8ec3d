"""Seconds of an epoch and peak memory of the sparsifier from 30 thousand to 10 million weights: both must be linear.

    python benchmarks/sparsify_scaling.py [--selector auto] [--weights 30000,100000,300000,1000000,3000000,10000000]

Each size is a random ReLU perceptron 784-4n-2n-10 in a process of its own, 5 epochs of 20 steps of 256 inputs. The
seconds are those of the epochs after the first, which compiles: wall and processor. Memory is the peak of the process
and, in brackets, what it has taken once the network is made. `compensated` shows fine-tuning itself; `auto` adds
seconds of second-order when few weights are left. The same code runs on whatever device JAX finds, which is named.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from itertools import pairwise

import jax
import numpy as np

from armlet.network.domain import InputDomain
from armlet.network.network import Network, multilayer_perceptron
from armlet.pruning.options import SparsifyOptions
from armlet.pruning.select import Selector
from armlet.pruning.sparsify import sparsify

SIZES = "30000,100000,300000,1000000,3000000,10000000"


def main() -> None:
    arguments = parse()
    if arguments.one:
        print(json.dumps(measure(arguments.one, arguments.inputs, Selector(arguments.selector))))
        return
    print(f"device: {jax.devices()[0].device_kind}\n")
    print("| weights | seconds an epoch | processor | microseconds a weight | peak MB | bytes a weight |")
    print("| --- " * 6 + "|")
    for weights in arguments.weights.split(","):
        command = [sys.executable, __file__, "--inputs", arguments.inputs]
        command += ["--selector", arguments.selector, "--one", weights]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        each = 1e6 * found["processor"] / found["weights"]
        bytes_each = 2**20 * (found["peak"] - found["empty"]) / found["weights"]
        row = f"| {found['weights']:,} | {found['seconds']:.2f} | {found['processor']:.2f} | {each:.2f} | "
        print(row + f"{found['peak']:.0f} ({found['empty']:.0f}) | {bytes_each:.0f} |", flush=True)


def measure(weights: int, inputs: str, selector: Selector) -> dict[str, float]:
    """One size, in this process."""
    network, empty = perceptron(weights), peak()
    times: list[tuple[float, float]] = []
    options = SparsifyOptions(
        sparsity=0.9, inputs=inputs, selector=selector, epochs=5, rest=0, steps=20, draws=4096, validation=1024
    )
    sparsify(network, options, lambda *_: times.append((time.monotonic(), time.process_time())))
    (wall, processor), (wall_end, processor_end) = times[0], times[-1]
    epochs = len(times) - 1
    return {
        "weights": network.weights,
        "seconds": (wall_end - wall) / epochs,
        "processor": (processor_end - processor) / epochs,
        "peak": peak(),
        "empty": empty,
    }


def perceptron(weights: int) -> Network:
    """784-4n-2n-10 with about so many weights: 8 n^2 + 3156 n."""
    n = round((-3156 + (3156**2 + 32 * weights) ** 0.5) / 16)
    widths, random = (784, 4 * n, 2 * n, 10), np.random.default_rng(0)
    layers = [
        random.standard_normal((rows, columns), np.float32) * (2 / columns) ** 0.5 for columns, rows in pairwise(widths)
    ]
    biases = [np.zeros(rows) for rows in widths[1:]]
    return multilayer_perceptron([*layers], [*biases], InputDomain.uniform(widths[0]))


def peak() -> float:
    """Of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default=SIZES, help=f"sizes, by commas ({SIZES})")
    parser.add_argument("--inputs", default="gaussian", help="input model (gaussian)")
    names = [selector.value for selector in Selector]
    parser.add_argument("--selector", default="compensated", choices=names, help="scores removals (compensated)")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
