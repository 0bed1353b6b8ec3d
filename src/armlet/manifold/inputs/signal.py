"""`signal`: correlated rows for time series and spectra.

Assumes that neighbouring inputs are alike: a level and a slowly varying curve over the whole row, scaled by each
input's declared moments. Each draw has its own correlation length, from single places to the whole row.
"""

import numpy as np

from armlet.manifold.inputs.gaussian import declared_moments
from armlet.manifold.inputs.law import inside
from armlet.manifold.inputs.smooth import smooth_curves
from armlet.network.frozen import F32
from armlet.network.network import Network


def signal(network: Network, count: int, seed: int) -> F32:
    """Smooth rows (count, inputs) with the declared moments at each input."""
    random = np.random.default_rng(seed)
    mean, std = declared_moments(network.domain)
    curves = smooth_curves(random, count, network.inputs)
    level = random.standard_normal((count, 1))
    weight = random.random((count, 1))  # of the level; the variance stays 1
    return inside(network.domain, mean + std * (np.sqrt(weight) * level + np.sqrt(1 - weight) * curves))
