"""The ends of what each layer sums up, by the ends of the values that it takes: what a manifest says of it."""

from collections.abc import Iterator

import numpy as np

from armlet.build.integer.manifest import IntervalEntry, signed_bits
from armlet.integer.formats import INT32
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerLayer, IntegerPool, body_of
from armlet.integer.network import IntegerNetwork

_Ends = tuple[int, int]


def tensor_intervals(network: IntegerNetwork) -> list[IntervalEntry]:
    """One entry for each layer of weights."""
    return [*_intervals(network)]


def _intervals(network: IntegerNetwork) -> Iterator[IntervalEntry]:
    low, high = network.input_ends
    ends: list[_Ends] = [(int(low.min()), int(high.max()))]
    for number, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        taken = ends[sources[0]]
        body = body_of(layer)
        least, greatest = (0, 0) if body is None else _sums(layer, body, taken, ends[sources[-1]])
        ends.append(_stored(layer, taken, (least, greatest)))
        if body is not None:
            bits, connections = max(map(signed_bits, (least, greatest))), int(np.count_nonzero(body.weight))
            yield IntervalEntry(number, body.neurons, connections, least, greatest, bits, *ends[-1])


def _sums(layer: IntegerLayer, body: IntegerDense, taken: _Ends, other: _Ends) -> _Ends:
    """The ends of the sums of all neurons, what lies in the padding being taken too, and a residual of `other`."""
    border = [layer.border] if isinstance(layer, IntegerConv) and any(layer.padding) else []
    low, high = min(*taken, *border), max(*taken, *border)
    weight, bias = body.weight.astype(np.int64), body.bias.astype(np.int64)
    up, down = np.maximum(weight, 0).sum(axis=1), np.minimum(weight, 0).sum(axis=1)
    least, most = up * low + down * high + bias, up * high + down * low + bias
    if isinstance(layer, IntegerConv) and layer.residual is not None:
        one, two = (layer.residual.astype(np.int64) * end for end in other)
        least, most = least + np.minimum(one, two), most + np.maximum(one, two)
    return int(least.min()), int(most.max())


def _stored(layer: IntegerLayer, taken: _Ends, sums: _Ends) -> _Ends:
    """The ends of what a layer stores."""
    match layer:
        case IntegerConv(body) | (IntegerDense() as body):
            if body.requantisation is None:
                return max(sums[0], INT32.low), min(sums[1], INT32.high)
            return int(body.low.min()), int(body.high.max())
        case IntegerPool(low=low, high=high, scaling=None):
            return max(taken[0], low), min(taken[1], high)
        case IntegerPool(low=low, high=high):
            return low, high
        case IntegerAdd(low=low, high=high):
            return low, high
        case _:
            return taken
