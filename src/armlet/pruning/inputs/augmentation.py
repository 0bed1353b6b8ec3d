"""Augment few rows to many by changing each a little, so that fine-tuning does not overfit the rows.

An image is shifted, rotated and scaled a little about its centre, all channels alike. Any other row is moved a part of
the way to another row, which keeps the rows' mean, and their covariance up to a factor.
"""

import numpy as np
from numpy.typing import NDArray

from armlet.network.frozen import F32

SHIFT = 1 / 14  # of the sides
ROTATION = 0.15  # radians
ZOOM = 0.1  # of the size, as an exponent
BLEND = 0.25  # of the way to another row
_AT_ONCE = 1 << 21  # pixels moved together: about 100 MB


def augment(rows: F32, shape: tuple[int, ...], random: np.random.Generator) -> F32:
    """Change each of `rows` (n, inputs) by a little, never beyond the range of the rows."""
    if len(shape) >= 2 and min(shape[-2:]) > 1:
        step = max(1, _AT_ONCE // rows.shape[1])
        parts = [_moved(rows[k : k + step], shape, random) for k in range(0, len(rows), step)]
        return np.concatenate([rows[:0], *parts]).reshape(rows.shape)
    way = np.float32(BLEND) * random.random((len(rows), 1), dtype=np.float32)
    return (rows + way * (rows[random.permutation(len(rows))] - rows)).astype(np.float32)


def _moved(rows: F32, shape: tuple[int, ...], random: np.random.Generator) -> F32:
    """Interpolate rows as images at moved places, bilinearly; the edge is repeated beyond the image."""
    images = rows.reshape(len(rows), -1, *shape[-2:]).transpose(0, 2, 3, 1)  # channels last: they move together
    down, right = _places(len(images), shape[-2:], random)
    top, left = np.floor(down).astype(np.int64), np.floor(right).astype(np.int64)
    below, beside = ((way - whole).astype(np.float32)[..., None] for way, whole in ((down, top), (right, left)))
    which = np.arange(len(images))[:, None, None]
    bottom, other = np.minimum(top + 1, images.shape[1] - 1), np.minimum(left + 1, images.shape[2] - 1)
    upper = images[which, top, left] * (1 - beside) + images[which, top, other] * beside
    lower = images[which, bottom, left] * (1 - beside) + images[which, bottom, other] * beside
    moved = upper * (1 - below) + lower * below
    return moved.astype(np.float32).transpose(0, 3, 1, 2).reshape(rows.shape)


def _places(
    count: int, shape: tuple[int, ...], random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The place that each pixel comes from: rows and columns inside the image, each (n, height, width)."""
    height, width = shape
    turn, zoom = random.uniform(-ROTATION, ROTATION, count), np.exp(random.uniform(-ZOOM, ZOOM, count))
    shift = random.uniform(-SHIFT, SHIFT, (2, count)) * np.array([[height], [width]])
    y, x = np.arange(height)[:, None] - (height - 1) / 2, np.arange(width)[None, :] - (width - 1) / 2
    across, along = (zoom * np.cos(turn))[:, None, None], (zoom * np.sin(turn))[:, None, None]
    down = across * y - along * x + (height - 1) / 2 + shift[0][:, None, None]
    right = along * y + across * x + (width - 1) / 2 + shift[1][:, None, None]
    return np.clip(down, 0, height - 1), np.clip(right, 0, width - 1)
