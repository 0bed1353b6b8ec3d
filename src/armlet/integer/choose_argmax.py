"""Gives a network in integers an argmax: whole factors that stand for the scales of its outputs.

Where scales are whole multiples of the least one and all fits, scores are exact. Otherwise as many bits of values and
of factors are kept as fit: what is left out is at most half a unit of a value and of a factor.
"""

from dataclasses import replace

import numpy as np

from armlet.errors import InputError
from armlet.integer.argmax import LARGEST_FACTOR, Argmax
from armlet.integer.bounds import output_bounds
from armlet.integer.formats import I64
from armlet.integer.network import IntegerNetwork
from armlet.network.frozen import F64

_EXACT = 1e-12  # relative, of a ratio that is whole


def with_argmax(network: IntegerNetwork) -> IntegerNetwork:
    """The network with the number of its largest output in place of the outputs; itself where it has one.

    Raises `InputError` where it has one output, or no scores fit 32 bits.
    """
    if network.argmax is not None:
        return network
    if network.outputs < 2:
        raise InputError("argmax", "is of two outputs or more, the network has one", "leave --outputs argmax out")
    last = output_bounds(network)
    return replace(network, argmax=_chosen(network, last.low, last.high))


def _chosen(network: IntegerNetwork, low: I64, high: I64) -> Argmax:
    scale, zero = network.output_scale, network.output_zero.astype(np.int64)
    ratio = scale / scale.min()
    whole = np.rint(ratio)
    if (np.abs(whole / ratio - 1) < _EXACT).all() and whole.max() <= LARGEST_FACTOR:
        alike = (zero == zero[0]).all() and (whole == 1).all()  # then no offset changes the order
        exact = Argmax(whole.astype(np.int64), np.zeros_like(zero) if alike else -zero, 0)
        if not exact.obstacle(low, high):
            return exact
    fitting = [made for shift in range(32) if (made := _finest(scale, zero, shift, low, high)) is not None]
    if not fitting:
        least, most = int(low.min()), int(high.max())
        problem = f"has outputs from {least} to {most} at scales from {scale.min():.3g} to {scale.max():.3g}"
        raise InputError("argmax", f"{problem}, whose scores fit no 32 bits", "store outputs as int16 or int8")
    return min(fitting, key=lambda made: _error(made, scale, zero, low, high))


def _finest(scale: F64, zero: I64, shift: int, low: I64, high: I64) -> Argmax | None:
    """The largest factors that fit after this shift; None where none do."""
    offset = (1 << shift >> 1) - zero
    for bits in range(LARGEST_FACTOR.bit_length(), 0, -1):
        factor = np.rint(scale / scale.max() * ((1 << bits) - 1)).astype(np.int64)
        if factor.min() < 1:
            return None
        made = Argmax(factor, offset, shift)
        if not made.obstacle(low, high):
            return made
    return None


def _error(made: Argmax, scale: F64, zero: I64, low: I64, high: I64) -> float:
    """The most by which a score may be off, as a real number."""
    unit = float(scale.max() / made.factor[np.argmax(scale)])
    size = np.maximum(abs(low - zero), abs(high - zero))
    rounded = made.factor * unit * (1 << made.shift) / 2 if made.shift else 0.0
    return float(np.max(rounded + abs(made.factor * unit - scale) * size))
