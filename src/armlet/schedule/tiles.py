"""Which neurons of a layer are summed at the same time: a partition of the supports, annealed.

A tile's accumulators stay in registers while its sources pass by, so each tile loads the union of its neurons'
supports once. The cost of a partition is the sum of those unions: the hypergraph cut with connectivity as weight.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from armlet.anneal.engine import Annealing, anneal, below, register_subject


class Tiling(NamedTuple):
    """Neurons in tiles. Neuron n has the sources `support[ends[n]:ends[n + 1]]`."""

    support: NDArray[Any]
    ends: NDArray[Any]
    tile: NDArray[Any]  # by neuron
    best: NDArray[Any]  # by neuron
    taken: NDArray[Any]  # (tiles, sources): how many of the tile's neurons take the source
    move: NDArray[Any]  # the two neurons to exchange


def partition(supports: list[NDArray[Any]], tiles: int, sources: int, how: Annealing) -> NDArray[np.int64]:
    """The tile of each neuron: tiles of equal size (to within one), with few sources taken by several tiles."""
    neurons = len(supports)
    start = _by_likeness(supports, sources, tiles)
    if tiles < 2 or neurons <= tiles:
        return start
    ends = np.concatenate([[0], np.cumsum([len(s) for s in supports])]).astype(np.int64)
    support = np.concatenate(supports).astype(np.int64)
    count = np.zeros((tiles, sources), np.int32)
    for neuron, taken in enumerate(supports):
        count[start[neuron], taken] += 1
    subject = Tiling(support, ends, start, start.copy(), count, np.zeros(2, np.int64))
    anneal(subject, neurons, how)
    return subject.tile


def union_sizes(supports: list[NDArray[Any]], tile: NDArray[np.int64], tiles: int) -> list[int]:
    """How many sources each tile loads."""
    gathered: list[set[int]] = [set() for _ in range(tiles)]
    for neuron, taken in enumerate(supports):
        gathered[tile[neuron]].update(taken.tolist())
    return [len(one) for one in gathered]


def _by_likeness(supports: list[NDArray[Any]], sources: int, tiles: int) -> NDArray[np.int64]:
    """A first partition: fill one tile after another with the neuron that adds fewest sources to it."""
    neurons = len(supports)
    table = np.zeros((neurons, sources), np.bool_)
    for neuron, taken in enumerate(supports):
        table[neuron, taken] = True
    tile = np.full(neurons, -1, np.int64)
    sizes = [neurons // tiles + (k < neurons % tiles) for k in range(tiles)]
    left = np.ones(neurons, np.bool_)
    for k, size in enumerate(sizes):
        gathered = np.zeros(sources, np.bool_)
        fresh = table.sum(axis=1)
        for _ in range(size):
            candidates = np.flatnonzero(left)
            overlap = table[candidates] @ gathered.astype(np.float32)
            best = candidates[np.argmin(fresh[candidates] - 2 * overlap)]
            tile[best], left[best] = k, False
            gathered |= table[best]
    return tile


@njit(cache=True)
def _propose(subject, rng, reach):
    """Exchange two neurons of different tiles. The reach has no meaning here."""
    neurons = len(subject.tile)
    a = below(rng, neurons)
    b = below(rng, neurons)
    while subject.tile[a] == subject.tile[b]:
        b = below(rng, neurons)
    subject.move[0], subject.move[1] = a, b
    return _leave_and_enter(subject, a, b) + _leave_and_enter(subject, b, a)


@njit(cache=True)
def _leave_and_enter(subject, leaving, entering):
    """The change in the union of `leaving`'s tile when `entering` takes its place."""
    tile, change = subject.tile[leaving], 0
    for k in range(subject.ends[leaving], subject.ends[leaving + 1]):
        subject.taken[tile, subject.support[k]] -= 1
        change -= subject.taken[tile, subject.support[k]] == 0
    for k in range(subject.ends[entering], subject.ends[entering + 1]):
        change += subject.taken[tile, subject.support[k]] == 0
    for k in range(subject.ends[leaving], subject.ends[leaving + 1]):
        subject.taken[tile, subject.support[k]] += 1
    return change


@njit(cache=True)
def _commit(subject):
    a, b = subject.move[0], subject.move[1]
    for neuron, other in ((a, b), (b, a)):
        for k in range(subject.ends[neuron], subject.ends[neuron + 1]):
            subject.taken[subject.tile[neuron], subject.support[k]] -= 1
            subject.taken[subject.tile[other], subject.support[k]] += 1
    subject.tile[a], subject.tile[b] = subject.tile[b], subject.tile[a]


@njit(cache=True)
def _keep(subject):
    subject.best[:] = subject.tile


@njit(cache=True)
def _restore(subject):
    subject.tile[:] = subject.best
    subject.taken[:] = 0
    for neuron in range(len(subject.tile)):
        for k in range(subject.ends[neuron], subject.ends[neuron + 1]):
            subject.taken[subject.tile[neuron], subject.support[k]] += 1


register_subject(Tiling, propose=_propose, commit=_commit, keep=_keep, restore=_restore)
