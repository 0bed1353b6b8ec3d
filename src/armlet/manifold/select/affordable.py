"""What `auto` stands for: the best selector whose judgement takes seconds where the walk stands.

Second-order sees correlated inputs, which compensated does not, but its work grows with the square of a unit's
survivors. Mathematics: docs/mathematics.md, section 3.
"""

import numpy as np

from armlet.manifold.functional import Masks
from armlet.manifold.select.cost import Selector

MOST = 3e7  # pairs of survivors that share a unit: some seconds of one core on 8192 inputs


def affordable(selector: Selector, masks: Masks) -> Selector:
    """`selector`, or for `auto` the one to judge these survivors by."""
    if selector is not Selector.AUTO:
        return selector
    survivors = np.concatenate([np.asarray(mask).sum(axis=1, dtype=np.float64) for mask in masks])
    return Selector.SECOND_ORDER if float((survivors**2).sum()) <= MOST else Selector.COMPENSATED
