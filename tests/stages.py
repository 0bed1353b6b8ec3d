"""Every product of every stage before its own checker, and every checker before planted faults, on random networks.

    python tests/stages.py [--networks 1000] [--first 0]

Each network is compiled with random options; then one fault is planted in each product, and its checker must refuse
it. Faults of graph, order, code and layout always matter. A line left out of a program may not: where two biases are
equal, the second need not be copied; such faults are counted apart.
"""

import argparse
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from armlet.errors import ArmletError, InvariantError
from armlet.graph.graph import Graph
from armlet.layout.layout import Layout
from armlet.pipeline import Compilation, compile_network
from armlet.schedule.check import check_code
from armlet.schedule.code import MOVES, Code, Op
from armlet.schedule.order import Order
from armlet.select.check.check_program import check_program
from armlet.select.program import Program
from generators.networks import draw_network
from generators.options import draw_options

Random = np.random.Generator


def wounded_graph(graph: Graph, rng: Random) -> Graph | None:
    """A connection that runs backwards, or a weight of zero, or one that is not finite."""
    if graph.connections == 0:
        return None
    at, kind = rng.integers(graph.connections), rng.integers(3)
    if kind == 0:
        source = graph.source.copy()
        source[at] = graph.target[at]
        return replace(graph, source=source)
    weight = graph.weight.copy()
    weight[at] = 0.0 if kind == 1 else np.nan
    return replace(graph, weight=weight)


def wounded_order(order: Order, rng: Random) -> Order | None:
    """A connection twice, in place of another."""
    if len(order.connections) < 2:
        return None
    connections = order.connections.copy()
    a, b = rng.choice(len(connections), 2, replace=False)
    connections[a] = connections[b]
    return Order(order.graph, connections)


def wounded_code(code: Code, rng: Random) -> Code | None:
    """A connection, an activation or the store of an output left out."""
    graph, rows = code.order.graph, code.instructions
    needed = ~MOVES[code.ops] | ((code.ops == Op.STORE) & (code.served >= graph.nodes))
    if not needed.any():
        return None
    at = rng.choice(np.flatnonzero(needed))
    return Code(code.order, code.registers, np.delete(rows, at, axis=0))


def wounded_layout(made: Compilation, rng: Random) -> Layout | None:
    """Two used inputs, or two outputs, in one word."""
    graph, words = made.code.order.graph, made.layout.words.copy()
    blocks = (range(graph.inputs), [cell for cell in range(graph.nodes, len(words)) if words[cell] >= 0])
    pairs = [cells for cells in blocks if len(cells) > 1]
    if not pairs:
        return None
    a, b = rng.choice(list(pairs[rng.integers(len(pairs))]), 2, replace=False)
    words[a] = words[b]
    return replace(made.layout, words=words)


def wounded_program(program: Program, rng: Random) -> Program | None:
    """A line left out, or the bits of a constant changed."""
    if len(program.constants) and rng.random() < 0.5:
        constants = program.constants.copy()
        constants.view(np.uint32)[rng.integers(len(constants))] ^= np.uint32(1 << rng.integers(31))
        return replace(program, constants=constants)
    if len(program.lines) == 0:
        return None
    return program.with_lines(np.delete(program.lines, rng.integers(len(program.lines))))


def judge(made: Compilation, rng: Random, seen: Counter[str]) -> None:
    """Check every product, then a wounded one; counts what was checked, refused, and found without effect."""
    graph, code = made.simplified.graph, made.code
    trials: dict[str, tuple[object, object, Callable[..., None]]] = {
        "graph": (graph, wounded_graph(graph, rng), Graph.check),
        "order": (made.order, wounded_order(made.order, rng), Order.check),
        "code": (code, wounded_code(code, rng), check_code),
        "layout": (made.layout, wounded_layout(made, rng), lambda layout: layout.check(code)),
        "program": (made.program, wounded_program(made.program, rng), check_program),
    }
    for stage, (sound, wounded, check) in trials.items():
        check(sound)
        seen[f"{stage}: passed"] += 1
        if wounded is None:
            continue
        try:
            check(wounded)
            seen[f"{stage}: fault without effect"] += 1
        except InvariantError:
            seen[f"{stage}: fault refused"] += 1


def run(first: int, networks: int) -> Counter[str]:
    """The counts over the networks with these numbers. Raises `InvariantError` where a sound product is refused."""
    seen: Counter[str] = Counter()
    for number in range(first, first + networks):
        rng = np.random.default_rng(number)
        network, options = draw_network(rng), replace(draw_options(rng), simplify=True)
        try:
            made = compile_network(network, "net", options)
        except InvariantError:
            raise
        except ArmletError:
            seen["networks refused"] += 1
            continue
        seen["networks"] += 1
        judge(made, rng, seen)
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0)
    arguments = parser.parse_args()
    for what, count in sorted(run(arguments.first, arguments.networks).items()):
        print(f"{what:<32}{count:>8,}")


if __name__ == "__main__":
    main()
