"""`wide`: inputs of which nobody said anything, drawn at every level and scale that the first layer could mean.

A unit of the first layer turns at a hyperplane, and training leaves hyperplanes where they divide the data. The point
nearest to them all is a centre, and how far they lie from the origin a unit of length. Neither is safe, so each draw
has a scale of its own, log-uniform over more than a decade, and a place of its own between the origin and beyond the
centre. What varies is noise, a smooth curve and a level that all inputs share, in shares of each draw's own.
Mathematics: docs/mathematics.md, section 6.
"""

from dataclasses import dataclass

import numpy as np

from armlet.manifold.inputs.law import inside
from armlet.manifold.inputs.smooth import smooth_curves
from armlet.network.frozen import F32, F64
from armlet.network.network import Network

SCALES = (0.1, 2.0)  # standard deviations of a draw, in units
PLACES = (0.0, 1.2)  # where a draw lies, 0 at the origin and 1 at the centre
RIDGE = 0.05  # of the centre's equations, in means of their diagonal: directions that no hyperplane tells of stay at 0
SLIGHT = 1e-3  # of the largest unit's weights: a unit below it tells nothing


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
    """The centre and the unit that the first layer shows; the origin and 1 where it shows nothing."""
    weight = network.layers[0].weight.astype(np.float64)
    size = np.linalg.norm(weight, axis=1)
    told = size > SLIGHT * size.max()
    if not told.any():
        return Kinks(np.zeros(network.inputs), 1.0)
    normal, offset = weight[told] / size[told, None], network.layers[0].bias[told] / size[told]
    ridge = RIDGE * len(normal) / network.inputs
    centre = np.linalg.solve(normal.T @ normal + ridge * np.eye(network.inputs), -normal.T @ offset)
    return Kinks(centre, max(1.0, float(np.sqrt((offset**2).mean() / network.inputs))))


def is_guessed(network: Network, model: str) -> bool:
    """Whether `model` draws at a scale that hyperplanes show, perhaps badly: those of slight units lie anywhere."""
    return model == "wide" and not network.domain.is_declared and kinks(network).unit > 1


def nearest(network: Network, x: F32) -> F32:
    """The half of the rows (samples, inputs) that lie nearest to the centre."""
    away = ((x - kinks(network).centre) ** 2).sum(axis=1)
    return x[np.argsort(away, kind="stable")[: max(2, len(x) // 2)]]


def wide(network: Network, count: int, seed: int) -> F32:
    """Inputs of every likely level and scale, (count, inputs); clipped where intervals are declared."""
    random = np.random.default_rng(seed)
    shown = kinks(network)
    low, high = np.log(SCALES)
    scale = shown.unit * np.exp(random.uniform(low, high, (count, 1)))
    noise, curve, level = np.sqrt(random.dirichlet(np.ones(3), count)).T[:, :, None]
    varying = noise * random.standard_normal((count, network.inputs))
    varying += curve * smooth_curves(random, count, network.inputs) + level * random.standard_normal((count, 1))
    drawn = scale * varying + random.uniform(*PLACES, (count, 1)) * shown.centre
    return inside(network.domain, network.domain.mean + network.domain.std * random.permutation(drawn))
