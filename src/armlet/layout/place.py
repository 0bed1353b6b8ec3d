"""Lays values out in memory: cells share slots, and the order of words is annealed so that transfers are few."""

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from armlet.anneal.engine import Annealing
from armlet.anneal.path import LARGEST, anneal_path, nearest_neighbours, path_cost
from armlet.layout.batches import Batches, batches_of, co_occurrence, input_items, transfers
from armlet.layout.layout import Layout
from armlet.layout.slots import share_slots
from armlet.schedule.code import Code


class InputLayout(Enum):
    """Who decides where an input lies."""

    FREE = "free"  # the compiler; the input driver (or NAME_run, at a price) puts it there
    NATURAL = "natural"  # the caller: a C array in the order of the network's inputs


def place(code: Code, inputs: InputLayout, how: Annealing) -> Layout:
    """Lay the input block and the work block out. The number of transfers is never above the start's."""
    return place_all(code, (inputs,), how)[0]


def place_all(code: Code, kinds: tuple[InputLayout, ...], how: Annealing) -> list[Layout]:
    """A layout for each way of laying out the inputs; the work block is the same in all."""
    graph, batches = code.order.graph, batches_of(code)
    slot, slots = share_slots(code)
    start, words = slot.copy(), slot.copy()
    taken = slot >= 0
    words[taken] = np.argsort(_annealed(batches, slot, np.arange(slots), how.of("work block")))[slot[taken]]
    layouts: list[Layout] = []
    for kind in kinds:
        if kind is InputLayout.NATURAL:
            words[: graph.inputs] = start[: graph.inputs] = graph.used
        else:
            begin = np.argsort(_first_uses(batches, len(slot))[: graph.inputs], kind="stable")
            start[begin] = np.arange(graph.inputs)
            words[: graph.inputs] = np.argsort(_annealed(batches, input_items(code), begin, how.of("input block")))
        size = graph.network_inputs if kind is InputLayout.NATURAL else graph.inputs
        before, after = transfers(batches, start), transfers(batches, words)
        layouts.append(Layout(words, size, slots, before, after, len(batches)))
    return layouts


def _first_uses(batches: Batches, cells: int) -> NDArray[np.int64]:
    first = np.full(cells, np.iinfo(np.int64).max, np.int64)
    np.minimum.at(first, batches.cells, np.arange(len(batches.cells)))
    return first


def _annealed(batches: Batches, item: NDArray[np.int64], start: NDArray[np.int64], how: Annealing) -> NDArray[np.int64]:
    """The items in the order in which they should lie: annealed from the better of two starts."""
    items = len(start)
    if items < 3 or items > LARGEST:
        return start
    cost = -co_occurrence(batches, item, items)
    rows = [start, nearest_neighbours(cost, int(start[0]))]
    best = min(rows, key=lambda row: path_cost(cost, row))
    return anneal_path(cost, best, how)[0]
