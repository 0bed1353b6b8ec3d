"""How few transfers any layout could need: the bound of Held and Karp on a row of cells.

In a row, each pair of neighbours saves as many transfers as there are batches that hold both. The most that a row can
save is a Hamiltonian path of greatest weight, and every such path is a spanning tree whose inner nodes have degree two.
So for any prices on the nodes, the best spanning tree under these prices, its two ends tied to a node outside, bounds
the saving from above; subgradients find good prices (Held and Karp 1970, The Traveling-Salesman Problem and Minimum
Spanning Trees).
"""

import math

import numpy as np
from numpy.typing import NDArray

from armlet.kernels import njit
from armlet.layout.batches import Batches, batches_of, co_occurrence, input_items, transfers
from armlet.layout.layout import Layout
from armlet.schedule.code import Code

LARGEST = 2_000  # items; beyond it the trees take too long, and degrees alone give the bound
_MOST = 6_000  # items; beyond it not even a table of pairs is made, and each batch takes one transfer
_WORK = 50_000_000  # pairs looked at by the subgradient's trees, 100 of them at most


def transfer_bounds(code: Code, layouts: list[Layout], natural: list[bool]) -> list[int]:
    """For each layout, the fewest transfers of any with its words, the inputs kept where they are if they are natural.

    Which cells of the work block share a word is taken from the first layout, and is the same in all.
    """
    batches, alone = batches_of(code), input_items(code)
    words = layouts[0].words.astype(np.int64)
    in_work = _most_saved(batches, np.where(alone < 0, words, -1), layouts[0].work_words)
    bounds: list[int] = []
    for layout, kept in zip(layouts, natural):
        word = np.where(alone < 0, -1, layout.words.astype(np.int64))
        saved = _saved(batches, word) if kept else _most_saved(batches, word, code.order.graph.inputs)
        bounds.append(max(len(batches), len(batches.cells) - in_work - saved))
    return bounds


def _most_saved(batches: Batches, word: NDArray[np.int64], words: int) -> int:
    """No order of these words saves more transfers than this; `word` by cell, -1 for cells elsewhere."""
    if words < 2:
        return 0
    if words > _MOST:
        return len(batches.cells)
    together = co_occurrence(batches, word, words)
    by_degree = math.floor(float(np.sort(together, axis=1)[:, -2:].sum(dtype=np.float64)) / 2 + 1e-6)
    saved = _saved(batches, word)  # the steps are scaled by it; the truth of the bound is not
    if words > LARGEST or by_degree <= saved:
        return by_degree
    steps = min(100, 1 + _WORK // words**2)
    return min(by_degree, math.floor(float(_held_karp(together.astype(np.float64), float(saved), steps)) + 1e-6))


def _saved(batches: Batches, word: NDArray[np.int64]) -> int:
    """Pairs of neighbours in a batch, as they lie; the cells elsewhere count as far from all."""
    apart = np.where(word >= 0, word, -2 * np.arange(1, len(word) + 1))
    return len(batches.cells) - transfers(batches, apart)


@njit(cache=True)
def _held_karp(weight, saved, steps):
    """The least over the steps of: best tree under prices, two ends tied outside, less twice the prices."""
    items = len(weight)
    price, degree = np.zeros(items), np.zeros(items, np.int64)
    best, scale, stale = np.inf, 2.0, 0
    for _ in range(steps):
        total = _tree(weight, price, degree) - 2 * price.sum()
        stale += 1
        if total < best - 1e-9:
            best, stale = total, 0
        if stale >= 6:
            scale, stale = scale / 2, 0
        error = 0.0
        for u in range(items):
            error += (degree[u] - 2.0) ** 2
        if error == 0 or best < saved + 1:
            break
        step = scale * max(total - saved, 1e-3) / error
        for u in range(items):
            price[u] -= step * (degree[u] - 2)
    return best


@njit(cache=True)
def _tree(weight, price, degree):
    """The weight of the greatest spanning tree under prices (Prim), with two ties outside; fills in the degrees."""
    items = len(weight)
    degree[:] = 0
    key, parent, left = np.full(items, -np.inf), np.zeros(items, np.int64), np.ones(items, np.bool_)
    at, total = 0, 0.0
    left[0] = False
    for _ in range(items - 1):
        chosen, most = -1, -np.inf
        for v in range(items):
            if left[v]:
                gain = weight[at, v] + price[at] + price[v]
                if gain > key[v]:
                    key[v], parent[v] = gain, at
                if key[v] > most or chosen < 0:
                    chosen, most = v, key[v]
        total += most
        degree[chosen] += 1
        degree[parent[chosen]] += 1
        left[chosen] = False
        at = chosen
    first, second = -1, -1  # ties weigh nothing but their prices
    for v in range(items):
        if first < 0 or price[v] > price[first]:
            first, second = v, first
        elif second < 0 or price[v] > price[second]:
            second = v
    degree[first] += 1
    degree[second] += 1
    return total + price[first] + price[second]
