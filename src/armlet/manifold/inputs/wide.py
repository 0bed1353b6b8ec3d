"""`wide`: inputs of which nobody said anything, drawn at every level and scale that the first layer could mean.

A unit of the first layer turns at a hyperplane, and training leaves hyperplanes where they divide the data. The point
nearest to them all is a centre, and how far they lie from the origin a unit of length. Neither is safe, so each draw has
its own scale, from a twentieth of the largest to all of it, and its own level between the origin and beyond the centre.
Mathematics: docs/mathematics.md, section 6.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.manifold.inputs.law import inside
from armlet.manifold.inputs.smooth import smooth_noise
from armlet.network.frozen import F32, F64
from armlet.network.network import Network

SCALES = (0.1, 2.0)
LEVELS = (0.0, 1.2)
LENGTHS = 8
RIDGE = 0.05
LEAST = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Kinks:
    """Where the first layer's hyperplanes lie, in its own inputs (after normalisation)."""

    centre: F64  # (inputs,), the point nearest to them all
    unit: float  # how far they lie from the origin, an input; 1 at least

    @property
    def largest(self) -> float:
        """The largest standard deviation of a draw."""
        return SCALES[1] * self.unit


def kinks(network: Network) -> Kinks:
    weight = network.layers[0].weight.astype(np.float64)
    size = np.linalg.norm(weight, axis=1)
    seen = size > LEAST * size.max(initial=0.0)
    if not seen.any():
        return Kinks(np.zeros(network.inputs), 1.0)
    normal, offset = weight[seen] / size[seen, None], network.layers[0].bias[seen] / size[seen]
    ridge = RIDGE * len(normal) / network.inputs
    centre = np.linalg.solve(normal.T @ normal + ridge * np.eye(network.inputs), -normal.T @ offset)
    return Kinks(centre, max(1.0, float(np.sqrt((offset**2).mean() / network.inputs))))


def wide(network: Network, count: int, seed: int) -> F32:
    random = np.random.default_rng(seed)
    shown = kinks(network)
    low, high = np.log(SCALES)
    scale = shown.unit * np.exp(random.uniform(low, high, (count, 1)))
    share = random.random((count, 1))
    deviation = np.sqrt(share) * random.standard_normal((count, network.inputs)) + np.sqrt(1 - share) * _curves(random, count, network.inputs)
    z = scale * deviation + shown.centre * random.uniform(*LEVELS, (count, 1))
    return inside(network.domain, network.domain.mean + network.domain.std * random.permutation(z))


def _curves(random: np.random.Generator, count: int, inputs: int) -> NDArray[np.float32]:
    scales = np.geomspace(0.5, max(inputs, 2), LENGTHS)
    shares = np.diff(np.linspace(0, count, LENGTHS + 1).round().astype(int))
    return np.concatenate([smooth_noise(random, n, (inputs,), s) for n, s in zip(shares, scales)])
