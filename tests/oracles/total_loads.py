"""What a finishing order costs, by definition: the judge of the annealing, which only counts changes."""

import numpy as np
from numpy.typing import NDArray

from armlet.schedule.layers import LayerConnections


def total_loads(layer: LayerConnections, width: int, row: NDArray[np.int64]) -> int:
    """How many loads of sources `row` takes: the definition, that the moves' changes are held against."""
    where = np.argsort(row)
    position = np.repeat(where, np.diff(layer.ends))
    loads = 0
    for source in range(len(layer.sources)):
        until = -1
        for p in np.sort(position[layer.support == source]).tolist():
            if p > until:
                loads, until = loads + 1, p + width - 1
    return loads
