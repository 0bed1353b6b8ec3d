"""In what order a layer's sources pass by: those that the same tiles take stand together.

Every tile visits its sources in one common order, which becomes their order in memory. A tile then reads long runs of
neighbours, each one transfer of many values, wherever sources that stand side by side are taken by the same tiles.
"""

import numpy as np
from numpy.typing import NDArray

from armlet.anneal.engine import Annealing
from armlet.anneal.path import LARGEST, anneal_path, nearest_neighbours


def sweep(taken: NDArray[np.bool_], how: Annealing) -> NDArray[np.int64]:
    """The sources in order, from the table (tiles, sources) of which tile takes which source."""
    tiles, sources = taken.shape
    natural = np.arange(sources)
    if tiles < 2 or sources < 3 or sources > LARGEST:
        return natural
    bits = taken.astype(np.float32)
    together = bits.T @ bits
    each = bits.sum(axis=0)
    broken = each[:, None] + each[None, :] - 2 * together  # tiles that take one of two neighbours and not the other
    row, _ = anneal_path(broken, nearest_neighbours(broken, int(np.argmax(each))), how)
    return row
