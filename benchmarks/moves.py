"""Activation moves of random networks, against their bound and against greedy tiles with eviction by next use.

    python benchmarks/moves.py [--networks 200] [--registers 28] [--seed 0] [--widest 512]

Widths 8 to 512, densities 1 to 50 %, one to three hidden layers. The smallest wavefront of a network counts as within
2 R where the planner reaches inputs + outputs with 2 R registers: that is enough for it to be so.
"""

import argparse
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from rich.progress import track

from armlet.anneal.engine import Annealing
from armlet.graph.build import build_graph
from armlet.graph.graph import Graph
from armlet.graph.simplify import simplify
from armlet.network.domain import InputDomain
from armlet.network.network import multilayer_perceptron
from armlet.schedule.allocate import Registers, allocate
from armlet.schedule.bound import move_bound
from armlet.schedule.layers import layers_of
from armlet.schedule.order import Order
from armlet.schedule.plan import OrderPlan, plan_order
from armlet.tune import SOURCE_REGISTERS

HOW = Annealing(moves=200)


@dataclass(frozen=True, slots=True)
class Result:
    """What one network takes."""

    found: int
    tiles: int
    bound: int
    sharper: int
    within: int  # 1: fits the registers; 2: fits twice as many; 3: neither


def draw(rng: np.random.Generator, widest: int) -> Graph:
    """A network with normal weights at positions drawn evenly."""
    layers = int(rng.integers(2, 5))
    widths = np.exp(rng.uniform(np.log(8), np.log(widest), layers + 1)).astype(int).tolist()
    density = float(np.exp(rng.uniform(np.log(0.01), np.log(0.5))))
    weights = [rng.normal(size=(o, i)) * (rng.random((o, i)) < density) for i, o in pairwise(widths)]
    domain = InputDomain.uniform(widths[0])
    network = multilayer_perceptron([*weights], [rng.normal(size=o) for o in widths[1:]], domain)
    return simplify(build_graph(network), network.domain).graph


def greedy_tiles(graph: Graph, registers: int) -> Order:
    """As many neurons as fit beside a source, in their natural order, and for each tile its sources in theirs."""
    parts: list[np.ndarray] = []
    for layer in layers_of(graph):
        neuron = np.repeat(np.arange(len(layer.neurons)), np.diff(layer.ends))
        parts.append(layer.connections[np.lexsort((neuron, layer.support, neuron // (registers - 1)))])
    return Order(graph, np.concatenate(parts))


def planned(graph: Graph, registers: int, counts: tuple[int, ...]) -> int:
    """The fewest moves of the plans that leave so many registers to sources."""
    orders = (plan_order(graph, registers, OrderPlan(count), HOW) for count in counts if count < registers)
    return min(allocate(order, Registers(registers, batch=1)).moves for order in orders)


def measure(graph: Graph, registers: int) -> Result:
    found, sharper = planned(graph, registers, SOURCE_REGISTERS), move_bound(graph, registers)
    tiles = allocate(greedy_tiles(graph, registers), Registers(registers, batch=1)).moves
    within = 1 if found == graph.move_bound else 2 if planned(graph, 2 * registers, (1, 4)) == graph.move_bound else 3
    return Result(found, tiles, graph.move_bound, sharper, within)


def show(results: list[Result]) -> None:
    """Medians by how the network fits."""
    print("| smallest wavefront | networks | moves / bound: median, worst | fewer than greedy tiles: median, least |")
    print("| --- | --- | --- | --- |")
    groups = {"<= R": (1,), "R to 2 R": (2,), "<= 2 R": (1, 2), "> 2 R": (3,), "all": (1, 2, 3)}
    for name, kinds in groups.items():
        group = [r for r in results if r.within in kinds]
        if not group:
            continue
        ratio = np.array([r.found / r.sharper for r in group])
        saved = np.array([100 * (1 - r.found / r.tiles) for r in group])
        figures = f"{np.median(ratio):.2f}, {ratio.max():.2f} | {np.median(saved):.0f} %, {saved.min():.0f} %"
        print(f"| {name} | {len(group)} | {figures} |")
    sharper = sum(r.sharper > r.bound for r in results)
    print(f"\nThe bound is above inputs + outputs for {sharper} of {len(results)}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument("--registers", type=int, default=28)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--widest", type=int, default=512)
    given = parser.parse_args()
    results: list[Result] = []
    for number in track(range(given.networks), description="networks"):
        graph = draw(np.random.default_rng((given.seed, number)), given.widest)
        if graph.connections:
            results.append(measure(graph, given.registers))
    show(results)


if __name__ == "__main__":
    main()
