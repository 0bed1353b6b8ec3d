"""Plans the layers of a network one after the other: pairs, order, and code of each.

The sources of a layer that are neurons lie in words that they are stored into: the one that is closed first gets the
low field, whose store writes the whole word. Of two inputs the one with more weights, those of 1 and -1 counted
twice, gets it: the low field of a word needs no shift.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.anneal.engine import Annealing
from armlet.pack.batches import layer_code
from armlet.pack.layer_code import LayerCode
from armlet.pack.pair_order import pair_and_order
from armlet.pack.registers import WordRegisters
from armlet.pack.runs import run_code, word_path


@dataclass(frozen=True, slots=True, eq=False)
class Arrangement:
    """The order of a layer's neurons and the pairs of its sources, which take the annealing."""

    row: NDArray[np.int64]  # (neurons,)
    words: NDArray[np.int64]  # (words, 2) sources, -1 for none; which one has the low field is still open


def arrange(weight: NDArray[np.int16], registers: WordRegisters, bonus: float | None, how: Annealing) -> Arrangement:
    """Pair the sources of a layer and order its neurons.

    `bonus` is what a neuron is worth that takes both fields of a word, in loads; None where no word has two.
    """
    neuron, source = np.nonzero(weight)
    used, support = np.unique(source, return_inverse=True)
    fed = np.unique(neuron)
    ends = np.searchsorted(neuron, np.append(fed, len(weight)))
    width = max(1, min(registers.width, len(fed)))
    row, mate, _ = pair_and_order(support.astype(np.int64), ends.astype(np.int64), len(used), width, bonus, how)
    alone = np.setdiff1d(np.arange(len(weight)), fed)  # outputs that are constants
    row = np.concatenate((fed[row], alone)).astype(np.int64)
    first = np.flatnonzero(mate >= np.arange(len(mate)))
    words = np.stack((used[first], np.where(mate[first] == first, -1, used[mate[first]])), axis=1).astype(np.int64)
    if registers.runs:
        words = words[word_path(_items(weight, words), row, len(words), width, how)]
    return Arrangement(row, words)


def plan_layer(
    weight: NDArray[np.int16],
    arranged: Arrangement,
    before: NDArray[np.int32] | None,
    registers: WordRegisters,
    constants: Callable[[NDArray[np.int64]], int] | None = None,
) -> LayerCode:
    """The code of a layer. `before` tells in which order its sources are closed, None for inputs.

    `constants` says how many registers the weights of items take that have one or two sources each.
    """
    ones = np.count_nonzero(np.abs(weight) == 1, axis=0) + np.count_nonzero(weight, axis=0)
    words = _turned(arranged.words, before if before is not None else np.argsort(-ones, kind="stable"))
    items, row = _items(weight, words), arranged.row
    if registers.runs:
        return run_code(words, items, row, registers, ~_is_plain(weight, words, items))
    if constants is None:
        return layer_code(words, items, row, registers)
    taken = _taken(weight, words, items)
    return layer_code(words, items, row, registers, lambda chosen: constants(taken[np.asarray(chosen, np.int64)]))


def _turned(words: NDArray[np.int64], order: NDArray[Any]) -> NDArray[np.int64]:
    """The source of each word that comes first in `order` in the low field."""
    words, when = words.copy(), np.argsort(order)
    late = (words[:, 1] >= 0) & (when[words[:, 1]] < when[words[:, 0]])
    words[late] = words[late][:, ::-1]
    return words


def _items(weight: NDArray[np.int16], words: NDArray[np.int64]) -> NDArray[np.int64]:
    """Items (neuron, word), ascending."""
    neuron, source = np.nonzero(weight)
    place = np.full(weight.shape[1], -1)
    for field in (0, 1):
        there = words[:, field] >= 0
        place[words[there, field]] = np.flatnonzero(there)
    return np.unique(np.stack((neuron, place[source]), axis=1), axis=0)


def _is_plain(weight: NDArray[np.int16], words: NDArray[np.int64], items: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which items have no weights but 1 and -1."""
    pairs = words[items[:, 1]]
    return np.all((pairs < 0) | (np.abs(weight[items[:, 0][:, None], pairs].astype(np.int32)) <= 1), axis=1)


def _taken(weight: NDArray[np.int16], words: NDArray[np.int64], items: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many sources each item takes, 1 or 2."""
    pairs = words[items[:, 1]]
    return ((pairs >= 0) & (weight[items[:, 0][:, None], pairs] != 0)).sum(axis=1)
