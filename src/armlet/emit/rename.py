"""Give the registers of each batch of loads to its values in the order of their words.

A batch defines all its registers afresh, so which value goes into which is free: the registers are renamed from there
on. Neighbours in memory then land in neighbouring registers, and one transfer of many can carry them.
"""

import numpy as np

from armlet.graph.graph import Index
from armlet.layout.layout import Layout
from armlet.schedule.code import Code, Op


def rename_batches(code: Code, layout: Layout) -> Index:
    """The instructions of `code` with the loads of each batch in the order of words and registers renamed to match."""
    rows = code.instructions.copy()
    name = np.arange(code.registers, dtype=np.int32)
    inputs, word = code.order.graph.inputs, layout.words
    at = 0
    while at < len(rows):
        if rows[at, 0] != Op.LOAD:
            rows[at, 1] = name[rows[at, 1]]
            rows[at, 2] = name[rows[at, 2]] if rows[at, 2] >= 0 else -1
            at += 1
            continue
        end = end_of_batch(rows, at, inputs)
        batch = rows[at:end]
        batch[:] = batch[np.argsort(word[batch[:, 3]], kind="stable")]
        old = batch[:, 1].copy()
        batch[:, 1] = np.sort(name[old])
        name[old] = batch[:, 1]
        at = end
    return rows


def end_of_batch(rows: Index, at: int, inputs: int) -> int:
    """Where the run of loads, or of stores, that begins at `at` ends; the two blocks of memory never share one."""
    kind, from_inputs = rows[at, 0], rows[at, 3] < inputs
    end = at
    while end < len(rows) and rows[end, 0] == kind and (rows[end, 3] < inputs) == from_inputs:
        end += 1
    return end
