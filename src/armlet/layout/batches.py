"""Counts the transfers that carry the batches of a code, by which a layout is judged.

A batch is a run of loads, or of stores, that nothing interrupts. Its values may go to any of its registers, so its
cells that are neighbours in memory go in one transfer: the number of transfers is the number of moves less the number
of pairs of a batch that are neighbours.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.kernels import njit
from armlet.schedule.code import MOVES, Code


@dataclass(frozen=True, slots=True, eq=False)
class Batches:
    """Cells by batch, in the order of the code: batch k is `cells[ends[k]:ends[k + 1]]`."""

    cells: NDArray[np.int64]
    ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ends) - 1


def batches_of(code: Code) -> Batches:
    """Cut the code's moves into batches; loads from the input block and from the work block never share one."""
    op, cell = code.ops, code.served.astype(np.int64)
    moves = np.flatnonzero(MOVES[op])
    kind = op[moves] + 2 * (cell[moves] < code.order.graph.inputs)
    cut = np.flatnonzero((np.diff(moves) > 1) | (np.diff(kind) != 0)) + 1
    ends = np.concatenate([[0], cut, [len(moves)]]) if len(moves) else np.zeros(1)
    return Batches(cell[moves], ends.astype(np.int64))


def input_items(code: Code) -> NDArray[np.int64]:
    """The items of the input block by cell, and -1 for all other cells."""
    graph = code.order.graph
    cells = np.arange(graph.nodes + len(graph.outputs))
    return np.where(cells < graph.inputs, cells, -1)


def transfers(batches: Batches, word: NDArray[np.int64]) -> int:
    """Runs of neighbouring words in all batches, by definition; `word` by cell."""
    return int(_runs(batches.cells, batches.ends, word))


def co_occurrence(batches: Batches, item: NDArray[np.int64], items: int) -> NDArray[np.float32]:
    """How many batches hold both of two items; `item` by cell, -1 for cells that take no part."""
    table = np.zeros((items, items), np.float32)
    _count_pairs(batches.cells, batches.ends, item, table)
    return table


@njit(cache=True)
def _runs(cells, ends, word):
    total = 0
    for batch in range(len(ends) - 1):
        words = np.sort(word[cells[ends[batch] : ends[batch + 1]]])
        total += 1
        for k in range(1, len(words)):
            total += words[k] > words[k - 1] + 1
    return total


@njit(cache=True)
def _count_pairs(cells, ends, item, table):
    for batch in range(len(ends) - 1):
        members = np.unique(item[cells[ends[batch] : ends[batch + 1]]])
        for i in range(len(members)):
            for j in range(len(members)):
                if i != j and members[i] >= 0 and members[j] >= 0:
                    table[members[i], members[j]] += 1
