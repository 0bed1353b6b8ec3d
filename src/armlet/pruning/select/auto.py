"""Resolve the selector `auto`: the best selector that scores the present survivors within seconds.

`second-order` sees correlated inputs, which `compensated` does not, but its work grows with the square of a unit's
survivors. Mathematics: docs/mathematics.md, section 3.
"""

import numpy as np

from armlet.pruning.geometry.functional import Masks
from armlet.pruning.select.cost import Selector

MOST_PAIRS = 3e7  # of survivors that share a unit: some seconds of one core on 8192 inputs


def resolve_selector(selector: Selector, masks: Masks) -> Selector:
    """`selector` itself, or for `auto` the one to score these survivors by."""
    if selector is not Selector.AUTO:
        return selector
    survivors = np.concatenate([np.asarray(mask).reshape(len(mask), -1).sum(axis=1, dtype=np.float64) for mask in masks])
    return Selector.SECOND_ORDER if float((survivors**2).sum()) <= MOST_PAIRS else Selector.COMPENSATED
