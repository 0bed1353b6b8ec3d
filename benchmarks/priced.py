"""What --for and --blocks give: cycles and bytes of a network at its distance, with prices and without.

    python benchmarks/priced.py PARAMS [--path S,S,...] [--epochs N] [--steps N] [--rounds N] [--draws N]
                                       [--only TEXT ...]

Each row is one run of `sparsify` to the sparsities of the path and what `compile` makes of them: cycles and bytes of
the lines and constants of NAME_core, annealed by 200 moves an item. Other options are those of --fast. d is measured
on the draws of the input model.
"""

import argparse
from pathlib import Path
from typing import Any

from armlet.build.prologue import entry_cycles
from armlet.cli.terminal.console import table
from armlet.config import AnnealOptions, CompileOptions, IntegerCompileOptions
from armlet.formats.read import read_network
from armlet.integer.network import IntegerNetwork
from armlet.network.network import Network
from armlet.pipeline import compile_integer_network, compile_network
from armlet.pruning.options import FAST, SparsifyOptions
from armlet.pruning.quantise.formats import ActivationFormat, WeightFormat
from armlet.pruning.sparsify import sparsify
from armlet.select.integer.program import bytes_of, cycles_of

MOVES = AnnealOptions(moves=200)
INTEGERS = {"activations": ActivationFormat.INT8}
RUNS: list[tuple[str, tuple[str, ...], dict[str, Any]]] = [  # name, targets to compile for, options
    ("int8", ("cortex-m4", "cortex-m0plus"), INTEGERS),
    ("int8 --for cortex-m4", ("cortex-m4",), {**INTEGERS, "target_core": "cortex-m4"}),
    ("int8 --for cortex-m4 --blocks 1x2", ("cortex-m4",), {**INTEGERS, "target_core": "cortex-m4", "blocks": "1x2"}),
    ("int8 --for cortex-m0plus", ("cortex-m0plus",), {**INTEGERS, "target_core": "cortex-m0plus"}),
    ("pow2", ("cortex-m4", "cortex-m0plus"), {**INTEGERS, "weights": WeightFormat.POW2}),
    ("float32, weights int8", ("cortex-m4f",), {}),
    ("float32, weights int8 --for cortex-m4f", ("cortex-m4f",), {"target_core": "cortex-m4f"}),
]


def cost(network: Network | IntegerNetwork, target: str) -> tuple[int, int]:
    """Cycles and bytes of NAME_core."""
    if isinstance(network, IntegerNetwork):
        program = compile_integer_network(network, "net", IntegerCompileOptions(target, anneal=MOVES)).selection.program
        lines = program.lines
        return cycles_of(program.target, lines), bytes_of(program.target, lines) + len(program.constants)
    made = compile_network(network, "net", CompileOptions(target, anneal=MOVES))
    return entry_cycles(made.program, "net")[0], made.program.line_bytes + made.bundle.manifest.memory.constants


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("params", type=Path, help="PARAMS folder or network file")
    parser.add_argument("--path", default="0.8,0.9,0.95")
    parser.add_argument("--only", nargs="+", default=[""], help="only runs whose name holds one of these texts")
    for name, value in (("epochs", 15), ("steps", 150), ("rounds", 6), ("draws", FAST["draws"])):
        parser.add_argument(f"--{name}", type=int, default=value, help=f"of the sparsifier ({value})")
    asked = parser.parse_args()
    dense, path = read_network(asked.params), tuple(float(stop) for stop in asked.path.split(","))
    work = FAST | {name: getattr(asked, name) for name in ("epochs", "steps", "rounds", "draws")}
    rows = list[list[str]]()
    for label, targets, changes in RUNS:
        if not any(text in label for text in asked.only):
            continue
        made = sparsify(dense, SparsifyOptions(**{"path": path, "weights": WeightFormat.INT8, **work, **changes}))
        for stop, network in made.path.items():
            for target in targets:
                cycles, size = cost(network, target)
                told = f"{network.provenance['sparsify_distance']:.4f}", str(network.connections)
                rows.append([label, target, f"{stop:.0%}", *told, f"{cycles:,}", f"{size:,}"])
    print(table(["sparsify --weights", "target", "removed", "d", "connections", "cycles", "bytes"], rows))


if __name__ == "__main__":
    main()
