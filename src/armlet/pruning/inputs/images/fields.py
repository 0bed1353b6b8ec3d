"""`fields`: smooth, sparse, non-negative random fields in patches, from which `image` takes some.

Assumes pictures of bright things on a dark background, near the middle or where the first layer shows brightness.
Lengths are shares of the image's side. A small image is the mean of a finer one, as a camera sees it: lengths below a
pixel are blurred, so the distribution means the same at every resolution.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.pruning.inputs.images.brightness_prior import brightness_priors
from armlet.pruning.inputs.sampler import scale_to
from armlet.pruning.inputs.smooth import smooth_noise

_AT_ONCE = 1 << 24  # values of fields drawn at once: 64 MB


@dataclass(frozen=True, slots=True)
class FieldDistribution:
    """The ranges that the parameters of a field are drawn from."""

    scales: tuple[float, ...] = (0.0286, 0.0429, 0.0643, 0.0929, 0.14, 0.2)  # correlation lengths, in sides
    thresholds: tuple[float, float] = (0.2, 1.6)  # in standard deviations: what lies below is dark
    gains: tuple[float, float] = (1.0, 4.0)  # per standard deviation above the threshold
    patches: tuple[float, ...] = (0.1, 0.15, 0.2, 0.25)  # correlation lengths of where a field may be bright, in sides
    coverings: tuple[float, float] = (-0.8, 1.0)  # thresholds of these, in standard deviations
    edge: float = 4.0  # gain at the edge of a patch
    fine: int = 28  # least number of points a side that a field is drawn on: the shortest scale spans 0.8 of them


FIELDS = FieldDistribution()


def fields(network: Network, count: int, seed: int) -> F32:
    """Draw smooth sparse non-negative fields, (count, inputs)."""
    random = generator(network, seed)
    return np.concatenate([draw_fields(network, random, n) for n in batches(network, count)])


def generator(network: Network, seed: int) -> np.random.Generator:
    """A random generator for fields. Raises `InputError` for a network whose inputs are no grid."""
    if len(network.shape) != 2:
        raise InputError("--inputs", f"image needs rows and columns, the network's shape is {network.shape}")
    return np.random.default_rng(seed)


def batches(network: Network, count: int, each: int = 1) -> list[int]:
    """Split `count` so that `each` times as many fields fit into bounded memory, with at least 64 in a part."""
    rows, columns = (n * _finer(network.shape) for n in network.shape)
    most = max(64, _AT_ONCE // (rows * columns * each))
    return [min(most, count - at) for at in range(0, count, most)] or [0]


def draw_fields(network: Network, random: np.random.Generator, count: int) -> F32:
    """Draw the next `count` fields, (count, inputs), half of them under each of the two brightness priors."""
    window, wide = brightness_priors(network)
    brightness = np.where(random.random((count, 1, 1)) < 0.5, wide, window)
    share = _fields(random, count, network.shape, FIELDS) * brightness
    return scale_to(network.domain, share.reshape(count, network.inputs))


def _fields(
    random: np.random.Generator, count: int, shape: tuple[int, ...], distribution: FieldDistribution
) -> NDArray[np.float32]:
    threshold, gain, covering = (
        random.uniform(*ends, (count, 1, 1)).astype(np.float32)
        for ends in (distribution.thresholds, distribution.gains, distribution.coverings)
    )
    times = _finer(shape)
    rows, columns = shape
    finer = rows * times, columns * times
    bright = (_noise(random, count, finer, distribution.scales) - threshold) * gain
    patch = (random.permutation(_noise(random, count, finer, distribution.patches)) - covering) * distribution.edge
    field = np.clip(np.minimum(bright, patch), 0, 1)
    return field.reshape(count, rows, times, columns, times).mean(axis=(2, 4))


def _finer(shape: tuple[int, ...]) -> int:
    """The number of points along a pixel's side that a field is drawn on."""
    return -(-FIELDS.fine // max(shape))


def _noise(
    random: np.random.Generator, count: int, shape: tuple[int, ...], scales: tuple[float, ...]
) -> NDArray[np.float32]:
    """Smooth noise, an equal share of each scale, (count, *shape)."""
    shares = np.diff(np.linspace(0, count, len(scales) + 1).round().astype(int))
    return np.concatenate([smooth_noise(random, n, shape, s * max(shape)) for n, s in zip(shares, scales)])
