"""Stores values between layers without a sign: 128 more, which the next layer's biases take away again.

Words of unsigned bytes are what products by shifts are cheapest from. All sums stay as they are.
"""

from dataclasses import replace

import numpy as np

from armlet.integer.formats import INT8, INT32, UINT8
from armlet.integer.network import IntegerNetwork

_LIFT = UINT8.high - INT8.high


def without_sign(network: IntegerNetwork, number: int) -> IntegerNetwork | None:
    """A network with the same outputs whose layer `number` stores uint8; None where it stores no int8 for another."""
    if number + 1 >= len(network.dense) or network.dense[number].stored is not INT8:
        return None
    layer, after = network.dense[number : number + 2]
    bias = after.bias - _LIFT * after.weight.astype(np.int64).sum(axis=1)
    if bias.min() < INT32.low or bias.max() > INT32.high:
        return None
    lifted = replace(
        layer,
        stored=UINT8,
        low=layer.low + _LIFT,
        high=layer.high + _LIFT,
        zero=layer.zero + _LIFT,
        table=None if layer.table is None else layer.table + _LIFT,
    )
    layers = *network.dense[:number], lifted, replace(after, bias=bias), *network.dense[number + 2 :]
    return replace(network, layers=layers)
