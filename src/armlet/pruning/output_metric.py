"""Choose the output metric if the user does not: by whether outputs are scores of classes or separate values.

Mathematics: docs/mathematics.md, section 2.
"""

import numpy as np

from armlet.network.activation import Activation
from armlet.network.evaluate import last_activation
from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.network.outputs import OutputKind
from armlet.pruning.geometry.functional import outputs
from armlet.pruning.geometry.metric import OutputMetric, deviations
from armlet.pruning.inputs.sampler import Sampler

MOST_UNEQUAL = 32.0  # largest over smallest deviation of outputs that are scores; at most 10 was observed
FEW_OUTPUTS = 4  # outputs that are each measured in their own spread, whatever their kind: docs/sparsify.md
MOST_CORRELATED = 0.5  # mean correlation of two outputs that are scores, since classes compete
_SCORING = (Activation.LINEAR, Activation.SIGMOID)
_DRAWN = 2048


def default_metric(network: Network, sampler: Sampler) -> OutputMetric:
    """`tempered` for scores of more than `FEW_OUTPUTS` classes, else `values`."""
    if network.outputs <= FEW_OUTPUTS:
        return OutputMetric.VALUES
    kind = network.output or output_kind(network, sampler)
    return OutputMetric.TEMPERED if kind is OutputKind.SCORES else OutputMetric.VALUES


def output_kind(network: Network, sampler: Sampler) -> OutputKind:
    """Guess the kind of the outputs: scores are several, fewer than the inputs, and vary alike but not together."""
    last = last_activation(network.layers, network.sources)
    if not 1 < network.outputs < network.inputs or last not in _SCORING:
        return OutputKind.VALUES
    with np.errstate(over="ignore", invalid="ignore"):
        drawn = outputs(network, sampler(network, _DRAWN, 0))
    return OutputKind.SCORES if _vary_alike(drawn) and _compete(drawn) else OutputKind.VALUES


def _vary_alike(drawn: F32) -> bool:
    deviation, _ = deviations(drawn)
    varying = deviation[deviation > 0]
    return len(varying) == 0 or bool(varying.max() <= MOST_UNEQUAL * varying.min())


def _compete(drawn: F32) -> bool:
    deviation, _ = deviations(drawn)
    centred = (drawn - drawn.mean(axis=0, dtype=np.float64))[:, deviation > 0] / deviation[deviation > 0]
    count = centred.shape[1]
    if count < 2:
        return True
    together = (np.mean(centred.sum(axis=1) ** 2) - count) / (count * (count - 1))
    return bool(together <= MOST_CORRELATED)
