"""`image`: random fields on which the network has large margins.

Assumes what `fields` assumes, and that the network is confident on inputs like those of training.
"""

import numpy as np

from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.pruning.inputs.images.fields import batches, draw_fields, generator
from armlet.pruning.inputs.images.margin_sampling import margin_sample

CANDIDATES = 8  # fields drawn for each one kept


def image(network: Network, count: int, seed: int) -> F32:
    """Draw the fields with the network's largest margins, (count, inputs)."""
    random = generator(network, seed)
    parts = batches(network, count, CANDIDATES)
    return np.concatenate([margin_sample(network, draw_fields(network, random, n * CANDIDATES), n) for n in parts])
