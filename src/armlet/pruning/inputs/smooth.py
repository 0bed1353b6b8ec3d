"""Draw smooth Gaussian noise on a line or a grid, from which images and signals are made."""

import numpy as np
from numpy.typing import NDArray

from armlet.network.frozen import F32

LENGTHS = 8  # correlation lengths of curves, spaced evenly in the logarithm


def smoother(length: int, scale: float) -> F32:
    """A matrix (length, length) that turns white noise into noise of variance 1 correlated over `scale` places."""
    place = np.arange(length)
    kernel = np.exp(-((place[:, None] - place) ** 2) / (2 * max(scale, 1e-3) ** 2))
    return (kernel / np.sqrt((kernel**2).sum(axis=1, keepdims=True))).astype(np.float32)


def smooth_noise(random: np.random.Generator, count: int, shape: tuple[int, ...], scale: float) -> NDArray[np.float32]:
    """Draw normal fields of mean 0 and variance 1 everywhere, correlated over `scale` places, (count, *shape)."""
    field = random.standard_normal((count, *shape), dtype=np.float32)
    for axis, length in enumerate(shape, 1):
        after = int(np.prod(shape[axis:]))
        if after == 1:  # one product of matrices instead of many
            field = field.reshape(-1, length) @ smoother(length, scale).T
        else:
            field = np.matmul(smoother(length, scale), field.reshape(-1, length, after))
    return field.reshape(count, *shape)


def smooth_curves(random: np.random.Generator, count: int, length: int) -> NDArray[np.float32]:
    """Draw smooth noise on a line, (count, length), an equal share of each of `LENGTHS` correlation lengths."""
    scales = np.geomspace(0.5, max(length, 2), LENGTHS)
    shares = np.diff(np.linspace(0, count, LENGTHS + 1).round().astype(int))
    return np.concatenate([smooth_noise(random, n, (length,), s) for n, s in zip(shares, scales)])
