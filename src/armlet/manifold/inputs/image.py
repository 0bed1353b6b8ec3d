"""`image`: random fields on which the network is decisive.

Assumes what `fields` assumes, and that confidence marks what training has seen.
"""

import numpy as np

from armlet.manifold.inputs.decisive import decisive
from armlet.manifold.inputs.fields import batches, draw, generator
from armlet.network.frozen import F32
from armlet.network.network import Network

CANDIDATES = 8  # fields drawn for each one kept


def image(network: Network, count: int, seed: int) -> F32:
    """The fields on which the network is most decisive, (count, inputs)."""
    random = generator(network, seed)
    parts = batches(network, count, CANDIDATES)
    return np.concatenate([decisive(network, draw(network, random, n * CANDIDATES), n) for n in parts])
