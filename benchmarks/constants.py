"""What each way of supplying constants costs, by how many weights are numbers that an instruction can hold.

    python benchmarks/constants.py [784-300-100-10:0.95 ...] [--fused] [--seed N]

Networks are random survivors or PARAMS folders. A part of the weights, and then the biases too, is rounded to the
nearest number that the target's instructions hold. Cycles of NAME_core by the forms' table, without wait states; bytes
of its lines and constants.
"""

import argparse
from dataclasses import replace

import numpy as np

from armlet.build.prologue import entry_cycles
from armlet.config import CompileOptions
from armlet.isa.targets import TARGETS
from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.pipeline import compile_network
from armlet.select.program import Program
from armlet.select.scheduling import schedule_instructions
from armlet.select.select import selections
from breakdown import network_of

PARTS = (0.0, 0.1, 0.25, 0.5, 1.0)


def nearest(values: F32, numbers: tuple[float, ...]) -> F32:
    """The nearest of `numbers` to each value; zeros stay."""
    ordered = np.sort(np.array(numbers, np.float32))
    at = np.searchsorted((ordered[1:] + ordered[:-1]) / 2, values)
    return np.where(values == 0, values, ordered[at])


def rounded(network: Network, part: float, biases: bool, numbers: tuple[float, ...], seed: int) -> Network:
    """The network with this part of its weights rounded to `numbers`, chosen by chance."""
    random = np.random.default_rng(seed)
    layers = [
        replace(
            layer,
            weight=np.where(random.random(layer.weight.shape) < part, nearest(layer.weight, numbers), layer.weight),
            bias=nearest(layer.bias, numbers) if biases else layer.bias,
        )
        for layer in network.dense
    ]
    return Network(tuple(layers), network.domain, network.shape)


def cost(program: Program) -> tuple[int, int]:
    """Cycles and bytes, once the lines are arranged."""
    return entry_cycles(schedule_instructions(program), "net")[0], program.line_bytes + program.word * len(
        program.constants
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", nargs="*", default=["784-300-100-10:0.95"])
    parser.add_argument("--fused", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    options = CompileOptions(seed=arguments.seed, multiply_add="fused" if arguments.fused else "separate")
    numbers = TARGETS[options.target].immediates
    print("| network | rounded | computed | all streamed | other ways | built |")
    print("| --- | --- | ---: | ---: | --- | ---: |")
    for text in arguments.network:
        for part, biases in [*((part, False) for part in PARTS), (1.0, True)]:
            network = rounded(network_of(text, arguments.seed), part, biases, numbers, arguments.seed)
            made = compile_network(network, "net", options)
            program = made.program
            ways = selections(program.code, made.layout, program.target, program.partition)
            streamed, *others = [f"{cycles:,} / {size:,}" for cycles, size in map(cost, ways)]
            built = f"{entry_cycles(program, 'net')[0]:,} / {cost(program)[1]:,}"
            what = f"{part:.0%} of weights" + (", biases" if biases else "")
            row = text, what, f"{made.order.graph.connections:,}", streamed, "; ".join(others), built
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
