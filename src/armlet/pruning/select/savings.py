"""What each removal saves on a target, and its score: the distance that it adds, for what it saves.

Two weights of a neuron whose inputs are mates stand in a block, which costs less than both would alone. Of a block the
first removal saves little and the second one the rest, so both together are weighed too, and the first counts as
cheap as both are. Mathematics: docs/mathematics.md, section 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.pruning.select.cost import Costs

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
B = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class LayerSavings:
    """What is saved by removing each weight of a layer, in costs of the cheapest connection."""

    alone: F64  # (out, in) of a weight that stands in no block
    beside: F64  # (out, in) of one whose mate is there and stays
    mate: I64  # (in,) the other input of its block, or itself where it has none

    def __post_init__(self) -> None:
        assert (self.mate[self.mate] == np.arange(len(self.mate))).all(), "mates come in twos"

    def in_block(self, alive: B) -> B:
        """Whether each weight and its mate are there, (out, in)."""
        return alive & alive[:, self.mate] & (self.mate != np.arange(len(self.mate)))


def scores(costs: Costs, alive: Sequence[B], savings: Sequence[LayerSavings]) -> Costs:
    """The score of each removal. The dearer one of a block is removed after the other: it counts as no cheaper."""
    return tuple(_scores(*layer) for layer in zip(costs, alive, savings, strict=True))


def _scores(cost: NDArray[np.float32], alive: B, saves: LayerSavings) -> NDArray[np.float32]:
    alone, block = per_saving(cost, saves.alone), saves.in_block(alive)
    if not block.any():
        return alone.astype(np.float32)
    both = per_saving(cost + cost[:, saves.mate], saves.alone + saves.beside[:, saves.mate])
    first = np.minimum(per_saving(cost, saves.beside), both)
    other = first[:, saves.mate]
    after = np.where(first > other, np.maximum(other, alone), first)
    return np.where(block, after, alone).astype(np.float32)


def per_saving(cost: NDArray[np.float32], saved: F64) -> F64:
    """Distance per saving. A removal that lowers the distance is the better, the more it saves."""
    return np.where(cost > 0, cost / saved, cost * saved)


def mates_of(costs: NDArray[np.float32], alive: B, share: float) -> I64:
    """Inputs in twos that the same neurons take, those of the `share` of all weights that cost most to remove.

    The two with most neurons in common first; those that share none with another are paired in their order.
    """
    inputs = alive.shape[1]
    count = min(int(alive.sum()), max(1, int(share * alive.size)))
    edge = -np.partition(-np.where(alive, costs, -np.inf).ravel(), count - 1)[count - 1]
    strong = (alive & (costs >= edge)).astype(np.float32)
    shared = np.triu(strong.T @ strong, 1)
    a, b = np.nonzero(shared)
    mate, free = np.arange(inputs), np.ones(inputs, bool)
    for at in np.argsort(-shared[a, b], kind="stable").tolist():
        i, j = a[at], b[at]
        if free[i] and free[j]:
            mate[i], mate[j], free[i], free[j] = j, i, False, False
    left = np.flatnonzero(free)[: free.sum() // 2 * 2].reshape(-1, 2)
    mate[left] = left[:, ::-1]
    return mate
