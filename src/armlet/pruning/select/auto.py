"""Resolve the selector `auto`: the best selector that scores the present survivors within seconds.

`second-order` sees correlated inputs, which `compensated` does not, but its work grows with the square of a unit's
survivors. Mathematics: docs/mathematics.md, section 3.
"""

import numpy as np

from armlet.pruning.geometry.functional import Masks
from armlet.pruning.select.cost import Selector

MOST_PAIRS = 3e7  # of survivors that share a unit: some seconds of one core on 8192 inputs
MOST_OF_WINDOWS = 6e7  # the same with windows, on 2048 inputs: all are held at once, in 480 MB


def resolve_selector(selector: Selector, masks: Masks, windows: bool = False) -> Selector:
    """`selector` itself, or for `auto` the one to score these survivors by."""
    if selector is not Selector.AUTO:
        return selector
    survivors = np.concatenate(
        [np.asarray(mask).reshape(len(mask), -1).sum(axis=1, dtype=np.float64) for mask in masks]
    )
    most = MOST_OF_WINDOWS if windows else MOST_PAIRS
    return Selector.SECOND_ORDER if float((survivors**2).sum()) <= most else Selector.COMPENSATED
