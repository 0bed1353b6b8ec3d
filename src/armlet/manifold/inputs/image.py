"""`image`: smooth, sparse, non-negative random fields in patches under a centre window, where the network is decisive.

Assumes pictures of something bright on a dark ground, near the middle or where the first layer shows that there was
light. `fields` is the law before the network chooses among its draws.
Lengths are shares of the image's side, so the law means the same at every resolution.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.manifold.inputs.decisive import decisive
from armlet.manifold.inputs.law import stretched
from armlet.manifold.inputs.smooth import smooth_noise
from armlet.manifold.inputs.support import support
from armlet.network.network import F32, Network

_BATCH = 4096  # inputs kept at once, so that memory holds no more candidates than a few times these


@dataclass(frozen=True, slots=True)
class FieldLaw:
    """How the fields vary from one to the next."""

    scales: tuple[float, ...] = (0.0286, 0.0429, 0.0643, 0.0929)  # correlation lengths, in sides
    thresholds: tuple[float, float] = (0.2, 1.6)  # in standard deviations: what lies below is dark
    gains: tuple[float, float] = (1.0, 4.0)  # per standard deviation above the threshold
    patches: tuple[float, ...] = (0.1, 0.15, 0.2, 0.25)  # correlation lengths of where a field may be bright, in sides
    coverings: tuple[float, float] = (-0.8, 1.0)  # thresholds of these, in standard deviations
    edge: float = 4.0  # gain at the edge of a patch
    window: float = 0.43  # half width of the bright region, in sides


FIELDS = FieldLaw()
CANDIDATES = 8  # fields drawn for each one kept


def image(network: Network, count: int, seed: int) -> F32:
    """The fields on which the network is most decisive, (count, inputs)."""
    random = _random(network, seed)
    parts = [decisive(network, _some(network, random, n * CANDIDATES), n) for n in _sizes(count)]
    return np.concatenate(parts)


def fields(network: Network, count: int, seed: int) -> F32:
    """Smooth sparse non-negative fields, (count, inputs)."""
    random = _random(network, seed)
    return np.concatenate([_some(network, random, n) for n in _sizes(count)])


def _random(network: Network, seed: int) -> np.random.Generator:
    if len(network.shape) != 2:
        raise InputError("--inputs", f"image needs rows and columns, the network's shape is {network.shape}")
    return np.random.default_rng(seed)


def _sizes(count: int) -> list[int]:
    return [min(_BATCH, count - at) for at in range(0, count, _BATCH)] or [0]


def _some(network: Network, random: np.random.Generator, count: int) -> F32:
    window = _window(network.shape, FIELDS.window)
    either = random.random((count, 1, 1)) < 0.5  # neither guess of where light falls is safe alone
    light = np.where(either, np.maximum(window, support(network)), window)
    share = _fields(random, count, network.shape, FIELDS) * light
    return stretched(network.domain, share.reshape(count, network.inputs))


def _fields(random: np.random.Generator, count: int, shape: tuple[int, ...], law: FieldLaw) -> NDArray[np.float32]:
    threshold, gain, covering = (
        random.uniform(*ends, (count, 1, 1)).astype(np.float32) for ends in (law.thresholds, law.gains, law.coverings)
    )
    bright = (_noise(random, count, shape, law.scales) - threshold) * gain
    patch = (random.permutation(_noise(random, count, shape, law.patches)) - covering) * law.edge
    return np.clip(np.minimum(bright, patch), 0, 1)


def _noise(
    random: np.random.Generator, count: int, shape: tuple[int, ...], scales: tuple[float, ...]
) -> NDArray[np.float32]:
    """Smooth fields, an equal share of each scale, (count, *shape)."""
    shares = np.diff(np.linspace(0, count, len(scales) + 1).round().astype(int))
    return np.concatenate([smooth_noise(random, n, shape, s * max(shape)) for n, s in zip(shares, scales)])


def _window(shape: tuple[int, ...], half_width: float) -> NDArray[np.float32]:
    """One in the middle, falling to zero at the edges; flat within."""
    rows, columns = ((np.arange(n) - (n - 1) / 2) / (half_width * n) for n in shape)
    return np.exp(-((rows[:, None] ** 2 + columns**2) ** 2)).astype(np.float32)
