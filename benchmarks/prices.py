"""What a connection costs on each target by the class of its weight, in cycles and bytes: the numbers of `price.py`.

    python benchmarks/prices.py [--targets NAME ...] [--networks NAME ...] [--moves N]

784-40-20-10 with random survivors at 90 and 95 %, its weights of one class or of all, compiled in each way that the
target has to write a layer; cycles and bytes of its lines are fitted by the numbers of connections of each class. They
hold loads, stores and the ends of neurons. The error is the mean one of the fit. On Cortex-M4 blocks of two too.
"""

import argparse
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from armlet.anneal.engine import Annealing
from armlet.build.prologue import entry_cycles
from armlet.cli.terminal.console import table
from armlet.config import AnnealOptions, CompileOptions
from armlet.integer.bounds import integer_bounds
from armlet.integer.network import IntegerNetwork
from armlet.integer.price import WEIGHT_CLASSES, classes_of
from armlet.isa.targets import INTEGER_TARGETS
from armlet.network.domain import InputDomain
from armlet.network.network import multilayer_perceptron
from armlet.pipeline import compile_network
from armlet.select.integer.mix.planner import Planner
from armlet.select.integer.program import bytes_of, cycles_of
from armlet.select.integer.schemes import SCHEMES
from armlet.select.integer.select import mixed
from networks import REFERENCE, drawn_survivors

SPARSITIES = (0.9, 0.95)
NUMBERS = np.arange(1, 128)
POWERS = NUMBERS[classes_of(NUMBERS) == 0]
PAIRED = (0.75, 1.0)  # of the connections, in blocks: with fewer the compiler's own pairs are as many
WAYS = ("shift-add", "streamed", "products")  # multiples of 3 need values of 7 bits, lists are for size
TARGETS = ("cortex-m4", "cortex-m4f", "cortex-m0plus")


def sizes() -> Iterator[NDArray[np.int64]]:
    """Weights of each class, and of all alike."""
    for kind in range(len(WEIGHT_CLASSES)):
        yield NUMBERS[classes_of(NUMBERS) == kind]
    each = [NUMBERS[classes_of(NUMBERS) == kind] for kind in range(len(WEIGHT_CLASSES))]
    yield np.concatenate([np.resize(some, 120) for some in each])


def counts(network: IntegerNetwork) -> list[int]:
    """Connections of each class."""
    kinds = np.concatenate([classes_of(layer.weight.astype(np.int64)).ravel() for layer in network.dense])
    return [int((kinds == kind).sum()) for kind in range(len(WEIGHT_CLASSES))]


def in_integers(network: IntegerNetwork, target_name: str, how: Annealing) -> dict[str, tuple[int, int]]:
    """Cycles and bytes of NAME_core, by the way to write all of its layers."""
    target = INTEGER_TARGETS[target_name]
    planner, found = Planner(network, integer_bounds(network), target, how), dict[str, tuple[int, int]]()
    for scheme in SCHEMES[target_name]:
        if scheme.name in WAYS and all(scheme.fits(planner.task(number)) for number in range(len(network.dense))):
            program = mixed(planner, (scheme,) * len(network.dense)).program
            size = bytes_of(target, program.lines) + len(program.constants)
            found[scheme.name] = cycles_of(target, program.lines), size
    return found


def fitted(parts: list[list[int]], values: list[int]) -> tuple[NDArray[np.floating], float]:
    """The price of each part by which all values are met best, each counting alike, and the mean error."""
    goal, matrix = np.array(values, float), np.array(parts, float)
    price = np.linalg.lstsq(matrix / goal[:, None], np.ones(len(goal)), rcond=None)[0]
    return price, float(np.abs(matrix @ price / goal - 1).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", nargs="+", default=[*TARGETS], choices=TARGETS)
    parser.add_argument("--networks", nargs="+", default=["mlpnet784"], choices=[*REFERENCE])
    parser.add_argument("--moves", type=int, default=200, help="of the annealing, for each item (200)")
    arguments = parser.parse_args()
    anneal = replace(AnnealOptions(), moves=arguments.moves)
    for name in arguments.targets:
        print(f"{name}\n")
        found = dict[str, list[tuple[list[int], tuple[int, int]]]]()
        for network in drawn(arguments.networks):
            for way, cost in measured(network, name, anneal).items():
                found.setdefault(way, []).append((counts(network), cost))
        print(table(["way", "of", *WEIGHT_CLASSES, "error", "networks"], rows(found)) + "\n", flush=True)
        if name == "cortex-m4":
            blocks(arguments.networks, name, anneal)


def drawn(names: list[str]) -> Iterator[IntegerNetwork]:
    for widths, sparsity, some in product((REFERENCE[name] for name in names), SPARSITIES, sizes()):
        yield drawn_survivors(widths, sparsity, some)


def measured(network: IntegerNetwork, target: str, anneal: AnnealOptions) -> dict[str, tuple[int, int]]:
    """Cycles and bytes by the way to write the network; integers on M4F are those on M4."""
    if target == "cortex-m4f":
        return {"float32": in_floats(network, anneal)}
    return in_integers(network, target, Annealing(**asdict(anneal), seed=0))


def in_floats(network: IntegerNetwork, anneal: AnnealOptions) -> tuple[int, int]:
    """The same of a program in float32 whose weights are these."""
    weights: list[ArrayLike] = [layer.weight.astype(np.float32) / 64 for layer in network.dense]
    biases: list[ArrayLike] = [layer.bias.astype(np.float32) / 64 for layer in network.dense]
    floats = multilayer_perceptron(weights, biases, InputDomain.uniform(network.inputs))
    made = compile_network(floats, "net", CompileOptions(anneal=anneal, simplify=False))
    return entry_cycles(made.program, "net")[0], made.program.line_bytes + made.bundle.manifest.memory.constants


def blocks(names: list[str], target: str, anneal: AnnealOptions) -> None:
    """Prints what connections cost in blocks of two neighbouring inputs, and outside of them among such."""
    found = dict[str, list[tuple[list[int], tuple[int, int]]]]()
    for widths, sparsity, share in product((REFERENCE[name] for name in names), SPARSITIES, PAIRED):
        for label, some in (("powers of two", POWERS), ("any", NUMBERS)):
            network = drawn_survivors(widths, sparsity, some, paired=share)
            both = sum(2 * int((layer.weight[:, ::2] * layer.weight[:, 1::2] != 0).sum()) for layer in network.dense)
            for way, cost in measured(network, target, anneal).items():
                found.setdefault(f"{way}, {label}", []).append(([network.connections - both, both], cost))
    print(table(["way, weights", "of", "alone", "in a block", "error", "networks"], rows(found)) + "\n", flush=True)


def rows(found: dict[str, list[tuple[list[int], tuple[int, int]]]]) -> list[list[str]]:
    made = list[list[str]]()
    for way, each in found.items():
        for at, unit in enumerate(("cycles", "bytes")):
            price, error = fitted([parts for parts, _ in each], [cost[at] for _, cost in each])
            made.append([way, unit, *(f"{value:.2f}" for value in price), f"{error:.1%}", str(len(each))])
    return made


if __name__ == "__main__":
    main()
