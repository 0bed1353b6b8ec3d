"""When each word is loaded, and which neurons it then serves: the visits of a layer.

A visit is one load of a word for the neurons of one window of the row (`pair_order`). It can happen as soon as the last
of them is open and must happen before the first of them is closed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Visit:
    """A load of `word` for `items`, whose neurons stand at positions `due` to `last` of the row."""

    word: int
    items: tuple[int, ...]  # in the order of their neurons in the row
    due: int
    last: int


def visits_of(items: NDArray[np.int64], row: NDArray[np.int64], width: int) -> list[Visit]:
    """The fewest visits for items (neuron, word), by the neurons' first positions; word by word in time."""
    position = np.empty(len(row), np.int64)
    position[row] = np.arange(len(row))
    at = position[items[:, 0]]
    found: list[Visit] = []
    current: list[int] = []
    order = np.lexsort((at, items[:, 1])).tolist()
    words, places = items[:, 1].tolist(), at.tolist()
    for item in order:
        if current and (words[item] != words[current[0]] or places[item] >= places[current[0]] + width):
            found.append(_visit(current, words, places))
            current = []
        current.append(item)
    if current:
        found.append(_visit(current, words, places))
    return found


def _visit(items: list[int], words: list[int], places: list[int]) -> Visit:
    return Visit(words[items[0]], tuple(items), places[items[0]], places[items[-1]])
