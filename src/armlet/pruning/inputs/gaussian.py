"""`gaussian`: independent normal inputs with the moments that network.toml declares, clipped to the intervals.

Assumes that the normalisation of training (mean, std) describes the data. If none is declared, the centre of the
interval and a quarter of its width are used.
"""

import numpy as np
from numpy.typing import NDArray

from armlet.network.domain import InputDomain
from armlet.network.frozen import F32, F64
from armlet.network.network import Network
from armlet.pruning.inputs.sampler import clip_to


def gaussian(network: Network, count: int, seed: int) -> F32:
    """Draw independent normal inputs, (count, inputs)."""
    mean, std = declared_moments(network.domain)
    random = np.random.default_rng(seed)
    return clip_to(network.domain, mean + std * random.standard_normal((count, network.inputs)))


def declared_moments(domain: InputDomain) -> tuple[F64, NDArray[np.float64]]:
    """Mean and standard deviation of each raw input."""
    if not domain.is_normalised:
        return domain.mean, domain.std
    return (domain.low + domain.high) / 2, (domain.high - domain.low) / 4
