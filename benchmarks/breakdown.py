"""Where the cycles of NAME_core go, by what they are spent on, as the forms' table counts them (no wait states).

    python benchmarks/breakdown.py NETWORK... [--seed N]

NETWORK: PARAMS folders, or widths and sparsity such as 784-300-100-10:0.95 for random survivors.
"""

import argparse
from pathlib import Path

import numpy as np

from armlet.build.prologue import entry_cycles
from armlet.config import CompileOptions
from armlet.formats.params import read_params
from armlet.isa.operation import Operation
from armlet.network.network import Network
from armlet.pipeline import Compilation, compile_network
from armlet.select.program import Program
from armlet.select.scheduling import waits
from networks import survivors

SPENT_ON = {
    "constants": (Operation.LOAD_CONSTANTS, Operation.IMMEDIATE),
    "multiply": (Operation.MULTIPLY, Operation.FUSED),
    "add": (Operation.ADD, Operation.SUBTRACT),
    "loads": (Operation.LOAD, Operation.LOAD_PAIR, Operation.LOAD_MULTIPLE),
    "stores": (Operation.STORE, Operation.STORE_MULTIPLE, Operation.GPR_STORE, Operation.GPR_STORE_MULTIPLE),
    "pointers": (Operation.STEP_UP, Operation.STEP_DOWN, Operation.LEA, Operation.LEA_FAR),
    "activation": (Operation.TO_GPR, Operation.CLAMP, Operation.FROM_GPR),
}


def cycles_of(program: Program, ops: tuple[Operation, ...]) -> int:
    """Cycles of the lines with one of these operations, without waits."""
    return program.with_lines(program.lines[np.isin(program.lines["op"], ops)]).line_cycles


def breakdown(made: Compilation, name: str) -> dict[str, int]:
    """Cycles of NAME_core by what they are spent on; they sum to all of them."""
    program = made.program
    core, _ = entry_cycles(program, name)
    spent = {what: cycles_of(program, ops) for what, ops in SPENT_ON.items()}
    spent["other"] = program.line_cycles - sum(spent.values())
    spent["waits"] = waits(program)
    spent["entry"] = core - program.line_cycles - spent["waits"]
    return spent


def network_of(text: str, seed: int) -> Network:
    """A PARAMS folder, or random survivors of the widths and the sparsity that the text gives."""
    if Path(text).is_dir():
        return read_params(Path(text))
    widths, sparsity = text.split(":")
    return survivors(tuple(int(width) for width in widths.split("-")), float(sparsity), seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", nargs="+")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    head = [*SPENT_ON, "other", "waits", "entry"]
    print("| network | computed | cycles | each | " + " | ".join(head) + " | moves | transfers | written | bound |")
    print("| --- " * (len(head) + 8) + "|")
    for text in arguments.network:
        made = compile_network(network_of(text, arguments.seed), "net", CompileOptions(seed=arguments.seed))
        spent, computed = breakdown(made, "net"), made.order.graph.connections
        written = np.isin(made.program.lines["op"], SPENT_ON["loads"] + SPENT_ON["stores"]).sum()
        total = sum(spent.values())
        cells = [text.rsplit("/", 1)[-1], f"{computed:,}", f"{total:,}", f"{total / computed:.2f}"]
        cells += [f"{spent[what] / computed:.3f}" for what in head]
        layout = made.layout
        cells += [f"{n:,}" for n in (made.code.moves, layout.transfers, written, layout.batches)]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
