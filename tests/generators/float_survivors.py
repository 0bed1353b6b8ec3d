"""A convolution of random survivors in float32, with its bias and a ReLU: what figures speak of."""

import numpy as np

from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Conv, Depthwise
from armlet.network.network import Network
from armlet.network.shapes import Shape


def float_survivor_convolution(
    shape: Shape, outputs: int, size: int, sparsity: float, depthwise: bool = False, seed: int = 1
) -> Network:
    """A window of `size` rows and columns over planes that keep their extents; weights are removed at random."""
    random, side = np.random.default_rng(seed), size // 2
    channels = (outputs,) if depthwise else (outputs, shape[0])
    weight = random.standard_normal((*channels, size, size)) * np.sqrt(2 / (size**2 * (1 if depthwise else shape[0])))
    weight.ravel()[random.permutation(weight.size)[: round(sparsity * weight.size)]] = 0
    bias, kind = random.standard_normal(outputs) * 0.05, Depthwise if depthwise else Conv
    layer = kind(weight.astype(np.float32), bias.astype(np.float32), Activation.RELU, padding=(side, side, side, side))
    return Network((layer,), InputDomain.uniform(int(np.prod(shape))), shape)
