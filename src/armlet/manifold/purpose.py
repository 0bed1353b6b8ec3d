"""What a network's outputs are for, where nobody says: scores of classes, or values, each a quantity of its own.

Mathematics: docs/mathematics.md, section 2.
"""

import numpy as np

from armlet.manifold.functional import outputs
from armlet.manifold.inputs.law import Law
from armlet.manifold.metric import OutputMetric, deviations
from armlet.network.activation import Activation
from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.network.outputs import OutputKind

UNEQUAL = 32.0  # largest over smallest deviation of outputs that are scores: at most 10 where it was seen
FEW = 4  # outputs that are all kept, whatever they are for: docs/sparsify.md
TOGETHER = 0.5  # mean correlation of two outputs: scores of classes compete
_SCORING = (Activation.LINEAR, Activation.SIGMOID)
_DRAWN = 2048


def default_metric(network: Network, law: Law) -> OutputMetric:
    """How to weigh differences when nobody says: by what is likely for scores of many classes, else each by itself."""
    if network.outputs <= FEW:
        return OutputMetric.VALUES
    kind = network.output or purpose(network, law)
    return OutputMetric.TEMPERED if kind is OutputKind.SCORES else OutputMetric.VALUES


def purpose(network: Network, law: Law) -> OutputKind:
    """What the outputs look like: scores are fewer than inputs, more than one, vary alike and compete; else values."""
    if not 1 < network.outputs < network.inputs or network.layers[-1].activation not in _SCORING:
        return OutputKind.VALUES
    with np.errstate(over="ignore", invalid="ignore"):
        drawn = outputs(network, law(network, _DRAWN, 0))
    return OutputKind.SCORES if _vary_alike(drawn) and _compete(drawn) else OutputKind.VALUES


def _vary_alike(drawn: F32) -> bool:
    deviation, _ = deviations(drawn)
    varying = deviation[deviation > 0]
    return len(varying) == 0 or bool(varying.max() <= UNEQUAL * varying.min())


def _compete(drawn: F32) -> bool:
    deviation, _ = deviations(drawn)
    centred = (drawn - drawn.mean(axis=0, dtype=np.float64))[:, deviation > 0] / deviation[deviation > 0]
    count = centred.shape[1]
    if count < 2:
        return True
    together = (np.mean(centred.sum(axis=1) ** 2) - count) / (count * (count - 1))
    return bool(together <= TOGETHER)
