"""Keep the draws on which the network is most decisive, as many of each class: the network's own say in its inputs.

The margin between the first and the second answer is large on inputs like those of training and small on others, so
it is evidence about the data that weights alone give.
"""

import numpy as np
from numpy.typing import NDArray

from armlet.manifold.functional import outputs
from armlet.network.frozen import F32
from armlet.network.network import Network

TURNS = 8  # times that a row may be taken: classes are assumed to be about as frequent as each other
_BATCH = 8192


def decisive(network: Network, raw: F32, count: int) -> F32:
    """`count` of the rows of `raw`, in no order that means anything. A network with one output keeps the first.

    Rows of a class that is seldom found may come up to `TURNS` times, so that it is not drowned by the others.
    """
    if network.outputs < 2 or len(raw) <= count:
        return raw[:count]
    logits = np.concatenate([outputs(network, raw[at : at + _BATCH]) for at in range(0, len(raw), _BATCH)])
    best = np.partition(logits, -2, axis=1)[:, -2:]
    return raw[_balanced(logits.argmax(axis=1), best[:, 1] - best[:, 0], count)]


def _balanced(answers: NDArray[np.int64], margins: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """The widest margins, turn by turn among the classes, until `count`; a class that runs out begins again."""
    order = np.lexsort((-margins, answers))  # by class, then widest first
    sizes = np.bincount(answers)
    rank = np.empty(len(answers), np.int64)
    rank[order] = np.arange(len(answers)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    turns = (rank + np.arange(TURNS)[:, None] * sizes[answers]).ravel()
    return np.sort(np.lexsort((np.tile(-margins, TURNS), turns))[:count] % len(answers))
