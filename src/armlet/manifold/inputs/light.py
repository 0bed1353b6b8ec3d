"""Where on a grid images may be bright: two guesses, neither safe alone.

A flat window in the middle, and the same joined with what the first layer shows, which counts for less towards the
edges: there Adam and chance make strong columns out of rare light.
"""

import numpy as np
from numpy.typing import NDArray

from armlet.manifold.inputs.support import support
from armlet.network.frozen import F32
from armlet.network.network import Network

FLAT = 0.43  # half width of the window, in sides
GENTLE = 0.6  # distance from the middle, in sides, at which the support counts 1 / e


def lights(network: Network) -> tuple[F32, F32]:
    """The window, and the larger of it and the support; numbers in [0, 1], (rows, columns)."""
    window = _falling(network.shape, FLAT, 4)
    return window, np.maximum(window, support(network) * _falling(network.shape, GENTLE, 2))


def _falling(shape: tuple[int, ...], width: float, power: int) -> NDArray[np.float32]:
    """1 in the middle, exp(-1) at `width` sides from it: flat within for a high power."""
    rows, columns = ((np.arange(n) - (n - 1) / 2) / (width * n) for n in shape)
    return np.exp(-((rows[:, None] ** 2 + columns**2) ** (power / 2))).astype(np.float32)
