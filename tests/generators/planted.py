"""Batches of slots whose best row is known, since they are runs of it."""

import numpy as np
from numpy.typing import NDArray

from armlet.layout.batches import Batches

KINDS = ("runs of 2 to 8", "pairs only", "long runs of 20", "runs and strangers", "runs of uneven weight")


def batches_from(groups: list[NDArray[np.int64]]) -> Batches:
    """Batches of these slots."""
    return Batches(np.concatenate(groups), np.concatenate([[0], np.cumsum([len(group) for group in groups])]))


def planted(kind: str, seed: int, slots: int = 200) -> tuple[Batches, NDArray[np.int64]]:
    """Batches for which a hidden row needs the fewest transfers, and that row.

    Each batch is a run of the hidden row, which takes one transfer: no row does better. The runs cover every pair of
    neighbours. Noise: a batch of strangers, one slot out of each of several stretches; each costs one transfer for each
    slot in the hidden row. Every two slots are strangers in at most one batch, and with strangers every two neighbours
    of the hidden row stand together in two more batches, of these two alone: a row that parts k pairs of neighbours
    loses 2 k there, gains k at most by strangers, and gains nothing by runs, each of which the hidden row takes in one.
    """
    rng = np.random.default_rng(seed)
    hidden = rng.permutation(slots)
    longest = {"pairs only": 2, "long runs of 20": 20}.get(kind, 8)
    groups: list[NDArray[np.int64]] = []
    for _ in range(3):
        at = 0
        while at < slots - 1:
            length = int(rng.integers(2, longest + 1))
            groups.append(hidden[at : at + length])
            at += length - 1
    if kind == "runs of uneven weight":
        groups += [group for group in groups for _ in range(int(rng.geometric(0.3)) - 1)]
    if kind == "runs and strangers":
        groups += [hidden[at : at + 2] for at in range(slots - 1) for _ in range(2)]
        met = np.zeros((slots, slots), np.bool_)
        for _ in range(60):
            group = rng.permutation(slots)[:4]
            if not met[np.ix_(group, group)].any() and (np.diff(np.sort(np.argsort(hidden)[group])) > 1).all():
                met[np.ix_(group, group)] = True
                groups.append(group)
    return batches_from([rng.permutation(group) for group in groups]), hidden
