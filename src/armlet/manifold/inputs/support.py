"""Where on a grid the training images were bright at all, as the first layer shows it.

Gradients of first-layer weights are sums of inputs, and neighbouring pixels of images are alike. So where training
images had light, the columns of neighbouring pixels moved together; where they were always dark, they are what they
were at the start: noise, or nothing. Mathematics: docs/mathematics.md, section 6.
"""

import numpy as np
from numpy.typing import NDArray

from armlet.manifold.inputs.smooth import smoother
from armlet.network.frozen import F32, F64
from armlet.network.network import Network

BLUR = 1.0  # pixels; a few columns correlate by chance
STRONG = 0.9  # quantile of the correlations that counts as fully lit
LEAST, SPAN = 0.5, 0.3  # of that correlation: lit from LEAST, fully from LEAST + SPAN


def support(network: Network) -> F32:
    """For each pixel a number in [0, 1], (rows, columns): 0 where the first layer shows no light."""
    alike = _alike(network.layers[0].weight.astype(np.float64).reshape(-1, *network.shape))
    rows, columns = (_averager(n) for n in network.shape)
    alike = rows @ alike @ columns.T
    strong = np.quantile(alike, STRONG)
    if strong <= 0:
        return np.zeros(network.shape, np.float32)
    return np.clip((alike / strong - LEAST) / SPAN, 0, 1).astype(np.float32)


def neighbours(network: Network) -> tuple[float, float]:
    """The mean correlation of the first layer's columns of pixels one below, and one beside, the other."""
    down, right = _correlations(network.layers[0].weight.astype(np.float64).reshape(-1, *network.shape))
    return float(down.mean()) if down.size else 0.0, float(right.mean()) if right.size else 0.0


def _alike(columns: F64) -> F64:
    """The mean correlation, over units (first axis), of each pixel's column with those of its neighbours."""
    down, right = _correlations(columns)
    pairs = _at_both_ends(np.ones_like(down), np.ones_like(right))
    return _at_both_ends(down, right) / np.maximum(pairs, 1)


def _correlations(columns: F64) -> tuple[F64, F64]:
    """The correlations, over units (first axis), of columns of pixels one below, and one beside, the other."""
    centred = columns - columns.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    centred = centred / np.where(size > 0, size, 1.0)
    down = (centred[:, 1:] * centred[:, :-1]).sum(axis=0)
    return down, (centred[:, :, 1:] * centred[:, :, :-1]).sum(axis=0)


def _at_both_ends(down: F64, right: F64) -> F64:
    """Numbers of vertical and horizontal pairs, added at both pixels of each pair."""
    vertical = np.pad(down, ((1, 0), (0, 0))) + np.pad(down, ((0, 1), (0, 0)))
    return vertical + np.pad(right, ((0, 0), (1, 0))) + np.pad(right, ((0, 0), (0, 1)))


def _averager(length: int) -> NDArray[np.float32]:
    kernel = smoother(length, BLUR)
    return kernel / kernel.sum(axis=1, keepdims=True)
