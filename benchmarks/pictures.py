"""Images from laws, at any side, to train and judge networks on that no famous data set has shaped.

    strokes      ten random poly-lines, bent, moved and drawn with a pen of any width: thin, bright, rim dark
    silhouettes  ten random outlines, filled with a grating: broad, grey, rim dark
    scenes       ten smooth patterns under smooth disturbances: grey everywhere, the whole frame

Each image is drawn on four points for every pixel, whose mean is the pixel, as a camera sees. Same seed, same bytes.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from armlet.data.dataset import DataSet
from armlet.network.frozen import F32, F64
from armlet.pruning.inputs.smooth import smooth_noise

Draw = Callable[[np.random.Generator, NDArray[np.int64], int], F32]  # (random, labels, side) to (count, side, side)
CLASSES = 10


def strokes(random: np.random.Generator, labels: NDArray[np.int64], side: int) -> F32:
    """Two lines of three pieces each for every class; jitter of each corner, a slanting, a shift."""
    corners = np.random.default_rng(7).uniform(-0.7, 0.7, (CLASSES, 2, 4, 2))
    grid = _grid(2 * side, 1.25)
    images = np.empty((len(labels), 2 * side, 2 * side), np.float32)
    for image, label in zip(images, labels):
        slanting, shift = np.eye(2) + random.normal(0, 0.15, (2, 2)), random.normal(0, 0.1, 2)
        lines = (corners[label] + random.normal(0, 0.06, (2, 4, 2))) @ slanting + shift
        far = np.min([_far(grid, a, b) for line in lines for a, b in pairwise(line)], axis=0)
        image[:] = np.clip((random.uniform(0.05, 0.13) - far) * side / 2 + 0.5, 0, 1).reshape(image.shape)
    return _halved(images)


def silhouettes(random: np.random.Generator, labels: NDArray[np.int64], side: int) -> F32:
    """An outline of five harmonics for every class, in its own grey, under a grating of its own pitch."""
    law = np.random.default_rng(7)
    harmonics, waves = np.arange(1, 6), law.normal(0, 0.16, (CLASSES, 2, 5)) / np.sqrt(np.arange(1, 6))
    greys = law.uniform(0.3, 1, (CLASSES, 2))
    x, y = _grid(2 * side, 1.0).T
    images = np.empty((len(labels), 2 * side, 2 * side), np.float32)
    for image, label in zip(images, labels):
        right, down = random.normal(0, 0.07, 2)
        angle, radius = np.arctan2(y - down, x - right), np.hypot(y, x)
        cosines, sines = waves[label] + random.normal(0, 0.05, (2, 5))
        turns = angle[:, None] * harmonics
        outline = 0.64 * (1 + np.cos(turns) @ cosines + np.sin(turns) @ sines)
        pitch, phase = 28 * greys[label, 1], random.uniform(0, 6)
        grey = greys[label, 0] * random.uniform(0.7, 1.2) + 0.15 * np.sin(x * pitch + phase)
        image[:] = np.clip(np.clip((outline - radius) * side + 0.5, 0, 1) * grey, 0, 1).reshape(image.shape)
    return _halved(images)


def scenes(random: np.random.Generator, labels: NDArray[np.int64], side: int) -> F32:
    """A smooth pattern for every class, at any strength, under smooth disturbances of three lengths."""
    patterns = smooth_noise(np.random.default_rng(7), CLASSES, (28, 28), 4.0)
    at = ((np.arange(2 * side) + 0.5) * 28 / (2 * side)).astype(int)
    images = 0.16 * random.uniform(0.5, 1.5, (len(labels), 1, 1)) * patterns[labels][:, at][:, :, at]
    for length in (0.04, 0.12, 0.3):
        images = images + 0.07 * smooth_noise(random, len(labels), images.shape[1:], length * 2 * side)
    return _halved(np.clip(images + random.normal(0.5, 0.1, (len(labels), 1, 1)), 0, 1).astype(np.float32))


LAWS: dict[str, Draw] = {"strokes": strokes, "silhouettes": silhouettes, "scenes": scenes}


def pictures(name: str, side: int, train: int = 10_000, test: int = 2_000, seed: int = 0) -> DataSet:
    """Balanced images of the law `name` at this side, in no order."""
    random = np.random.default_rng(seed)
    labels = random.permutation(np.arange(train + test) % CLASSES)
    images = LAWS[name](random, labels, side).reshape(len(labels), -1)
    return DataSet(images[:train], labels[:train], images[train:], labels[train:])


def _grid(points: int, reach: float) -> F64:
    """Places (points^2, 2) as (x, y), in the middle of their cells, on the square from -reach to reach."""
    line = ((np.arange(points) + 0.5) / points * 2 - 1) * reach
    return np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)


def _far(grid: F64, start: F64, end: F64) -> F64:
    """Distance of each place from the piece of a line."""
    along = end - start
    share = np.clip((grid - start) @ along / max(along @ along, 1e-9), 0, 1)
    return np.linalg.norm(grid - start - share[:, None] * along, axis=1)


def _halved(images: F32) -> F32:
    count, points, _ = images.shape
    return images.reshape(count, points // 2, 2, points // 2, 2).mean(axis=(2, 4))
