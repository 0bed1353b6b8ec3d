"""Orders the neurons of a layer and pairs its sources in words, together, so that words are loaded least often.

Let `width` accumulators be open at a time, as in `schedule/neuron_order.py`: a word has to be loaded as often as it
takes windows of `width` neighbours in the row to hold all neurons that take either of its two sources. Pairing i with j
saves loads(i) + loads(j) - loads(i or j), which depends on the row, as the row's loads depend on the pairs: so one
annealing makes both moves, exchanging two neurons in the row or the mates of two words. Where a machine multiplies both
fields of a word at once, each neuron that takes both is worth something too: the bonus, in loads.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from armlet.anneal.engine import Annealing, anneal, below, register_problem
from armlet.kernels import njit
from armlet.pack.starts import matched
from armlet.pack.windows import common, windows
from armlet.schedule.neuron_order import ONE, likeness_row

_PAIRINGS = 15  # of 16 moves, those that exchange mates: they take a fortieth of the time of an exchange of neurons
_WORK = 60_000_000  # words counted anew in one annealing: some seconds
_CANDIDATES = 192  # neurons looked at for each place of the first row


class PairedOrder(NamedTuple):
    """Neurons in a row, and sources in pairs. Neuron n takes the sources `support[ends[n]:ends[n + 1]]`, ascending."""

    support: NDArray[Any]
    ends: NDArray[Any]
    width: NDArray[Any]  # (1,)
    bonus: NDArray[Any]  # (1,) loads that a neuron is worth that takes both sources of a word
    row: NDArray[Any]  # (neurons,) by position
    mate: NDArray[Any]  # (sources,) the other source of the word, or itself where it is alone
    bits: NDArray[Any]  # (sources, words) bit p: the neuron at position p takes the source
    loads: NDArray[Any]  # (sources,) of its word
    move: NDArray[Any]  # kind, two positions or sources, sources that it touches, whether pairs stay as they are
    touched: NDArray[Any]  # (sources,) those that it touches
    stamp: NDArray[Any]  # (sources,) 1 for those that the move at hand touches
    best_row: NDArray[Any]
    best_mate: NDArray[Any]


def pair_and_order(
    support: NDArray[np.int64],
    ends: NDArray[np.int64],
    sources: int,
    width: int,
    bonus: float | None,
    how: Annealing,
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """The row of neurons, the mate of each source (itself where it has none), and the loads that they need.

    Without a bonus, not even 0, no source gets a mate.
    """
    neurons = len(ends) - 1
    row = likeness_row(support, ends, sources, width, min(_CANDIDATES, neurons))
    paired = bonus is not None
    problem = _problem(support, ends, sources, width, row, bonus or 0.0)
    if paired and sources > 1:
        problem.mate[:] = matched(problem.bits, width, problem.bonus[0])
        _count_all(problem)
    degree = max(1.0, len(support) / max(1, neurons))
    most = int(_WORK / (2 + degree * 2 * (16 - _PAIRINGS) / 16)) if paired else int(_WORK / (2 * degree))
    items = neurons + 16 * sources if paired else neurons
    name = "order and pairs" if paired else "order"
    problem.move[4] = not paired
    if neurons > 1 and (neurons > width or paired):
        anneal(problem, items, replace(how.of(name), most_moves=min(4 * how.most_moves, most)))
    return problem.row, problem.mate, int(_total(problem))


def _problem(
    support: NDArray[np.int64],
    ends: NDArray[np.int64],
    sources: int,
    width: int,
    row: NDArray[np.int64],
    bonus: float,
) -> PairedOrder:
    alone = np.arange(sources)
    bits = np.zeros((sources, len(row) // 64 + 1), np.uint64)
    scratch = np.zeros((2, sources), np.int64)
    fixed = np.array([width]), np.array([bonus])
    problem = PairedOrder(
        support, ends, *fixed, row, alone, bits, np.zeros(sources, np.int64), np.zeros(5, np.int64),
        scratch[0].copy(), scratch[1].copy(), row.copy(), alone.copy(),
    )  # fmt: skip
    _count_all(problem)
    return problem


@njit(cache=True)
def _count_all(problem):
    """Bits from the row, loads from bits and mates."""
    problem.bits[:] = 0
    for position in range(len(problem.row)):
        neuron = problem.row[position]
        for at in range(problem.ends[neuron], problem.ends[neuron + 1]):
            problem.bits[problem.support[at], position >> 6] |= ONE << np.uint64(position & 63)
    for source in range(len(problem.mate)):
        problem.loads[source] = windows(problem.bits, source, problem.mate[source], problem.width[0])


@njit(cache=True)
def _total(problem):
    total = 0
    for source in range(len(problem.mate)):
        if problem.mate[source] >= source:
            total += problem.loads[source]
    return total


@njit(cache=True)
def _propose(problem, rng, reach):
    """Exchange two neurons of the row, or the mates of two sources. Neither has near ones: the reach means nothing."""
    sources, neurons = len(problem.mate), len(problem.row)
    pairing = neurons <= problem.width[0] or below(rng, 16) < _PAIRINGS
    if pairing and sources > 3 and problem.move[4] == 0:
        return _propose_mates(problem, below(rng, sources), below(rng, sources))
    a, b = below(rng, neurons), below(rng, neurons - 1)
    b += b >= a
    problem.move[0], problem.move[1], problem.move[2] = 0, a, b
    return _exchange(problem, problem.row[a], problem.row[b], a, b)


@njit(cache=True)
def _propose_mates(problem, a, c):
    """Pair a with c, and their mates with each other."""
    b, d = problem.mate[a], problem.mate[c]
    if a == c or b == c:
        return np.inf
    change = _cost(problem, a, c) - _present(problem, a, b) - _present(problem, c, d)
    if b == a and d != c:
        change += _cost(problem, d, d)
    elif d == c and b != a:
        change += _cost(problem, b, b)
    elif b != a:
        change += _cost(problem, b, d)
    problem.move[0], problem.move[1], problem.move[2] = 1, a, c
    return change


@njit(cache=True)
def _cost(problem, i, j):
    """Loads of a word of i and j, less what its common neurons are worth."""
    cost = np.float64(windows(problem.bits, i, j, problem.width[0]))
    if i != j and problem.bonus[0] > 0:
        cost -= problem.bonus[0] * common(problem.bits, i, j)
    return cost


@njit(cache=True)
def _present(problem, i, j):
    """The same of a word as it is."""
    cost = np.float64(problem.loads[i])
    if i != j and problem.bonus[0] > 0:
        cost -= problem.bonus[0] * common(problem.bits, i, j)
    return cost


@njit(cache=True)
def _exchange(problem, x, y, a, b):
    """The change of loads when x leaves position a for b, and y comes the other way."""
    touched = _differing(problem, x, y)
    for k in range(touched):
        _flip(problem.bits, problem.touched[k], a, b)
    change = 0.0
    for k in range(touched):
        source = problem.touched[k]
        mate = problem.mate[source]
        if mate < source and problem.stamp[mate] == 1:
            continue  # its word is counted with its mate
        fresh = windows(problem.bits, source, mate, problem.width[0])
        change += fresh - problem.loads[source]
    for k in range(touched):
        _flip(problem.bits, problem.touched[k], a, b)
        problem.stamp[problem.touched[k]] = 0
    problem.move[3] = touched
    return change


@njit(cache=True)
def _differing(problem, x, y):
    """Mark and list the sources that only one of two neurons takes: both supports are ascending."""
    support, i, j = problem.support, problem.ends[x], problem.ends[y]
    last_i, last_j = problem.ends[x + 1], problem.ends[y + 1]
    touched = 0
    while i < last_i or j < last_j:
        if i < last_i and j < last_j and support[i] == support[j]:
            i, j = i + 1, j + 1
            continue
        if j >= last_j or (i < last_i and support[i] < support[j]):
            source, i = support[i], i + 1
        else:
            source, j = support[j], j + 1
        problem.touched[touched] = source
        problem.stamp[source] = 1
        touched += 1
    return touched


@njit(cache=True)
def _flip(bits, source, a, b):
    bits[source, a >> 6] ^= ONE << np.uint64(a & 63)
    bits[source, b >> 6] ^= ONE << np.uint64(b & 63)


@njit(cache=True)
def _commit(problem):
    if problem.move[0] == 1:
        _commit_mates(problem)
        return
    a, b = problem.move[1], problem.move[2]
    for k in range(problem.move[3]):
        _flip(problem.bits, problem.touched[k], a, b)
    for k in range(problem.move[3]):
        source = problem.touched[k]
        problem.loads[source] = windows(problem.bits, source, problem.mate[source], problem.width[0])
        problem.loads[problem.mate[source]] = problem.loads[source]
    problem.row[a], problem.row[b] = problem.row[b], problem.row[a]


@njit(cache=True)
def _commit_mates(problem):
    a, c = problem.move[1], problem.move[2]
    b, d = problem.mate[a], problem.mate[c]
    problem.mate[a], problem.mate[c] = c, a
    if b != a:
        problem.mate[b] = d if d != c else b
    if d != c:
        problem.mate[d] = b if b != a else d
    for source in (a, b, c, d):
        problem.loads[source] = windows(problem.bits, source, problem.mate[source], problem.width[0])


@njit(cache=True)
def _keep(problem):
    problem.best_row[:] = problem.row
    problem.best_mate[:] = problem.mate


@njit(cache=True)
def _restore(problem):
    problem.row[:] = problem.best_row
    problem.mate[:] = problem.best_mate
    _count_all(problem)


register_problem(PairedOrder, propose=_propose, commit=_commit, keep=_keep, restore=_restore)
