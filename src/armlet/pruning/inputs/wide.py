"""`wide`: undeclared inputs, drawn at every level and scale that the first layer suggests.

A unit of the first layer switches at a hyperplane, and training leaves hyperplanes where they divide the data. The
point nearest to all of them is taken as the centre of the data, and their distance from the origin as the unit of
length. Neither is certain. So each draw has its own scale, log-uniform over more than a decade, and its own position
between the origin and beyond the centre. It is a sum of noise, a smooth curve and a level that all inputs share, in
random shares.
Mathematics: docs/mathematics.md, section 6.
"""

from dataclasses import dataclass

import numpy as np

from armlet.network.frozen import F32, F64
from armlet.network.network import Network
from armlet.pruning.geometry.architecture import require_dense
from armlet.pruning.inputs.sampler import clip_to
from armlet.pruning.inputs.smooth import smooth_curves

SCALES = (0.1, 2.0)  # standard deviations of a draw, in units
POSITIONS = (0.0, 1.2)  # of a draw: 0 at the origin, 1 at the centre
RIDGE = 0.05  # of the centre's equations, in means of their diagonal: without hyperplanes a direction stays at 0
SMALLEST_UNIT = 1e-3  # of the largest unit's norm: units below it are ignored


@dataclass(frozen=True, slots=True, eq=False)
class Hyperplanes:
    """The location of the first layer's hyperplanes, in normalised inputs."""

    centre: F64  # (inputs,), the point nearest to all of them
    unit: float  # their distance from the origin per input, root mean square; at least 1

    @property
    def largest(self) -> float:
        """The largest standard deviation of a draw."""
        return SCALES[1] * self.unit


def hyperplanes(network: Network) -> Hyperplanes:
    """Estimate centre and unit from the first layer; the origin and 1 if all its weights are zero."""
    require_dense(network, "--inputs wide", "reads the first of dense layers in a chain", "declare the intervals")
    weight = network.dense[0].weight.astype(np.float64)
    size = np.linalg.norm(weight, axis=1)
    used = size > SMALLEST_UNIT * size.max()
    if not used.any():
        return Hyperplanes(np.zeros(network.inputs), 1.0)
    normal, offset = weight[used] / size[used, None], network.dense[0].bias[used] / size[used]
    ridge = RIDGE * len(normal) / network.inputs
    centre = np.linalg.solve(normal.T @ normal + ridge * np.eye(network.inputs), -normal.T @ offset)
    return Hyperplanes(centre, max(1.0, float(np.sqrt((offset**2).mean() / network.inputs))))


def scale_is_guessed(network: Network, model: str) -> bool:
    """Whether `model` draws at a scale estimated from hyperplanes, which those of small units may distort."""
    return model == "wide" and not network.domain.is_declared and hyperplanes(network).unit > 1


def nearest_half(network: Network, x: F32) -> F32:
    """The half of the rows (samples, inputs) nearest to the centre."""
    away = ((x - hyperplanes(network).centre) ** 2).sum(axis=1)
    return x[np.argsort(away, kind="stable")[: max(2, len(x) // 2)]]


def wide(network: Network, count: int, seed: int) -> F32:
    """Draw inputs of every likely level and scale, (count, inputs), clipped to declared intervals."""
    random = np.random.default_rng(seed)
    found = hyperplanes(network)
    low, high = np.log(SCALES)
    scale = found.unit * np.exp(random.uniform(low, high, (count, 1)))
    noise, curve, level = np.sqrt(random.dirichlet(np.ones(3), count)).T[:, :, None]
    varying = noise * random.standard_normal((count, network.inputs))
    varying += curve * smooth_curves(random, count, network.inputs) + level * random.standard_normal((count, 1))
    drawn = scale * varying + random.uniform(*POSITIONS, (count, 1)) * found.centre
    return clip_to(network.domain, network.domain.mean + network.domain.std * random.permutation(drawn))
