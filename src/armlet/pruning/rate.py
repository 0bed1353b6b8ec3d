"""The rate of the first fine-tuning: what was asked for, else as fast as the curvature of the network allows.

A step of Adam moves each weight by about the rate, in root mean squares of its layer. With signs that know nothing of
each other this moves d^2 by rate^2 times the sum of unit^2 G_ii, which is large in networks of many weights that serve
many positions, and more so where a batch normalisation was folded in. Mathematics: docs/mathematics.md, section 5.
"""

import jax
import jax.numpy as jnp
import numpy as np

from armlet.network.network import Network
from armlet.pruning.fine_tune import units_of
from armlet.pruning.geometry.curvature import curvature
from armlet.pruning.geometry.functional import masks_of, point_of
from armlet.pruning.options import DENSE, SparsifyOptions
from armlet.pruning.reference import ReferenceInputs

MOVED = 0.02  # d that a step of random signs may move the dense network by: what 0.04 does to LeNet-300-100
_ROWS = 512  # inputs that are enough for a sum over all weights


def first_rate(network: Network, inputs: ReferenceInputs, options: SparsifyOptions) -> float:
    """The rate in root mean squares of a layer's weights, at most that of dense layers in a chain."""
    asked, usual = options.effort(not inputs.shape.architecture.is_chain).rate, DENSE.rate
    if asked is not None:
        return asked
    assert usual is not None
    return min(usual, MOVED / stiffness(network, inputs, jax.random.key(options.seed)))


def stiffness(network: Network, inputs: ReferenceInputs, key: jax.Array) -> float:
    """How far a step of random signs moves the dense network, in d for each unit of the rate."""
    scoring, point, masks = inputs.scoring, point_of(network), masks_of(network)
    some = scoring._replace(x=scoring.x[:_ROWS], dense=scoring.dense[:_ROWS])
    found = curvature(point, some, key, inputs.shape)
    layers = zip(found, masks, units_of(point, masks), strict=True)
    moved = [unit**2 * (jnp.sum(felt.weight * mask) + jnp.sum(felt.bias)) for felt, mask, unit in layers]
    return float(np.sqrt(sum(map(float, moved)))) + 1e-12
