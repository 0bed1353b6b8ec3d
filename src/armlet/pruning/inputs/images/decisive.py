"""Keep the draws to which the network gives the highest probability of each class, equally many of each.

Probabilities of all but the most frequent classes are low on draws that are no data. So half of each output's mean over
the draws is taken from it first, and every class gets the draws that are nearest to it, whatever they are.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.network.outputs import OutputKind
from armlet.pruning.geometry.functional import outputs

BALANCE = 0.5  # of an output's mean over the draws that is taken away


def decisive_sample(network: Network, raw: F32, count: int) -> NDArray[np.int64]:
    """The rows of `raw` to keep, by class; the first ones for a network without classes. A row may come repeatedly."""
    if network.outputs < 2 or network.output is OutputKind.VALUES or len(raw) <= count:
        return np.arange(len(raw))[:count]
    scores = outputs(network, raw).astype(np.float64)
    chances = log_softmax(scores - BALANCE * scores.mean(axis=0), axis=1)
    shares = np.diff(np.linspace(0, count, network.outputs + 1).round().astype(int))
    best = np.argsort(-chances, axis=0, kind="stable")
    return np.concatenate([best[:share, answer] for answer, share in enumerate(shares)])
