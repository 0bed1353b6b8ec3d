"""Code to layout: share slots, then anneal the order of words so that the batches fall into few transfers."""

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from armlet.anneal.engine import Annealing
from armlet.anneal.path import LARGEST, anneal_path, nearest_neighbours, path_cost
from armlet.layout.batches import Batches, batches_of, togetherness, transfers
from armlet.layout.layout import Layout
from armlet.layout.slots import share_slots
from armlet.schedule.code import Code


class InputLayout(Enum):
    """Who decides where an input lies."""

    FREE = "free"  # the compiler; the input driver (or NAME_run, at a price) puts it there
    NATURAL = "natural"  # the caller: a C array in the order of the network's inputs


def place(code: Code, inputs: InputLayout, how: Annealing) -> Layout:
    """Lay the input block and the work block out. The number of transfers is never above the start's."""
    graph, batches = code.order.graph, batches_of(code)
    slot, slots = share_slots(code)
    first = _by_first_use(batches, len(slot))
    start = np.full(len(slot), -1, np.int64)
    taken = slot >= 0
    start[taken] = slot[taken]
    words = start.copy()
    work_row = _arranged(batches, slot, slots, np.arange(slots), how)
    words[taken] = np.argsort(work_row)[slot[taken]]
    item = np.where(np.arange(len(slot)) < graph.inputs, np.arange(len(slot)), -1)
    if inputs is InputLayout.NATURAL:
        words[: graph.inputs] = start[: graph.inputs] = graph.used
        size = graph.network_inputs
    else:
        begin = np.argsort(first[: graph.inputs], kind="stable")
        start[begin] = np.arange(graph.inputs)
        words[: graph.inputs] = np.argsort(_arranged(batches, item, graph.inputs, begin, how))
        size = graph.inputs
    return Layout(words, size, slots, transfers(batches, start), transfers(batches, words), len(batches))


def _by_first_use(batches: Batches, cells: int) -> NDArray[np.int64]:
    first = np.full(cells, np.iinfo(np.int64).max, np.int64)
    np.minimum.at(first, batches.cells, np.arange(len(batches.cells)))
    return first


def _arranged(
    batches: Batches, item: NDArray[np.int64], items: int, start: NDArray[np.int64], how: Annealing
) -> NDArray[np.int64]:
    """The items in the order in which they should lie: annealed from the better of two starts."""
    if items < 3 or items > LARGEST:
        return start
    cost = -togetherness(batches, item, items)
    rows = [start, nearest_neighbours(cost, int(start[0]))]
    best = min(rows, key=lambda row: path_cost(cost, row))
    return anneal_path(cost, best, how)[0]
