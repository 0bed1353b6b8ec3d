"""Random networks in integers through the compiler until something differs, or until told to stop.

    python tests/integer_soak.py [--networks N] [--seed K] [--target T] [--emulate E]

Network number i of seed K is the same on every machine (generators/integers.py). Each is compiled for the target; the
program's own checker must take it, and its lines, run on numbers, must give what the network defines on the ends of all
intervals, the worst case of some neurons and random inputs. Every E-th, and each with loops, goes through the build
folder, the toolchain and the emulator, both entries. A network that no scheme fits is counted, and so is one that the
checker cannot tell to be right. Exit code 1 where an output differs.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from armlet.build.integer.read import read_integer_build
from armlet.config import AnnealOptions, IntegerCompileOptions
from armlet.errors import CapacityError, InvariantError
from armlet.formats.params import write_params
from armlet.integer.interpret import run_integers
from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_operation import IntegerOperation as Op
from armlet.pipeline import compile_integer_network
from armlet.simulate.integer.runner import IntegerRunner
from armlet.simulate.link import link_build
from armlet.toolchain.toolchain import find_toolchain
from generators.integers import draw_integer_network, stored_inputs
from oracles.run_integer_lines import run_integer_lines

INPUTS = 12
OBJECTIVES = ("speed", "size", "balanced")


def soak(networks: int, seed: int, target: str, emulate: int, out: Path) -> Counter[str]:
    """What became of the networks, by outcome."""
    found: Counter[str] = Counter()
    for number in range(networks):
        rng = np.random.default_rng([seed, number])
        network = draw_integer_network(rng, int(rng.integers(2, 24)))
        objective = OBJECTIVES[int(rng.integers(3))]
        outcome = tried(network, target, objective, stored_inputs(network, rng, INPUTS), number % emulate == 0)
        found[outcome] += 1
        if outcome == "differs":
            write_params(network, out / f"n{number}")
    return found


def tried(network: IntegerNetwork, target: str, objective: str, inputs: np.ndarray, emulated: bool) -> str:
    """The outcome of one network."""
    options = IntegerCompileOptions(target=target, optimize=objective, anneal=AnnealOptions(moves=10, cycles=1))
    try:
        made = compile_integer_network(network, "net", options)
    except CapacityError:
        return "fits no scheme"
    except InvariantError:
        return "not told to be right"
    wanted = run_integers(network, inputs).tolist()
    program = made.selection.program
    loops = bool((program.lines["op"] == Op.REPEAT).any())  # lines are run one after the other: loops are emulated
    if not loops and [run_integer_lines(program, row) for row in inputs.tolist()] != wanted:
        return "differs"
    if not (emulated or loops):
        return "right"
    with tempfile.TemporaryDirectory() as folder:
        for name, content in made.bundle.files.items():
            (Path(folder) / name).write_bytes(content)
        build = read_integer_build(Path(folder))
        runner = IntegerRunner(build, link_build(build, find_toolchain()))
        for entry in runner.entries.values():
            if [entry(row).tolist() for row in inputs] != wanted:
                return "differs"
    return "right in the emulator"


def main() -> int:
    """Reads the command line; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", default="cortex-m4")
    parser.add_argument("--emulate", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("soak"))
    given = parser.parse_args()
    found = soak(given.networks, given.seed, given.target, given.emulate, given.out)
    print(given.target, ", ".join(f"{count} {outcome}" for outcome, count in sorted(found.items())))
    return int(found["differs"] > 0)


if __name__ == "__main__":
    sys.exit(main())
