"""Networks whose survivors stand at random places: the hardest case for order and layout, the same on every machine.

He-initialised ReLU perceptrons, pruned by magnitude per layer and rescaled to keep the signal.
"""

from itertools import pairwise

import numpy as np

from armlet.network.domain import InputDomain
from armlet.network.network import Network, multilayer_perceptron

WIDTHS = {
    "196-10-10-10": (196, 10, 10, 10),
    "784-40-20-10": (784, 40, 20, 10),
    "784-300-100-10": (784, 300, 100, 10),
}
SPARSITIES = (0.0, 0.8, 0.9, 0.95)


def survivors(widths: tuple[int, ...], sparsity: float, seed: int = 1) -> Network:
    """The network of these widths with this part of each layer's weights removed."""
    rng = np.random.default_rng(seed)
    weights: list[np.ndarray] = []
    biases: list[np.ndarray] = []
    for fan_in, fan_out in pairwise(widths):
        weight = rng.standard_normal((fan_out, fan_in)) * np.sqrt(2.0 / fan_in)
        biases.append(rng.standard_normal(fan_out) * 0.05)
        weights.append(_pruned(weight, sparsity))
    return multilayer_perceptron([*weights], [*biases], InputDomain.uniform(widths[0]))


def _pruned(weight: np.ndarray, sparsity: float) -> np.ndarray:
    if not sparsity:
        return weight
    kept = round(weight.size * (1 - sparsity))
    norm = np.linalg.norm(weight)
    weight = weight * (np.abs(weight) >= np.sort(np.abs(weight).ravel())[-kept])
    return weight * (norm / np.linalg.norm(weight))
