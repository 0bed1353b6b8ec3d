"""The annealing engine on trial: planted optima, and that it never ends worse than it began.

    python tests/annealing.py [--problems 1000]

Planted: batches of runs of a hidden row of 200 slots, with noise that cannot change the optimum (see `planted`). Never
worse: small random problems of each subject, the change recomputed by definition.
"""

import argparse
from dataclasses import replace

import numpy as np

from armlet.anneal.engine import Annealing
from armlet.anneal.path import anneal_path, nearest_neighbours, path_cost
from armlet.cli.terminal.console import table
from armlet.layout.batches import Batches, co_occurrence, transfers
from armlet.schedule.neuron_order import finishing_order
from generators.graphs import drawn_layer
from generators.planted import KINDS, planted
from oracles.total_loads import total_loads


def solve(batches: Batches, slots: int, how: Annealing) -> int:
    """Transfers of the row that the layout's annealing finds from the order of slots, as `layout.place` calls it."""
    cost = -co_occurrence(batches, np.arange(slots), slots)
    starts = [np.arange(slots), nearest_neighbours(cost, 0)]
    row, _ = anneal_path(cost, min(starts, key=lambda start: path_cost(cost, start)), how)
    return transfers(batches, np.argsort(row))


def never_worse(problems: int) -> int:
    """Random rows whose annealing ended above its start, or whose change is not what it says."""
    wrong = 0
    for seed in range(problems):
        rng = np.random.default_rng(seed)
        items = int(rng.integers(1, 40))
        cost = rng.integers(-5, 20, (items, items)).astype(np.float32)
        cost, start = cost + cost.T, rng.permutation(items)
        how = Annealing(moves=int(rng.integers(0, 100)), chains=int(rng.integers(1, 3)), seed=seed)
        row, annealed = anneal_path(cost, start, how)
        change = path_cost(cost, row) - path_cost(cost, start)
        wrong += change > 0 or abs(change - annealed.change) > 1e-3 or sorted(row) != list(range(items))
    return wrong


def windows_never_worse(problems: int) -> int:
    """Random finishing orders whose annealing ended above its start, or whose change is not what it says."""
    wrong = 0
    for seed in range(problems):
        rng = np.random.default_rng(seed)
        neurons, sources, width = int(rng.integers(1, 90)), int(rng.integers(1, 30)), int(rng.integers(1, 20))
        layer = drawn_layer(neurons, sources, seed, rng.uniform(0.05, 0.7))
        how = Annealing(moves=int(rng.integers(0, 60)), seed=seed)
        start, _ = finishing_order(layer, width, replace(how, moves=0))
        row, annealed = finishing_order(layer, width, how)
        change = total_loads(layer, width, row) - total_loads(layer, width, start)
        wrong += change > 0 or change != annealed.change or sorted(row) != list(range(len(layer.neurons)))
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=1_000)
    parser.add_argument("--seeds", type=int, default=5, help="planted problems of each kind")
    arguments = parser.parse_args()
    rows: list[list[str]] = []
    for kind in KINDS:
        for seed in range(arguments.seeds):
            batches, hidden = planted(kind, seed)
            best = transfers(batches, np.argsort(hidden))
            found = solve(batches, len(hidden), Annealing())
            rows.append([kind, str(seed), str(len(batches)), str(best), str(found), f"{found / best:.3f}"])
    print(table(["planted, 200 slots", "seed", "batches", "optimum", "found", "ratio"], rows), flush=True)
    print(f"layouts that ended worse than they began: {never_worse(arguments.problems)} of {arguments.problems}")
    print(f"finishing orders that did: {windows_never_worse(arguments.problems)} of {arguments.problems}")


if __name__ == "__main__":
    main()
