"""Orders the neurons of a layer that is wider than the registers, so that its sources are loaded least often.

Let `width` accumulators be open at a time, and neurons be finished in a row: when one is finished the next one in the
row begins, so that any `width` neighbours in the row are open together. One load of a source serves all neurons of such
a window, so it has to be loaded

    loads(source) = the fewest windows of `width` neighbours that hold all neurons that take it

times: the first window begins at its first neuron, the next at its first neuron beyond that window, and so on. Tiles
are the special case of windows with common bounds; here each source has its own. The row of the fewest loads is sought
by annealing: exchange two neurons, and count anew the sources that only one of the two takes.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from armlet.anneal.engine import Annealed, Annealing, anneal, below, register_problem
from armlet.kernels import njit
from armlet.schedule.layers import LayerConnections

_WORK = 15_000_000  # sources counted anew in one annealing: a second or two
_CANDIDATES = 192  # neurons looked at for each place of the first row
DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)  # its 64 rotations begin with different six bits (Leiserson et al. 1998)
ONE = np.uint64(1)


def _bit_numbers() -> NDArray[np.int64]:
    table = np.zeros(64, np.int64)
    for bit in range(64):
        table[(int(DE_BRUIJN) << bit & (1 << 64) - 1) >> 58] = bit
    return table


BIT = _bit_numbers()


class NeuronOrder(NamedTuple):
    """Neurons in a row. Neuron n takes the sources `support[ends[n]:ends[n + 1]]`, ascending."""

    support: NDArray[Any]
    ends: NDArray[Any]
    width: NDArray[Any]  # (1,)
    row: NDArray[Any]  # (neurons,) by position
    best: NDArray[Any]  # (neurons,)
    bits: NDArray[Any]  # (sources, words) bit p: the neuron at position p takes the source
    loads: NDArray[Any]  # (sources,)
    move: NDArray[Any]  # the two positions to exchange, and how many sources that touches
    touched: NDArray[Any]  # (sources,) those sources
    fresh: NDArray[Any]  # (sources,) and their loads after the move


def finishing_order(layer: LayerConnections, width: int, how: Annealing) -> tuple[NDArray[np.int64], Annealed]:
    """The row of neurons whose sources are loaded least often with `width` accumulators open."""
    neurons, sources = len(layer.neurons), len(layer.sources)
    if neurons <= width:
        return np.arange(neurons), Annealed(0.0, 0, (0.0,))
    row = likeness_row(layer.support, layer.ends, sources, width, min(_CANDIDATES, neurons))
    problem = _subject(layer, width, row)
    most = min(how.most_moves, int(_WORK / (2 * layer.degree)))
    annealed = anneal(problem, neurons, replace(how.of("finishing order"), most_moves=most))
    return problem.row, annealed


def _subject(layer: LayerConnections, width: int, row: NDArray[np.int64]) -> NeuronOrder:
    sources, words = len(layer.sources), len(row) // 64 + 1
    bits = np.zeros((sources, words), np.uint64)
    position = np.repeat(np.argsort(row), np.diff(layer.ends))
    np.bitwise_or.at(bits, (layer.support, position >> 6), ONE << (position & 63).astype(np.uint64))
    loads = _all_loads(bits, width)
    scratch = np.zeros((2, sources), np.int64)
    best, move = row.copy(), np.zeros(3, np.int64)
    return NeuronOrder(
        layer.support, layer.ends, np.array([width]), row, best, bits, loads, move, scratch[0], scratch[1]
    )


@njit(cache=True)
def likeness_row(support, ends, sources, width, candidates):
    """A first row: always append the neuron of which the greatest part is served by the windows as they stand.

    Only the first `candidates` of those not yet placed are looked at, so the time grows linearly.
    """
    neurons = len(ends) - 1
    begun = np.full(sources, -width - 1, np.int64)  # where the latest window of each source begins
    left = np.arange(neurons)
    row = np.empty(neurons, np.int64)
    for position in range(neurons):
        best, chosen = np.inf, 0
        for k in range(min(candidates, neurons - position)):
            neuron, missing = left[k], 0.0
            for at in range(ends[neuron], ends[neuron + 1]):
                missing += 1.0 if begun[support[at]] + width <= position else 0.0
            missing /= ends[neuron + 1] - ends[neuron]
            if missing < best:
                best, chosen = missing, k
        neuron = left[chosen]
        row[position] = neuron
        for k in range(chosen, neurons - position - 1):
            left[k] = left[k + 1]
        for at in range(ends[neuron], ends[neuron + 1]):
            if begun[support[at]] + width <= position:
                begun[support[at]] = position
    return row


@njit(cache=True)
def _loads_of(bits, source, width):
    """How many windows hold the set bits of `source`: to the next set bit, on by `width`, and again."""
    count, position, words = 0, 0, bits.shape[1]
    word = 0
    rest = bits[source, 0]
    while True:
        while rest == 0:
            word += 1
            if word == words:
                return count
            rest = bits[source, word]
        lowest = rest & (~rest + ONE)
        position = (word << 6) + BIT[np.int64((lowest * DE_BRUIJN) >> np.uint64(58))] + width
        count += 1
        word = position >> 6
        if word >= words:
            return count
        rest = bits[source, word] & ~((ONE << np.uint64(position & 63)) - ONE)


@njit(cache=True)
def _all_loads(bits, width):
    loads = np.empty(len(bits), np.int64)
    for source in range(len(bits)):
        loads[source] = _loads_of(bits, source, width)
    return loads


@njit(cache=True)
def _propose(problem, rng, reach):
    """Exchange the neurons at two positions. Near ones gain least, so the reach has no meaning here."""
    a = below(rng, len(problem.row))
    b = below(rng, len(problem.row) - 1)
    b += b >= a
    problem.move[0], problem.move[1] = a, b
    return _change(problem, problem.row[a], problem.row[b], a, b)


@njit(cache=True)
def _change(problem, x, y, a, b):
    """The change of loads when x leaves position a for b, and y comes the other way: both supports are ascending."""
    support, i, j = problem.support, problem.ends[x], problem.ends[y]
    last_i, last_j = problem.ends[x + 1], problem.ends[y + 1]
    change, touched, width = 0, 0, problem.width[0]
    while i < last_i or j < last_j:
        if i < last_i and j < last_j and support[i] == support[j]:
            i, j = i + 1, j + 1
            continue
        if j >= last_j or (i < last_i and support[i] < support[j]):
            source, i = support[i], i + 1
        else:
            source, j = support[j], j + 1
        _flip(problem.bits, source, a, b)
        fresh = _loads_of(problem.bits, source, width)
        _flip(problem.bits, source, a, b)
        change += fresh - problem.loads[source]
        problem.touched[touched], problem.fresh[touched] = source, fresh
        touched += 1
    problem.move[2] = touched
    return change


@njit(cache=True)
def _flip(bits, source, a, b):
    bits[source, a >> 6] ^= ONE << np.uint64(a & 63)
    bits[source, b >> 6] ^= ONE << np.uint64(b & 63)


@njit(cache=True)
def _commit(problem):
    a, b = problem.move[0], problem.move[1]
    for k in range(problem.move[2]):
        source = problem.touched[k]
        _flip(problem.bits, source, a, b)
        problem.loads[source] = problem.fresh[k]
    problem.row[a], problem.row[b] = problem.row[b], problem.row[a]


@njit(cache=True)
def _keep(problem):
    problem.best[:] = problem.row


@njit(cache=True)
def _restore(problem):
    problem.row[:] = problem.best
    problem.bits[:] = 0
    for position in range(len(problem.row)):
        neuron = problem.row[position]
        for at in range(problem.ends[neuron], problem.ends[neuron + 1]):
            problem.bits[problem.support[at], position >> 6] |= ONE << np.uint64(position & 63)
    problem.loads[:] = _all_loads(problem.bits, problem.width[0])


register_problem(NeuronOrder, propose=_propose, commit=_commit, keep=_keep, restore=_restore)
