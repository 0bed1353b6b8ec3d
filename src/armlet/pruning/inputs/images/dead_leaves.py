"""`dead_leaves`: overlapping shapes of power-law sizes, as natural images are, of which the decisive ones are kept.

Opaque shapes that cover each other give edges, flat regions and statistics without a scale, as photographs have them
(Matheron, 1968; Lee, Mumford, Huang, Int. J. Comput. Vis. 41, 2001). Here shapes are ellipses and boxes with slight
shading; their colours are alike within an image and between channels; a little pink noise lies over all.
Mathematics: docs/mathematics.md, section 6.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.network.shapes import Shape
from armlet.pruning.inputs.images.decisive import decisive_sample
from armlet.pruning.inputs.sampler import scale_to

CANDIDATES = 3  # images drawn for each one kept
_AT_ONCE = 1 << 25  # values of candidates held at once: 128 MB
_PAINTED = 1 << 18  # pixels of the images that are painted together: they stay in the processor's cache


@dataclass(frozen=True, slots=True)
class LeafDistribution:
    """The ranges that images and their shapes are drawn from; lengths are shares of the longer side."""

    shapes: tuple[int, int] = (8, 40)  # in an image
    smallest: float = 0.047  # radius: 1.5 pixels of 32
    largest: float = 0.5  # the radius is smallest + largest u^2: many small ones, few large
    beyond: float = 0.125  # the frame, where centres may lie
    flattest: float = 0.3  # of the axes
    ellipses: float = 0.6  # share of the shapes; the others are boxes
    brightness: tuple[float, float] = (0.1, 0.9)  # of an image
    contrast: float = 0.25  # deviation of the shapes' brightness from it
    colour: float = 0.12  # deviation of a channel from the shape's brightness
    shading: float = 0.32  # deviation of the slope of brightness in a shape, per side
    texture: float = 0.06  # the largest deviation of the pink noise


LEAVES = LeafDistribution()


class _Leaves(NamedTuple):
    """One shape in each of several images, each (images, 1, 1) but for the colour."""

    centre: tuple[F32, F32]
    axes: tuple[F32, F32]
    turn: tuple[F32, F32]  # cosine, sine
    is_ellipse: NDArray[np.bool_]
    colour: F32  # (images, channels)
    shading: tuple[F32, F32]


def dead_leaves(network: Network, count: int, seed: int) -> F32:
    """Draw images, the network's most decisive ones of each class, (count, inputs). Raises `InputError`."""
    if len(network.shape) < 2 or min(network.shape[-2:]) < 2:
        problem = f"dead_leaves needs rows and columns, of channels or not, the network's shape is {network.shape}"
        raise InputError("--inputs", problem)
    random = np.random.default_rng(seed)
    most = max(64, _AT_ONCE // (CANDIDATES * network.inputs))
    sizes = [min(most, count - at) for at in range(0, count, most)]
    return np.concatenate([_kept(network, random, size) for size in sizes or [0]])


def _kept(network: Network, random: np.random.Generator, count: int) -> F32:
    height, width = network.shape[-2:]
    images = draw_leaves(random, count * CANDIDATES, (network.inputs // (height * width), height, width))
    raw = scale_to(network.domain, images.reshape(len(images), network.inputs))
    return raw[random.permutation(decisive_sample(network, raw, count))]


def draw_leaves(random: np.random.Generator, count: int, shape: Shape, of: LeafDistribution = LEAVES) -> F32:
    """Draw images in [0, 1], (count, channels, height, width)."""
    step = max(1, _PAINTED // (shape[1] * shape[2]))
    parts = [_painted(random, min(step, count - at), shape, of) for at in range(0, count, step)]
    return np.concatenate([np.empty((0, *shape), np.float32), *parts])


def _painted(random: np.random.Generator, count: int, shape: Shape, of: LeafDistribution) -> F32:
    channels, height, width = shape
    side = max(height, width)
    y, x = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)
    images = np.empty((count, channels, height, width), np.float32)
    images[:] = random.random((count, channels, 1, 1), dtype=np.float32)
    base, many = random.uniform(*of.brightness, (count, 1)), random.integers(of.shapes[0], of.shapes[1], count)
    for number in range(of.shapes[1]):
        some = np.flatnonzero(many > number)
        if len(some):
            _paint(images, some, _leaves(random, base[some], shape, of), y, x, side)
    images += random.uniform(0, of.texture, (count, 1, 1, 1)).astype(np.float32) * _pink(random, images.shape)
    return np.clip(images, 0, 1, out=images)


def _leaves(random: np.random.Generator, base: NDArray[np.float64], shape: Shape, of: LeafDistribution) -> _Leaves:
    count, (channels, height, width) = len(base), shape
    side, at = max(height, width), (count, 1, 1)
    radius = side * (of.smallest + of.largest * random.random(at) ** 2)
    margin = of.beyond * side
    centre = random.uniform(-margin, height + margin, at), random.uniform(-margin, width + margin, at)
    turn, flat = random.uniform(0, np.pi, at), random.uniform(of.flattest, 1, at)
    brightness = np.clip(base + of.contrast * random.standard_normal((count, 1)), 0, 1)
    colour = np.clip(brightness + of.colour * random.standard_normal((count, channels)), 0, 1)
    slopes = of.shading / side * random.standard_normal((2, *at))
    return _Leaves(
        (_single(centre[0]), _single(centre[1])),
        (_single(radius), _single(radius * flat)),
        (_single(np.cos(turn)), _single(np.sin(turn))),
        random.random(at) < of.ellipses,
        _single(colour),
        (_single(slopes[0]), _single(slopes[1])),
    )


def _paint(images: F32, some: NDArray[np.int64], leaves: _Leaves, y: F32, x: F32, side: int) -> None:
    """Paint one shape over each of some images, in place."""
    (cos, sin), down, right = leaves.turn, y - leaves.centre[0], x - leaves.centre[1]
    along, across = right * cos + down * sin, down * cos - right * sin
    u, v = np.abs(along) / leaves.axes[0], np.abs(across) / leaves.axes[1]
    inside = np.where(leaves.is_ellipse, u * u + v * v, np.maximum(u, v)) < 1
    image, row, column = np.nonzero(inside)
    shade = (leaves.shading[0] * along + leaves.shading[1] * across)[inside]
    images[some[image], :, row, column] = leaves.colour[image] + shade[:, None]


def _pink(random: np.random.Generator, shape: tuple[int, ...]) -> F32:
    """Noise whose amplitude falls as one over the frequency, of variance 1 in each image."""
    height, width = shape[-2:]
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    frequency[0, 0] = 1 / max(height, width)
    white = np.fft.rfft2(random.standard_normal(shape, dtype=np.float32))
    noise = np.fft.irfft2(white / frequency, shape[-2:])
    noise -= noise.mean(axis=(1, 2, 3), keepdims=True)
    return _single(noise / noise.std(axis=(1, 2, 3), keepdims=True))


def _single(values: NDArray[np.floating]) -> F32:
    return values.astype(np.float32)
