"""Give the registers of each batch of loads to its values in the order of their words.

A batch defines all its registers afresh, so which value goes into which is free: the registers are renamed from there
on. Neighbours in memory then land in neighbouring registers, and one transfer of many can carry them.
"""

import numpy as np
from numba import njit

from armlet.graph.graph import Index
from armlet.layout.layout import Layout
from armlet.schedule.code import Code, Op

_LOAD = int(Op.LOAD)


def rename_batches(code: Code, layout: Layout) -> Index:
    """The instructions of `code` with the loads of each batch in the order of words and registers renamed to match."""
    rows = code.instructions.copy()
    _rename(rows, layout.words, code.order.graph.inputs, code.registers)
    return rows


@njit(cache=True)
def _rename(rows, word, inputs, registers):
    name = np.arange(registers, dtype=np.int32)
    at = 0
    while at < len(rows):
        if rows[at, 0] != _LOAD:
            rows[at, 1] = name[rows[at, 1]]
            if rows[at, 2] >= 0:
                rows[at, 2] = name[rows[at, 2]]
            at += 1
            continue
        end = _end_of_batch(rows, at, inputs)
        batch = rows[at:end].copy()
        names = np.sort(name[batch[:, 1]])
        for k, chosen in enumerate(np.argsort(word[batch[:, 3]], kind="mergesort")):
            rows[at + k] = batch[chosen]
            rows[at + k, 1] = names[k]
            name[batch[chosen, 1]] = names[k]
        at = end


@njit(cache=True)
def _end_of_batch(rows, at, inputs):
    """Where the run of loads that begins at `at` ends; the two blocks of memory never share one."""
    end = at
    while end < len(rows) and rows[end, 0] == _LOAD and (rows[end, 3] < inputs) == (rows[at, 3] < inputs):
        end += 1
    return end
