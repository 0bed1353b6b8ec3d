"""What a layout is judged by: how many transfers carry the batches of the code.

A batch is a run of loads, or of stores, that nothing interrupts. Its values may go to any of its registers, so its
cells that are neighbours in memory go in one transfer: the number of transfers is the number of moves less the number
of pairs of a batch that are neighbours.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.schedule.code import Code, Op


@dataclass(frozen=True, slots=True, eq=False)
class Batches:
    """Cells by batch, in the order of the code: batch k is `cells[ends[k]:ends[k + 1]]`."""

    cells: NDArray[np.int64]
    ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ends) - 1


def batches_of(code: Code) -> Batches:
    """Cut the code's moves into batches; loads from the input block and from the work block never share one."""
    op, cell = code.instructions[:, 0], code.instructions[:, 3].astype(np.int64)
    moves = np.flatnonzero(op <= Op.STORE)
    kind = op[moves] + 2 * (cell[moves] < code.order.graph.inputs)
    cut = np.flatnonzero((np.diff(moves) > 1) | (np.diff(kind) != 0)) + 1
    ends = np.concatenate([[0], cut, [len(moves)]]) if len(moves) else np.zeros(1)
    return Batches(cell[moves], ends.astype(np.int64))


def transfers(batches: Batches, word: NDArray[np.int64]) -> int:
    """Runs of neighbouring words in all batches, by definition; `word` by cell."""
    total = 0
    for begin, end in zip(batches.ends[:-1], batches.ends[1:]):
        words = np.unique(word[batches.cells[begin:end]])
        total += 1 + int(np.count_nonzero(np.diff(words) != 1))
    return total


def togetherness(batches: Batches, item: NDArray[np.int64], items: int) -> NDArray[np.float32]:
    """How many batches hold both of two items; `item` by cell, -1 for cells that take no part."""
    table = np.zeros((items, items), np.float32)
    for begin, end in zip(batches.ends[:-1], batches.ends[1:]):
        members = np.unique(item[batches.cells[begin:end]])
        members = members[members >= 0]
        table[np.ix_(members, members)] += 1
    np.fill_diagonal(table, 0)
    return table
