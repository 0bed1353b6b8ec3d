"""Images of any size to square images of a wanted side, by area.

Each new pixel is the mean of what it covers in the old image, counted by exact area: the filter is a box of the new
pixel's size, so shrinking does not alias, enlarging repeats, and the mean brightness stays whatever the ratio.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.network.frozen import F32, F64

_AT_ONCE = 1 << 24  # float64 values in flight


def area_weights(old: int, new: int) -> F64:
    """How much of each old pixel makes each new one along one axis, (new, old); rows sum to 1, columns to new / old.

    Both rulers are cut into old x new units: new pixel i covers old of them, old pixel j covers new of them.
    """
    i, j = np.arange(new)[:, None], np.arange(old)[None, :]
    overlap = np.minimum((i + 1) * old, (j + 1) * new) - np.maximum(i * old, j * new)
    return np.maximum(overlap, 0) / old


def resample(pixels: NDArray[Any], side: int, white: float) -> F32:
    """`pixels` (images, height, width) in [0, white] as rows (images, side * side) in [0, 1]."""
    count, height, width = pixels.shape
    down, across = area_weights(height, side), area_weights(width, side)
    rows = np.empty((count, side * side), np.float32)
    step = max(1, _AT_ONCE // max(height * width, height * side, side * side))
    for at in range(0, count, step):
        batch = pixels[at : at + step].astype(np.float64) / white
        if (height, width) != (side, side):
            batch = np.matmul(down, batch @ across.T)
        rows[at : at + step] = np.clip(batch, 0.0, 1.0).reshape(len(batch), -1)
    return rows
