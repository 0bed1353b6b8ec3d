"""Random int8 networks with windows through compiler, linker, emulator and prover until something differs.

    python tests/tensor_soak.py [--networks N] [--first I] [--prove P] [--shaped]

Network number i is the same on every machine: any layers in any order (generators/windows.py), or with --shaped
LeNet-5, signals over time, mobile blocks and groups (generators/shaped.py); a third give the class. Each is compiled in
bodies of a random shape, linked, and run in the emulator on the ends of all inputs and on random ones: all outputs must
be what the network defines, to the bit. A share is proved from its linked bytes as well. Exit code 1 where anything was
found.
"""

import argparse
import sys
import time
from contextlib import suppress

import numpy as np

from armlet.errors import CapacityError
from armlet.integer.interpret import run_integers
from armlet.integer.network import IntegerNetwork
from armlet.select.tensors.shapes import SHAPES
from compiled_tensors import CompiledTensors
from generators.shaped import shaped_network
from generators.windows import answering, windowed_network

_ROWS = 3


def main() -> int:
    """Run, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=5000, help="how many (5,000)")
    parser.add_argument("--first", type=int, default=0, help="number of the first network (0)")
    parser.add_argument("--prove", type=float, default=0.05, help="share that is proved as well (0.05)")
    parser.add_argument("--shaped", action="store_true", help="networks in shapes that people use")
    args, start = parser.parse_args(), time.process_time()
    counts = {"run": 0, "proved": 0, "refused": 0, "differ": 0, "not proved": 0}
    done = 0
    with suppress(KeyboardInterrupt):  # what was found until then is told
        for number in range(args.first, args.first + args.networks):
            network = answering(shaped_network(number) if args.shaped else windowed_network(number), number)
            for what, told in examine(network, number, args.prove):
                counts[what] += 1
                if what in ("differ", "not proved"):
                    print(f"network {number}: {what}: {told}", flush=True)
            done += 1
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items())
    print(f"{done:,} networks from {args.first:,} on: {told}; {time.process_time() - start:.0f} s")
    return int(counts["differ"] + counts["not proved"] > 0)


def examine(network: IntegerNetwork, number: int, share: float) -> list[tuple[str, str]]:
    """What became of a network, each with a word more where something was found."""
    random = np.random.default_rng(number)
    shape = SHAPES[int(random.integers(len(SHAPES)))]
    try:
        made = CompiledTensors(network, [shape] * len(network.layers))
    except CapacityError:
        return [("refused", "")]
    rows = random.integers(-128, 128, (_ROWS, network.inputs))
    rows[0], rows[1] = -128, 127
    image = made.link()
    same = made.run(image, rows) == run_integers(network, rows).tolist()
    found = [("run", ""), *([] if same else [("differ", "from what the network defines")])]
    if random.random() < share:
        problem = made.prove(image).problem
        found.append(("not proved", problem) if problem else ("proved", ""))
    return found


if __name__ == "__main__":
    sys.exit(main())
