"""Hold samples out, class by class, the same ones for the same seed."""

import numpy as np

from armlet.data.table import I64


def hold_out(labels: I64, share: float, seed: int) -> tuple[I64, I64]:
    """Row numbers that stay and row numbers held out, both shuffled.

    Of each class the nearest whole number to `share` of its samples is held out, at least one but never the last.
    """
    random = np.random.default_rng(seed)
    shuffled = random.permutation(len(labels))
    held = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = shuffled[labels[shuffled] == label]
        wanted = min(max(round(share * len(rows)), 1), len(rows) - 1)
        held[rows[:wanted]] = True
    return shuffled[~held[shuffled]], shuffled[held[shuffled]]
