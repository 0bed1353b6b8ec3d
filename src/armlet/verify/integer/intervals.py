"""That no sum can overflow, worked out again from the network alone: what the manifest's intervals must say.

Shares nothing with what the compiler made them by but the definition of a layer's storing.
"""

from collections.abc import Iterator

import numpy as np

from armlet.build.integer.manifest import IntervalEntry, signed_bits
from armlet.integer.interpret import store
from armlet.integer.network import IntegerNetwork

_BITS = 32


def intervals_disagreement(network: IntegerNetwork, declared: list[IntervalEntry]) -> str:
    """The first layer of which the manifest says another thing, or a sum that needs more than 32 bits."""
    wanted = list(_intervals(network))
    if len(declared) != len(wanted):
        return f"{len(declared)} layers are declared, the network has {len(wanted)}"
    for said, true in zip(declared, wanted):
        if said != true:
            return f"layer {true.layer} is declared {said}, must be {true}"
        if true.bits > _BITS:
            return f"layer {true.layer} has sums of {true.bits} bits"
    return ""


def _intervals(network: IntegerNetwork) -> Iterator[IntervalEntry]:
    low, high = network.input_ends
    for number, layer in enumerate(network.dense):
        weight, bias = layer.weight.astype(np.int64), layer.bias.astype(np.int64)
        least = np.where(weight > 0, weight * low, weight * high).sum(axis=1) + bias
        greatest = np.where(weight > 0, weight * high, weight * low).sum(axis=1) + bias
        both = np.stack([store(layer, end[np.newaxis])[0] for end in (least, greatest)])  # no activation falls
        low, high = both.min(axis=0), both.max(axis=0)
        ends = int(least.min()), int(greatest.max())
        yield IntervalEntry(
            layer=number,
            neurons=layer.neurons,
            connections=int((weight != 0).sum()),
            least=ends[0],
            greatest=ends[1],
            bits=max(map(signed_bits, ends)),
            low=int(low.min()),
            high=int(high.max()),
        )
