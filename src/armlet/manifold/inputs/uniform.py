"""`uniform`: every value of the interval is as likely as any other, every input independent. Assumes nothing."""

import numpy as np

from armlet.manifold.inputs.law import stretched
from armlet.network.frozen import F32
from armlet.network.network import Network


def uniform(network: Network, count: int, seed: int) -> F32:
    """Independent uniform inputs, (count, inputs)."""
    random = np.random.default_rng(seed)
    return stretched(network.domain, random.random((count, network.inputs)))
