"""`fields`: smooth, sparse, non-negative random fields in patches, where light may fall: what `image` chooses from.

Assumes pictures of something bright on a dark ground, near the middle or where the first layer shows that there was
light. Lengths are shares of the image's side. A small image is the mean of a finer one, as a camera sees: lengths
below a pixel blur there instead of flickering, so the law means the same at every resolution.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.manifold.inputs.law import stretched
from armlet.manifold.inputs.light import lights
from armlet.manifold.inputs.smooth import smooth_noise
from armlet.network.frozen import F32
from armlet.network.network import Network

_AT_ONCE = 1 << 24  # values of fields drawn at once: 64 MB


@dataclass(frozen=True, slots=True)
class FieldLaw:
    """How the fields vary from one to the next."""

    scales: tuple[float, ...] = (0.0286, 0.0429, 0.0643, 0.0929, 0.14, 0.2)  # correlation lengths, in sides
    thresholds: tuple[float, float] = (0.2, 1.6)  # in standard deviations: what lies below is dark
    gains: tuple[float, float] = (1.0, 4.0)  # per standard deviation above the threshold
    patches: tuple[float, ...] = (0.1, 0.15, 0.2, 0.25)  # correlation lengths of where a field may be bright, in sides
    coverings: tuple[float, float] = (-0.8, 1.0)  # thresholds of these, in standard deviations
    edge: float = 4.0  # gain at the edge of a patch
    fine: int = 28  # points a side, at least, that a field is drawn on: the shortest scale spans 0.8 of them


FIELDS = FieldLaw()


def fields(network: Network, count: int, seed: int) -> F32:
    """Smooth sparse non-negative fields, (count, inputs)."""
    random = generator(network, seed)
    return np.concatenate([draw(network, random, n) for n in batches(network, count)])


def generator(network: Network, seed: int) -> np.random.Generator:
    """Randomness for fields. Raises `InputError` for a network whose inputs are no grid."""
    if len(network.shape) != 2:
        raise InputError("--inputs", f"image needs rows and columns, the network's shape is {network.shape}")
    return np.random.default_rng(seed)


def batches(network: Network, count: int, each: int = 1) -> list[int]:
    """`count` in parts of which `each` times as many fields are drawn in bounded memory, (at least 64 in a part)."""
    rows, columns = (n * _finer(network.shape) for n in network.shape)
    most = max(64, _AT_ONCE // (rows * columns * each))
    return [min(most, count - at) for at in range(0, count, most)] or [0]


def draw(network: Network, random: np.random.Generator, count: int) -> F32:
    """The next `count` fields, (count, inputs), half of them in each of the two lights."""
    window, wide = lights(network)
    light = np.where(random.random((count, 1, 1)) < 0.5, wide, window)
    share = _fields(random, count, network.shape, FIELDS) * light
    return stretched(network.domain, share.reshape(count, network.inputs))


def _fields(random: np.random.Generator, count: int, shape: tuple[int, ...], law: FieldLaw) -> NDArray[np.float32]:
    threshold, gain, covering = (
        random.uniform(*ends, (count, 1, 1)).astype(np.float32) for ends in (law.thresholds, law.gains, law.coverings)
    )
    times = _finer(shape)
    rows, columns = shape
    finer = rows * times, columns * times
    bright = (_noise(random, count, finer, law.scales) - threshold) * gain
    patch = (random.permutation(_noise(random, count, finer, law.patches)) - covering) * law.edge
    field = np.clip(np.minimum(bright, patch), 0, 1)
    return field.reshape(count, rows, times, columns, times).mean(axis=(2, 4))


def _finer(shape: tuple[int, ...]) -> int:
    """Points along a pixel's side that a field is drawn on."""
    return -(-FIELDS.fine // max(shape))


def _noise(
    random: np.random.Generator, count: int, shape: tuple[int, ...], scales: tuple[float, ...]
) -> NDArray[np.float32]:
    """Smooth fields, an equal share of each scale, (count, *shape)."""
    shares = np.diff(np.linspace(0, count, len(scales) + 1).round().astype(int))
    return np.concatenate([smooth_noise(random, n, shape, s * max(shape)) for n, s in zip(shares, scales)])
