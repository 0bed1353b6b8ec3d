"""`uniform`: independent inputs, uniform on their intervals. Assumes nothing."""

import numpy as np

from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.pruning.inputs.sampler import scale_to


def uniform(network: Network, count: int, seed: int) -> F32:
    """Draw independent uniform inputs, (count, inputs)."""
    random = np.random.default_rng(seed)
    return scale_to(network.domain, random.random((count, network.inputs)))
