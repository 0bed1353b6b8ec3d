"""Gives cells of the work block slots: two cells share one when their values never live at the same time."""

import heapq

import numpy as np
from numpy.typing import NDArray

from armlet.schedule.code import MOVES, Code


def share_slots(code: Code) -> tuple[NDArray[np.int64], int]:
    """The slot of each cell (-1 for inputs and untouched cells) and the number of slots, the least possible.

    Cells in order of their first store take the lowest slot whose value is dead: optimal on intervals.
    """
    graph = code.order.graph
    born, dies = _lifetimes(code)
    slot = np.full(graph.nodes + len(graph.outputs), -1, np.int64)
    free: list[int] = []
    ending: list[tuple[int, int]] = []
    count = 0
    for cell in np.argsort(born, kind="stable").tolist():
        if born[cell] == _UNBORN:
            break
        while ending and ending[0][0] < born[cell]:
            heapq.heappush(free, heapq.heappop(ending)[1])
        if not free:
            heapq.heappush(free, count)
            count += 1
        slot[cell] = heapq.heappop(free)
        heapq.heappush(ending, (int(dies[cell]), int(slot[cell])))
    return slot, count


_UNBORN = np.iinfo(np.int64).max


def _lifetimes(code: Code) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """When each cell of the work block is first written and last wanted; outputs are wanted to the end."""
    graph, cell = code.order.graph, code.served
    cells = graph.nodes + len(graph.outputs)
    born, dies = np.full(cells, _UNBORN, np.int64), np.full(cells, -1, np.int64)
    moves = np.flatnonzero(MOVES[code.ops] & (cell >= graph.inputs))
    np.minimum.at(born, cell[moves], moves)
    np.maximum.at(dies, cell[moves], moves)
    dies[graph.nodes :] = len(cell)
    return born, dies
