"""That no sum can overflow, worked out again from the network alone: what the manifest's intervals must say.

Shares nothing with what the compiler made them by. Every value of a tensor is taken to lie between the ends of all.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from armlet.build.integer.manifest import IntervalEntry, signed_bits
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerPool
from armlet.integer.network import IntegerNetwork

_BITS = 32


def tensor_intervals_disagreement(network: IntegerNetwork, declared: list[IntervalEntry]) -> str:
    """The first layer of which the manifest says another thing, or a sum that needs more than 32 bits."""
    wanted = list(_intervals(network))
    if len(declared) != len(wanted):
        return f"{len(declared)} layers are declared, the network has {len(wanted)} of weights"
    for said, true in zip(declared, wanted):
        if said != true:
            return f"layer {true.layer} is declared {said}, must be {true}"
        if true.bits > _BITS:
            return f"layer {true.layer} has sums of {true.bits} bits"
    return ""


def _intervals(network: IntegerNetwork) -> Iterator[IntervalEntry]:
    ends = [(int(network.input_ends[0].min()), int(network.input_ends[1].max()))]
    for number, (layer, taken) in enumerate(zip(network.layers, network.sources)):
        low, high = ends[taken[0]]
        match layer:
            case IntegerDense():
                found = _entry(number, layer, low, high)
            case IntegerConv(body, padding=padding, border=border, residual=residual):
                outside = (border,) if any(padding) else ()
                times = np.zeros(len(body.bias), int) if residual is None else residual.astype(int)
                more = times[:, None] * np.array(ends[taken[-1]])
                found = _entry(number, body, min(low, *outside, high), max(low, *outside, high), more)
            case IntegerPool(scaling=None):
                ends.append((max(low, layer.low), min(high, layer.high)))
                continue
            case IntegerPool() | IntegerAdd():
                ends.append((layer.low, layer.high))
                continue
            case _:
                ends.append((low, high))
                continue
        ends.append((found.low, found.high))
        yield found


def _entry(number: int, body: IntegerDense, low: int, high: int, more: ArrayLike = 0) -> IntervalEntry:
    """Of sums on values between both ends, to each of which `more` is added, one thing or another."""
    weight, bias = body.weight.astype(np.int64), body.bias.astype(np.int64)
    added = np.broadcast_to(np.asarray(more), (len(bias), 2))
    least = int((np.where(weight > 0, weight * low, weight * high).sum(axis=1) + bias + added.min(axis=1)).min())
    greatest = int((np.where(weight > 0, weight * high, weight * low).sum(axis=1) + bias + added.max(axis=1)).max())
    stored = (least, greatest) if body.requantisation is None else (int(body.low.min()), int(body.high.max()))
    return IntervalEntry(
        layer=number,
        neurons=len(bias),
        connections=int((weight != 0).sum()),
        least=least,
        greatest=greatest,
        bits=max(signed_bits(least), signed_bits(greatest)),
        low=stored[0],
        high=stored[1],
    )
