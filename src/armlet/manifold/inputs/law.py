"""What an input model is: a law that gives as many raw inputs as are asked for, from a seed alone."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.network.domain import InputDomain
from armlet.network.frozen import F32
from armlet.network.network import Network

Law: TypeAlias = Callable[[Network, int, int], F32]  # (network, count, seed) to raw inputs (count, inputs)


def inside(domain: InputDomain, raw: NDArray[np.floating]) -> F32:
    """`raw` clipped to the declared intervals, as float32 that lie in them too wherever a float32 does."""
    low, high = domain.low.astype(np.float32), domain.high.astype(np.float32)
    low = np.where(low < domain.low, np.nextafter(low, np.float32(np.inf)), low)
    high = np.where(high > domain.high, np.nextafter(high, np.float32(-np.inf)), high)
    return np.clip(raw.astype(np.float32), np.minimum(low, high), high)


def stretched(domain: InputDomain, share: NDArray[np.floating]) -> F32:
    """`share` in [0, 1] of each input's interval, as raw values."""
    return inside(domain, domain.low + share * (domain.high - domain.low))
