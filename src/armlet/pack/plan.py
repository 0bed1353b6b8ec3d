"""Plans the layers of a network one after the other: pairs, order, and code of each.

The sources of a layer that are neurons lie in words that they are stored into: the one that is closed first gets the
low field, whose store writes the whole word.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from armlet.anneal.engine import Annealing
from armlet.pack.batches import layer_code
from armlet.pack.layer_code import LayerCode
from armlet.pack.pair_order import pair_and_order
from armlet.pack.registers import WordRegisters


def plan_layer(
    weight: NDArray[np.int16],
    registers: WordRegisters,
    how: Annealing,
    bonus: float = 0.0,
    constants: Callable[[NDArray[np.int64]], int] | None = None,
) -> LayerCode:
    """The code of a layer, whichever source of a word is there first (`ordered`).

    `bonus` is what a neuron is worth that takes both fields of a word, in loads; `constants` says how many registers
    the weights of items take that have one or two sources each.
    """
    neuron, source = np.nonzero(weight)
    used, support = np.unique(source, return_inverse=True)
    fed = np.unique(neuron)
    ends = np.searchsorted(neuron, np.append(fed, len(weight)))
    width = max(1, min(registers.width, len(fed)))
    row, mate, _ = pair_and_order(support.astype(np.int64), ends.astype(np.int64), len(used), width, bonus, how)
    words = _words(used, mate)
    place = np.full(weight.shape[1], -1)
    for field in (0, 1):
        there = words[:, field] >= 0
        place[words[there, field]] = np.flatnonzero(there)
    items = np.unique(np.stack((neuron, place[source]), axis=1), axis=0)
    alone = np.setdiff1d(np.arange(len(weight)), fed)  # outputs that are constants
    row = np.concatenate((fed[row], alone)).astype(np.int64)
    if constants is None:
        return layer_code(words, items, row, registers)
    taken = _taken(weight, words, items)
    return layer_code(words, items, row, registers, lambda chosen: constants(taken[np.asarray(chosen, np.int64)]))


def ordered(code: LayerCode, before: NDArray[np.int32] | None) -> LayerCode:
    """The same with the source in the low field of each word that is there first; `before` as their row, if any."""
    if before is None:
        return code
    pairs, when = code.words.copy(), np.argsort(before)
    late = (pairs[:, 1] >= 0) & (when[pairs[:, 1]] < when[pairs[:, 0]])
    pairs[late] = pairs[late][:, ::-1]
    return replace(code, words=pairs)


def _words(used: NDArray[np.int64], mate: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs of sources as words."""
    first = np.flatnonzero(mate >= np.arange(len(mate)))
    pairs = np.stack((used[first], np.where(mate[first] == first, -1, used[mate[first]])), axis=1)
    return pairs.astype(np.int64)


def _taken(weight: NDArray[np.int16], words: NDArray[np.int64], items: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many sources each item takes, 1 or 2."""
    pairs = words[items[:, 1]]
    return ((pairs >= 0) & (weight[items[:, 0][:, None], pairs] != 0)).sum(axis=1)
