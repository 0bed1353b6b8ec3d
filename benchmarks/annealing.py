"""Layout moves that the annealing engine tries in a second: 1,000 slots, each wanted beside 8 others in the mean.

python benchmarks/annealing.py
"""

import time

import numpy as np

from armlet.anneal.engine import Annealing
from armlet.anneal.path import anneal_path

SLOTS, DEGREE = 1_000, 8


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


if __name__ == "__main__":
    print(f"{speed() / 1e6:.1f} million moves a second, {SLOTS} slots of mean degree {DEGREE}")
