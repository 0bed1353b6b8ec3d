"""The verifier on trial over everything that exists: each target, arithmetic, layout and activation, by itself.

    python tests/mutants.py [--mutants 1000] [--seed K] [--only TEXT] [--small]

Builds one network for each kind of build, makes mutants of its linked program and judges them as `armlet verify
--mutants` does. What armlet learns to build joins the table without an entry here: the kinds are read off the targets,
the formats and the activations that it has. Exit code 1 where a mutant is missed.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TypeAlias

import numpy as np

from armlet.build.read import read_build
from armlet.config import AnnealOptions, CompileOptions
from armlet.isa.targets import TARGETS
from armlet.mutate.trial import CONFIRMED_BY, Outcome, Trial, try_image
from armlet.network.activation import Activation
from armlet.network.network import Network
from armlet.pipeline import compile_network
from armlet.simulate.link import link_build
from armlet.toolchain.toolchain import Toolchain, find_toolchain
from generators.survivors import survivors

LAYOUTS = ("free", "natural")
Size: TypeAlias = tuple[tuple[int, ...], float]  # widths and sparsity
USUAL: Size = (196, 10, 10, 10), 0.9
SMALL: Size = (12, 4, 3, 2), 0.4  # every hidden neuron computes: none is folded away


@dataclass(frozen=True)
class Kind:
    """One way to build a network."""

    options: CompileOptions
    activation: Activation

    @property
    def name(self) -> str:
        wish = self.options
        return f"{wish.target} {wish.dtype} {wish.multiply_add} {wish.inputs} {self.activation.value}"


def kinds() -> Iterator[Kind]:
    """All that this armlet builds, linear hidden layers apart."""
    quick = CompileOptions(anneal=AnnealOptions(moves=200))
    for target in TARGETS.values():
        for how, layout in product(target.arithmetics, LAYOUTS):
            options = replace(
                quick, target=target.name, dtype=how.format.name, multiply_add=how.rounding, inputs=layout
            )
            for activation in [kind for kind in Activation if kind is not Activation.LINEAR]:
                yield Kind(options, activation)


def network_of(activation: Activation, size: Size) -> Network:
    """A random network whose hidden layers all have `activation`."""
    made = survivors(*size)
    scale = np.float32(1 if activation is Activation.RELU else 4)  # some sums must get beyond 6
    hidden = tuple(replace(each, weight=each.weight * scale, activation=activation) for each in made.dense[:-1])
    return Network((*hidden, made.dense[-1]), made.domain, made.shape)


def try_kind(kind: Kind, count: int, seed: int, size: Size, tools: Toolchain, inputs: int = CONFIRMED_BY) -> Trial:
    """Compile, link, and put the verifier on trial. Raises `InputError` where this kind cannot be built."""
    bundle = compile_network(network_of(kind.activation, size), "net", kind.options).bundle
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        for name, content in bundle.files.items():
            (Path(folder) / name).write_bytes(content)
        build = read_build(Path(folder))
    return try_image(build, link_build(build, tools), count, seed, inputs)


def show(kind: Kind, trial: Trial, seconds: float) -> str:
    """One line of the table."""
    fates = ", ".join(f"{trial.total(fate):4} {fate.value}" for fate in Outcome)
    return f"{kind.name:44} {trial.made:5} mutants: {fates}; {seconds:.0f} s of the processor"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="kinds that have these words in their names")
    parser.add_argument("--small", action="store_true", help=f"{SMALL} in place of {USUAL}")
    arguments = parser.parse_args()
    tools, missed = find_toolchain(), 0
    for kind in kinds():
        if not set(arguments.only.split()) <= set(kind.name.split()):
            continue
        begin = time.process_time()
        trial = try_kind(kind, arguments.mutants, arguments.seed, SMALL if arguments.small else USUAL, tools)
        print(show(kind, trial, time.process_time() - begin), flush=True)
        for line in (trial.problem,) * bool(trial.problem) + trial.missed:
            missed += 1
            print(f"  {line}", flush=True)
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()
