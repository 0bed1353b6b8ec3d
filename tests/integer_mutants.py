"""The verifier on trial over builds in integers: each target, on random networks of every format and activation.

    python tests/integer_mutants.py [--mutants 1000] [--networks 4] [--seed K]

Compiles networks that fit the target, makes mutants of the linked programs and judges them as `armlet verify --mutants`
does. Exit code 1 where a mutant is missed.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np

from armlet.errors import CapacityError
from armlet.isa.targets import INTEGER_TARGETS
from armlet.mutate.trial import Outcome, Trial, try_verifier
from generators.integer_builds import QUICK, compiled_integers
from generators.integers import draw_integer_network


def trials(target: str, networks: int, mutants: int, seed: int) -> Iterator[tuple[int, Trial]]:
    """What becomes of the mutants of some networks, each with the seed that draws it."""
    made = 0
    for number in count(seed):
        network = draw_integer_network(np.random.default_rng(number), 10)
        with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
            try:
                build = compiled_integers(network, Path(folder), replace(QUICK, target=target))
            except CapacityError:
                continue
            yield number, try_verifier(build, mutants, number)
        made += 1
        if made == networks:
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=1000)
    parser.add_argument("--networks", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    missed, begin = 0, time.process_time()
    for target in INTEGER_TARGETS:
        for number, trial in trials(target, arguments.networks, arguments.mutants, arguments.seed):
            fates = ", ".join(f"{trial.total(fate):4} {fate.value}" for fate in Outcome)
            print(f"{target:28} network {number:4}: {fates}; {time.process_time() - begin:.0f} s", flush=True)
            for line in (trial.problem,) * bool(trial.problem) + trial.missed:
                missed += 1
                print(f"  {line}", flush=True)
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()
