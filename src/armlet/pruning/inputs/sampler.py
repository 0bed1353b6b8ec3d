"""The type of an input model: a sampler that draws raw inputs from a seed alone."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.network.domain import InputDomain
from armlet.network.frozen import F32
from armlet.network.network import Network

Sampler: TypeAlias = Callable[[Network, int, int], F32]  # (network, count, seed) to raw inputs (count, inputs)


def clip_to(domain: InputDomain, raw: NDArray[np.floating]) -> F32:
    """Clip `raw` to the declared intervals, as float32 that lie inside wherever a float32 does."""
    low, high = domain.low.astype(np.float32), domain.high.astype(np.float32)
    low = np.where(low < domain.low, np.nextafter(low, np.float32(np.inf)), low)
    high = np.where(high > domain.high, np.nextafter(high, np.float32(-np.inf)), high)
    with np.errstate(over="ignore"):  # a value beyond float32 becomes infinite, and is clipped
        single = raw.astype(np.float32)
    return np.clip(single, np.minimum(low, high), high)


def scale_to(domain: InputDomain, share: NDArray[np.floating]) -> F32:
    """Map `share` in [0, 1] onto each input's interval, as raw values."""
    return clip_to(domain, domain.low + share * (domain.high - domain.low))
