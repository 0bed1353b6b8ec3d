"""Estimate where on a grid images may be bright: two priors, neither safe alone.

The first is a flat window in the middle. The second joins it with what the weights of the first layer show. Gradients
of these weights are sums of inputs, and neighbouring pixels of images are alike. So where training images were
bright, the columns of neighbouring pixels moved together; where they were always dark, columns are initial noise, or
nothing. What the weights show counts less towards the edges: there Adam and chance give rarely lit pixels strong
columns. Mathematics: docs/mathematics.md, section 6.
"""

import numpy as np
from numpy.typing import NDArray

from armlet.network.frozen import F32, F64
from armlet.network.network import Network
from armlet.pruning.inputs.smooth import smoother

WINDOW = 0.43  # half width of the window, in sides
FADE = 0.6  # distance from the middle, in sides, at which the weights count 1 / e
BLUR = 1.0  # pixels; a few columns correlate by chance
STRONG = 0.9  # quantile of the correlations that counts as fully bright
LEAST, SPAN = 0.5, 0.3  # of that correlation: bright from LEAST, fully from LEAST + SPAN


def brightness_priors(network: Network) -> tuple[F32, F32]:
    """The window, and the larger of it and what the weights show; numbers in [0, 1], (rows, columns)."""
    window = _falling(network.shape, WINDOW, 4)
    return window, np.maximum(window, brightness_from_weights(network) * _falling(network.shape, FADE, 2))


def brightness_from_weights(network: Network) -> F32:
    """The brightness that the first layer shows at each pixel: from 0, dark, to 1, (rows, columns)."""
    alike = _alike(network.dense[0].weight.astype(np.float64).reshape(-1, *network.shape))
    rows, columns = (_averager(n) for n in network.shape)
    alike = rows @ alike @ columns.T
    strong = np.quantile(alike, STRONG)
    if strong <= 0:
        return np.zeros(network.shape, np.float32)
    return np.clip((alike / strong - LEAST) / SPAN, 0, 1).astype(np.float32)


def neighbour_correlations(network: Network) -> tuple[float, float]:
    """The mean correlation of the first layer's columns for vertical and for horizontal pairs of pixels."""
    down, right = _correlations(network.dense[0].weight.astype(np.float64).reshape(-1, *network.shape))
    return float(down.mean()) if down.size else 0.0, float(right.mean()) if right.size else 0.0


def _falling(shape: tuple[int, ...], width: float, power: int) -> NDArray[np.float32]:
    """1 in the middle and exp(-1) at `width` sides from it; flat within for a high power."""
    rows, columns = ((np.arange(n) - (n - 1) / 2) / (width * n) for n in shape)
    return np.exp(-((rows[:, None] ** 2 + columns**2) ** (power / 2))).astype(np.float32)


def _alike(columns: F64) -> F64:
    """The mean correlation, over units (first axis), of each pixel's column with those of its neighbours."""
    down, right = _correlations(columns)
    pairs = _at_both_ends(np.ones_like(down), np.ones_like(right))
    return _at_both_ends(down, right) / np.maximum(pairs, 1)


def _correlations(columns: F64) -> tuple[F64, F64]:
    """The correlation, over units (first axis), of the columns of vertical and of horizontal pairs of pixels."""
    centred = columns - columns.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    centred = centred / np.where(size > 0, size, 1.0)
    down = (centred[:, 1:] * centred[:, :-1]).sum(axis=0)
    return down, (centred[:, :, 1:] * centred[:, :, :-1]).sum(axis=0)


def _at_both_ends(down: F64, right: F64) -> F64:
    """Add the numbers of vertical and horizontal pairs at both pixels of each pair."""
    vertical = np.pad(down, ((1, 0), (0, 0))) + np.pad(down, ((0, 1), (0, 0)))
    return vertical + np.pad(right, ((0, 0), (1, 0))) + np.pad(right, ((0, 0), (0, 1)))


def _averager(length: int) -> NDArray[np.float32]:
    """A matrix that blurs a line of `length` pixels."""
    kernel = smoother(length, BLUR)
    return kernel / kernel.sum(axis=1, keepdims=True)
