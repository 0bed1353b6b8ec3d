"""What straight code for integers costs a connection: cycles and bytes of its lines and constants, scheme by scheme.

    python benchmarks/integer_lines.py [--targets T ...] [--alphabets A ...] [--seeds K ...]

Every layer of a network of random survivors at 95 % is written in one scheme. All its weights are computed, also those
that reach no output; entry, exit and what `NAME_run` copies are left out. No toolchain is needed.
"""

import argparse
from itertools import product

from armlet.anneal.engine import Annealing
from armlet.integer.bounds import integer_bounds
from armlet.isa.targets import INTEGER_TARGETS
from armlet.select.integer.mix.planner import Planner
from armlet.select.integer.schemes import SCHEMES
from armlet.select.integer.select import mixed
from networks import ALPHABETS, REFERENCE, integer_survivors

SPARSITY = 0.95


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", nargs="+", default=["cortex-m4", "cortex-m0plus"], choices=[*INTEGER_TARGETS])
    parser.add_argument("--alphabets", nargs="+", default=[*ALPHABETS], choices=[*ALPHABETS])
    parser.add_argument("--networks", nargs="+", default=["lenet300", "mlpnet784"], choices=[*REFERENCE])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    arguments = parser.parse_args()
    print(f"{'target':14} {'weights':8} {'scheme':10} {'network':10} seed  cycles  bytes")
    for target, alphabet, name, seed in product(
        arguments.targets, arguments.alphabets, arguments.networks, arguments.seeds
    ):
        network = integer_survivors(REFERENCE[name], SPARSITY, alphabet, seed)
        planner = Planner(network, integer_bounds(network), INTEGER_TARGETS[target], Annealing(seed=0))
        for scheme in SCHEMES[target]:
            if not all(scheme.fits(planner.task(number)) for number in range(len(network.dense))):
                continue
            program = mixed(planner, (scheme,) * len(network.dense)).program
            cycles, size = program.line_cycles, program.line_bytes + len(program.constants)
            each = f"{cycles / network.connections:7.3f} {size / network.connections:6.2f}"
            print(f"{target:14} {alphabet:8} {scheme.name:10} {name:10} {seed:4} {each}", flush=True)


if __name__ == "__main__":
    main()
