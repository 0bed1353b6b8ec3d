"""What builds of a network would come to, by prices measured for each connection: an order of size, not a promise.

In integers by the table of integer/price.py, each weight by its class; those of a network in real numbers rounded to
int8, neuron by neuron. In float32 by what networks cost that `armlet sparsify` left (docs/figures.md). How far builds
lay from it: docs/models.md.
"""

import numpy as np

from armlet.inspect.channels import Flow
from armlet.inspect.inspection import Estimate
from armlet.integer.formats import I64
from armlet.integer.network import IntegerNetwork
from armlet.integer.price import PRICES, Price
from armlet.network.frozen import F64
from armlet.network.network import Network

SPARSITIES = (0.0, 0.8, 0.9, 0.95)
_FLOAT32_CYCLES = (3.2, 3.55, 3.8, 4.05)  # of a connection at these sparsities; fewer share a value's load
_FLOAT32_BYTES = (12.2, 13.4, 14.0, 14.5)
_COPY = 7  # bytes for each input that NAME_run copies, of programs in integers
_INT8 = 127


def estimates_of(network: Network | IntegerNetwork, flow: Flow) -> tuple[Estimate, ...]:
    """For every priced target and arithmetic that suits the network, at its own sparsity and at `SPARSITIES`."""
    own = network.sparsity
    levels = [(share, False, round((1 - share) * network.weights)) for share in SPARSITIES]
    levels = [(own, True, sum(flow.computed)), *levels]
    weights = _in_int8(network)
    inputs = int(flow.is_read[0].sum())
    found = list[Estimate]()
    for (target, arithmetic), ways in sorted(PRICES.items(), key=lambda each: each[0][1]):  # float32 first
        if arithmetic == "float32" and isinstance(network, IntegerNetwork):
            continue
        for share, is_own, connections in levels:
            cycles, size = _float32(share) if arithmetic == "float32" else _integers(ways, weights)
            flash = size * connections + (0 if arithmetic == "float32" else _COPY * inputs)
            figures = connections, round(cycles * connections), round(flash)
            found.append(Estimate(target, arithmetic, share, is_own, *figures))
    return tuple(found)


def _float32(sparsity: float) -> tuple[float, float]:
    """Cycles and bytes of a connection."""
    cycles, size = (float(np.interp(sparsity, SPARSITIES, each)) for each in (_FLOAT32_CYCLES, _FLOAT32_BYTES))
    return cycles, size


def _integers(ways: tuple[Price, ...], weights: I64) -> tuple[float, float]:
    """Cycles and bytes of a connection, the mean over the weights, in the fastest way to write them all."""
    if not weights.size:
        return 0.0, 0.0
    means = [tuple(float(each.mean()) for each in way.of(weights)) for way in ways]
    cycles, size = min(means)
    return cycles, size


def _in_int8(network: Network | IntegerNetwork) -> I64:
    """All weights that are not zero, in whole steps."""
    if isinstance(network, IntegerNetwork):
        return np.concatenate([layer.weight[layer.weight != 0].astype(np.int64) for layer in network.dense])
    return np.concatenate([_steps(np.abs(layer.weight.astype(np.float64))) for layer in network.dense])


def _steps(size: F64) -> I64:
    """Sizes of weights (neurons, inputs) in steps of a 127th of the neuron's largest, one at least."""
    largest = size.max(axis=1, keepdims=True)
    steps = np.rint(_INT8 * size / np.where(largest > 0, largest, 1.0)).astype(np.int64)
    return np.maximum(steps, 1)[size > 0]
