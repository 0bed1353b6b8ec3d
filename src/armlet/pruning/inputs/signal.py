"""`signal`: correlated rows for time series and spectra.

Assumes that neighbouring inputs are alike. A row is a level plus a smooth curve, scaled by each input's declared
moments. Each draw has its own correlation length, from one place to the whole row.
"""

import numpy as np

from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.pruning.inputs.gaussian import declared_moments
from armlet.pruning.inputs.sampler import clip_to
from armlet.pruning.inputs.smooth import smooth_curves


def signal(network: Network, count: int, seed: int) -> F32:
    """Draw smooth rows (count, inputs) with the declared moments at each input."""
    random = np.random.default_rng(seed)
    mean, std = declared_moments(network.domain)
    length = network.shape[-1] if len(network.shape) == 3 else network.inputs  # a curve for each channel
    curves = smooth_curves(random, count * (network.inputs // length), length).reshape(count, network.inputs)
    level = random.standard_normal((count, 1))
    weight = random.random((count, 1))  # of the level; the variance stays 1
    return clip_to(network.domain, mean + std * (np.sqrt(weight) * level + np.sqrt(1 - weight) * curves))
