"""Random networks with windows in single precision through compiler, emulator and prover until something differs.

    python tests/float_soak.py [--networks N] [--first I] [--prove P]

Network number i is the same on every machine. Each is compiled in bodies of random shapes, linked, and run in the
emulator on random inputs, zeros of both signs, denormals and large values among them: all outputs must be what the
declared order gives, to the bit. Half of the networks have channels that need not be computed. A share is proved from
its linked bytes as well. Exit code 1 where anything was found.
"""

import argparse
import sys
import time

import numpy as np

from armlet.errors import InputError
from armlet.network.drop_channels import drop_channels
from armlet.network.layers import Conv, Depthwise
from armlet.network.network import Network
from armlet.prove.floats.bound import plane_error_bound
from armlet.tensors.floats.interpret import run_planes
from armlet.tensors.floats.planes import plan_planes
from float_programs import emulated, proof
from generators.choices import Seeded
from generators.dead_channels import with_dead_planes
from generators.floats import random_arithmetic, random_rows, random_shapes, thinned
from generators.layered import grown

_EMPTIED = 0.5  # share of the networks with channels of zeros and such that nobody reads


def main() -> int:
    """Run, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=5000, help="how many (5,000)")
    parser.add_argument("--first", type=int, default=0, help="number of the first network (0)")
    parser.add_argument("--prove", type=float, default=0.2, help="share that is proved as well (0.2)")
    args, start = parser.parse_args(), time.process_time()
    counts = {"run": 0, "proved": 0, "refused": 0, "differ": 0, "not proved": 0}
    for number in range(args.first, args.first + args.networks):
        for what in examine(number, args.prove):
            counts[what] += 1
            if what in ("differ", "not proved"):
                print(f"network {number}: {what}", flush=True)
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items())
    print(f"{args.networks:,} networks from {args.first:,} on: {told}; {time.process_time() - start:.0f} s")
    return int(counts["differ"] + counts["not proved"] > 0)


def drawn(random: np.random.Generator) -> Network:
    """A network with at least one convolution."""
    while True:
        network = thinned(grown(Seeded(random), 5), random)
        if any(isinstance(layer, Conv | Depthwise) for layer in network.layers):
            return network


def examine(number: int, share: float) -> list[str]:
    """What became of a network."""
    random = np.random.default_rng(number)
    network = drawn(random)
    if random.random() < _EMPTIED:
        network = with_dead_planes(network, number)
    try:
        plan_planes(network)
    except InputError:
        return ["refused"]
    left = drop_channels(network).network
    made = emulated(left, random_shapes(left, random), random_arithmetic(random))
    rows = random_rows(network, random)
    with np.errstate(all="ignore"):
        wanted, whole = (run_planes(each, made.program.arithmetic, rows) for each in (left, network))
    told = np.isfinite(plane_error_bound(network, rows)).all(axis=1)
    is_right = made.run(rows)[told].tobytes() == wanted[told].tobytes() and np.array_equal(whole[told], wanted[told])
    found = ["run", *([] if is_right else ["differ"])]
    if random.random() < share:
        found.append("not proved" if proof(made).problem else "proved")
    return found


if __name__ == "__main__":
    sys.exit(main())
