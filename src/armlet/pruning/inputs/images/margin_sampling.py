"""Keep the draws with the largest margins, equally many of each class.

The margin between the first and the second output is large on inputs like those of training and small on others. So
it is evidence about the data that the weights alone give.
"""

import numpy as np
from numpy.typing import NDArray

from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.pruning.geometry.functional import outputs

MOST_REPEATS = 8  # times that a row may be taken, since classes are assumed to be about equally frequent
_BATCH = 8192


def margin_sample(network: Network, raw: F32, count: int) -> F32:
    """Take `count` of the rows of `raw`, in no particular order. For a network with one output, take the first.

    Rows of a class that is seldom found may come up to `MOST_REPEATS` times, so that other classes do not dominate.
    """
    if network.outputs < 2 or len(raw) <= count:
        return raw[:count]
    logits = np.concatenate([outputs(network, raw[at : at + _BATCH]) for at in range(0, len(raw), _BATCH)])
    best = np.partition(logits, -2, axis=1)[:, -2:]
    return raw[_balanced(logits.argmax(axis=1), best[:, 1] - best[:, 0], count)]


def _balanced(answers: NDArray[np.int64], margins: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """The largest margins, by turns among the classes, until `count`; a class that runs out starts again."""
    order = np.lexsort((-margins, answers))  # by class, then largest first
    sizes = np.bincount(answers)
    rank = np.empty(len(answers), np.int64)
    rank[order] = np.arange(len(answers)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    turns = (rank + np.arange(MOST_REPEATS)[:, None] * sizes[answers]).ravel()
    return np.sort(np.lexsort((np.tile(-margins, MOST_REPEATS), turns))[:count] % len(answers))
