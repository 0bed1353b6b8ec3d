"""`weights`: normal inputs whose covariance is W_0^T W_0, clipped to the intervals.

Assumes that training moved the first layer only within the span of the data: inputs vary in those directions in which
its weights are large.
"""

import numpy as np

from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.pruning.geometry.architecture import require_dense
from armlet.pruning.inputs.gaussian import declared_moments
from armlet.pruning.inputs.sampler import clip_to


def weights(network: Network, count: int, seed: int) -> F32:
    """Draw normal inputs of the declared mean and, on average over inputs, the declared variance, (count, inputs)."""
    mean, std = declared_moments(network.domain)
    require_dense(network, "--inputs weights", "reads the first of dense layers in a chain", "choose another")
    first = network.dense[0].weight.astype(np.float64) / network.domain.std
    size = np.sqrt((first**2).sum(axis=0).mean())
    random = np.random.default_rng(seed)
    directions = random.standard_normal((count, len(first))) @ first / (size if size > 0 else 1.0)
    return clip_to(network.domain, mean + std * directions)
