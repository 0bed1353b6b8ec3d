"""The verifier on trial over builds in integers: each target, format of values and way of choosing the schemes.

    python tests/integer_mutants.py [--mutants 1000] [--inputs I] [--seed K] [--target T ...] [--values V ...]

For each target, format and way, networks of every kind of weights are compiled in turn until the mutants of their
programs are so many; each is judged as `armlet verify --mutants` does. Ways are the objectives, and any mix of schemes,
so that loops and rare mixes are met. Exit code 1 where a mutant is missed.
"""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, product
from pathlib import Path

import numpy as np

from armlet.build.integer.read import IntegerBuild, read_integer_build
from armlet.errors import CapacityError
from armlet.isa.targets import INTEGER_TARGETS
from armlet.mutate.trial import CONFIRMED_BY, Outcome, Trial, try_image
from armlet.pipeline import compile_integer_network
from armlet.select.integer.schemes import COMPACT, SCHEMES
from armlet.simulate.link import link_build
from armlet.toolchain.toolchain import find_toolchain
from fuzz import memory_folder
from generators.integer_builds import QUICK, compiled_in_any_mix, written
from generators.integer_kinds import KINDS
from generators.integers import draw_integer_network

ANY = "any"
WAYS = ("speed", "size", "balanced", ANY)
WIDEST = 12  # most values of a layer
MOST = 24  # networks that may fit no scheme before a format counts as one that the target does not take
FORMATS = tuple(dict.fromkeys(values for values, _ in KINDS))
WEIGHTS = tuple(dict.fromkeys(weights for _, weights in KINDS))


def builds(target: str, values: str, way: str, seed: int) -> Iterator[tuple[int, IntegerBuild]]:
    """Builds with the numbers that draw them, one kind of weights after the other; ends where none fits the target."""
    options, refused = replace(QUICK, target=target), 0
    for number in count(seed):
        kind = KINDS[values, WEIGHTS[number % len(WEIGHTS)]]
        network = draw_integer_network(np.random.default_rng([number, seed]), WIDEST, kind=kind, wide=1000)
        try:
            if way == ANY:
                made = compiled_in_any_mix(network, "net", options, number)
            else:
                made = compile_integer_network(network, "net", replace(options, optimize=way))
        except CapacityError:
            refused += 1
            if refused == MOST:
                return
            continue
        refused = 0
        with tempfile.TemporaryDirectory(dir=memory_folder(), prefix="mutants-") as folder:
            yield number, read_integer_build(written(made, Path(folder)))


def trials(
    target: str, values: str, way: str, mutants: int, seed: int, inputs: int = CONFIRMED_BY
) -> Iterator[tuple[int, Trial]]:
    """What becomes of so many mutants in all, an equal share of each kind of weights."""
    left, tools = mutants, find_toolchain()
    for number, build in builds(target, values, way, seed):
        share = min(left, -(-mutants // len(WEIGHTS)))
        trial = try_image(build, link_build(build, tools), share, number, inputs)
        yield number, trial
        left -= max(trial.made, 1)
        if left <= 0:
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=1000, help="for each target, format and way (1000)")
    parser.add_argument("--inputs", type=int, default=CONFIRMED_BY, help="that an accepted mutant is run on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", nargs="+", choices=[*INTEGER_TARGETS], default=[*INTEGER_TARGETS])
    parser.add_argument("--values", nargs="+", choices=FORMATS, default=FORMATS)
    parser.add_argument("--way", nargs="+", choices=WAYS, default=WAYS)
    given = parser.parse_args()
    missed = 0
    for target, values, way in product(given.target, given.values, given.way):
        if way != given.way[0] and len(SCHEMES[target]) + len(COMPACT.get(target, ())) == 1:
            continue  # with one scheme every way is the same
        fates, networks, begin = Counter[Outcome](), 0, time.process_time()
        for number, trial in trials(target, values, way, given.mutants, given.seed, given.inputs):
            networks += 1
            fates.update({fate: trial.total(fate) for fate in Outcome})
            for line in (trial.problem,) * bool(trial.problem) + trial.missed:
                missed += 1
                print(f"  {target} {values} {way}, network {number}: {line}", flush=True)
        told = ", ".join(f"{fates[fate]:4} {fate.value}" for fate in Outcome)
        told = f"{networks:2} networks, {fates.total():5,} mutants: {told}" if networks else "fits no scheme"
        print(f"{target:28} {values:6} {way:9} {told}; {time.process_time() - begin:.0f} s", flush=True)
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()
