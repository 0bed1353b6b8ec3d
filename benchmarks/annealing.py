"""The annealing engine on trial: speed, planted optima, and that it never ends worse than it began.

    python benchmarks/annealing.py [--problems 1000]

Speed: layout moves tried a second, for 1,000 slots each wanted beside 8 others in the mean. Planted: batches of runs
of a hidden row of 200 slots, with noise that cannot change the optimum (see `planted`). Never worse: small random
problems of each subject, the change recomputed by definition.
"""

import argparse
import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from armlet.anneal.engine import Annealing
from armlet.anneal.path import anneal_path, nearest_neighbours, path_cost
from armlet.cli.console import table
from armlet.graph.build import build_graph
from armlet.layout.batches import Batches, co_occurrence, transfers
from armlet.network.network import multilayer_perceptron
from armlet.schedule.layers import layers_of
from armlet.schedule.neuron_order import finishing_order, total_loads

SLOTS, DEGREE = 1_000, 8
KINDS = ("runs of 2 to 8", "pairs only", "long runs of 20", "runs and strangers", "runs of uneven weight")


def batches_from(groups: list[NDArray[np.int64]]) -> Batches:
    """Batches of these slots."""
    return Batches(np.concatenate(groups), np.concatenate([[0], np.cumsum([len(group) for group in groups])]))


def planted(kind: str, seed: int, slots: int = 200) -> tuple[Batches, NDArray[np.int64]]:
    """Batches for which a hidden row needs the fewest transfers, and that row.

    Each batch is a run of the hidden row, which takes one transfer: no row does better. The runs cover every pair of
    neighbours. Noise: a batch of strangers, one slot out of each of several stretches; each costs one transfer for each
    slot in the hidden row. Every two slots are strangers in at most one batch, and with strangers every two neighbours
    of the hidden row stand together in two more batches, of these two alone: a row that parts k pairs of neighbours
    loses 2 k there, gains k at most by strangers, and gains nothing by runs, each of which the hidden row takes in one.
    """
    rng = np.random.default_rng(seed)
    hidden = rng.permutation(slots)
    longest = {"pairs only": 2, "long runs of 20": 20}.get(kind, 8)
    groups: list[NDArray[np.int64]] = []
    for _ in range(3):
        at = 0
        while at < slots - 1:
            length = int(rng.integers(2, longest + 1))
            groups.append(hidden[at : at + length])
            at += length - 1
    if kind == "runs of uneven weight":
        groups += [group for group in groups for _ in range(int(rng.geometric(0.3)) - 1)]
    if kind == "runs and strangers":
        groups += [hidden[at : at + 2] for at in range(slots - 1) for _ in range(2)]
        met = np.zeros((slots, slots), np.bool_)
        for _ in range(60):
            group = rng.permutation(slots)[:4]
            if not met[np.ix_(group, group)].any() and (np.diff(np.sort(np.argsort(hidden)[group])) > 1).all():
                met[np.ix_(group, group)] = True
                groups.append(group)
    return batches_from([rng.permutation(group) for group in groups]), hidden


def solve(batches: Batches, slots: int, how: Annealing) -> int:
    """Transfers of the row that the layout's annealing finds from the order of slots, as `layout.place` calls it."""
    cost = -co_occurrence(batches, np.arange(slots), slots)
    starts = [np.arange(slots), nearest_neighbours(cost, 0)]
    row, _ = anneal_path(cost, min(starts, key=lambda start: path_cost(cost, start)), how)
    return transfers(batches, np.argsort(row))


def speed(seconds: float = 3.0) -> float:
    """Moves tried in a second of one core's time, commits among them."""
    rng = np.random.default_rng(1)
    cost = np.zeros((SLOTS, SLOTS), np.float32)
    for u, v in rng.integers(0, SLOTS, (SLOTS * DEGREE // 2, 2)):
        if u != v:
            cost[u, v] = cost[v, u] = cost[u, v] - rng.integers(1, 4)
    anneal_path(cost, np.arange(SLOTS), Annealing(moves=10))
    moves, spent = 0, 0.0
    while spent < seconds:
        begun = time.process_time()
        _, annealed = anneal_path(cost, np.arange(SLOTS), Annealing(moves=4_000))
        spent += time.process_time() - begun
        moves += annealed.moves
    return moves / spent


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
        taken = rng.random((neurons, sources)) < rng.uniform(0.05, 0.7)
        taken[0, 0] = True
        graph = build_graph(multilayer_perceptron([taken.astype(np.float32)], [np.zeros(neurons)]))
        layer, how = layers_of(graph)[0], Annealing(moves=int(rng.integers(0, 60)), seed=seed)
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
    print(f"speed: {speed() / 1e6:.1f} million moves a second, {SLOTS} slots of mean degree {DEGREE}", flush=True)
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
