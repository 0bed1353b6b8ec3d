"""The values of a network in integers as exact forms: what every program for it must make."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from armlet.errors import InputError
from armlet.integer.formats import INT32
from armlet.integer.forms.linear import Linear, add_part
from armlet.integer.forms.unknowns import Unknowns
from armlet.integer.layers import SLOPE_BITS, IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier, Shift
from armlet.network.activation import Activation

_POINT = 31  # bits behind the point of a multiplier
_ROUND = 30  # the place of half a unit


@dataclass(frozen=True, slots=True)
class DeclaredLayer:
    """The sum of each neuron, and what it stores."""

    sums: tuple[Linear, ...]
    stored: tuple[Linear, ...]


def input_forms(network: IntegerNetwork, unknowns: Unknowns) -> tuple[Linear, ...]:
    """Each input as an unknown in its declared interval."""
    ends = zip(*(end.tolist() for end in network.input_ends))
    return tuple(
        Linear(low) if low == high else Linear(0, {unknowns.given("input", i, (low, high)): 1})
        for i, (low, high) in enumerate(ends)
    )


def declared_layers(network: IntegerNetwork, unknowns: Unknowns) -> tuple[DeclaredLayer, ...]:
    """All layers on the declared inputs. Raises `InputError` where a sum does not fit 32 bits."""
    values, found = input_forms(network, unknowns), list[DeclaredLayer]()
    for i, layer in enumerate(network.dense):
        sums = tuple(_sum(layer, neuron, values) for neuron in range(layer.neurons))
        values = tuple(stored_form(layer, k, a, unknowns, f"layer {i}, neuron {k}") for k, a in enumerate(sums))
        found.append(DeclaredLayer(sums, values))
    return tuple(found)


def declared_results(network: IntegerNetwork, outputs: Sequence[Linear], unknowns: Unknowns) -> tuple[Linear, ...]:
    """What a program gives: the outputs, or the number of the largest, in the lowest bits of the largest key."""
    argmax = network.argmax
    if argmax is None:
        return tuple(outputs)
    largest: Linear | None = None
    for number, (output, factor, offset) in enumerate(zip(outputs, argmax.factor.tolist(), argmax.offset.tolist())):
        score = unknowns.floor(output.plus(offset), argmax.shift).times(factor)
        key = score.times(1 << argmax.bits).plus(-number)
        largest = key if largest is None else unknowns.greatest(key, largest)
    assert largest is not None
    return (unknowns.residue(largest.times(-1), argmax.bits, False),)


def _sum(layer: IntegerDense, neuron: int, values: Sequence[Linear]) -> Linear:
    constant, parts = int(layer.bias[neuron]), dict[int, int]()
    for source in np.flatnonzero(layer.weight[neuron]).tolist():
        weight, value = int(layer.weight[neuron, source]), values[source]
        constant += weight * value.constant
        for unknown, coefficient in value.parts.items():
            add_part(parts, unknown, weight * coefficient)
    return Linear(constant, parts)


def stored_form(layer: IntegerDense, neuron: int, total: Linear, unknowns: Unknowns, place: str) -> Linear:
    """What a neuron stores for its sum. Raises `InputError` where that does not fit 32 bits."""
    _check(total, unknowns, place)
    match layer.requantisation:
        case None:
            return total
        case Shift(shift):
            scaled = unknowns.floor(total, int(shift[neuron]))
        case Multiplier(multiplier, exponent, once):
            up, down = max(int(exponent[neuron]), 0), max(-int(exponent[neuron]), 0)
            moved = total.times(1 << up)
            _check(moved, unknowns, place)
            product, half = moved.times(int(multiplier[neuron])), 1 << _ROUND
            if once:
                scaled = unknowns.floor(product.plus(half << down), _POINT + down)
            else:
                scaled = _rounded(product.plus(half), down, unknowns)
    low, high = int(layer.low[neuron]), int(layer.high[neuron])
    return unknowns.clip(_activated(layer, scaled, unknowns).plus(layer.zero), low, high)


def _activated(layer: IntegerDense, scaled: Linear, unknowns: Unknowns) -> Linear:
    low, high = unknowns.interval(scaled)
    match layer.activation:
        case Activation.LEAKY_RELU:
            above = unknowns.clip(scaled, 0, max(0, high))
            below = unknowns.clip(scaled, min(low, 0), 0)
            return above.add(unknowns.floor(below.times(layer.slope), SLOPE_BITS))
        case Activation.SIGMOID | Activation.TANH:
            assert layer.table is not None
            index = unknowns.clip(scaled, -128, 127)
            first, last = unknowns.interval(index)
            return unknowns.lookup(index, layer.table[first + 128 : last + 129].tolist()).plus(-layer.zero)
        case _:
            return scaled  # the clamp is the activation


def _rounded(product: Linear, bits: int, unknowns: Unknowns) -> Linear:
    """a / 2^bits to the nearest, halves away from zero, where a is product / 2^31 rounded down.

    That is half a unit more, and one less where a is negative, rounded down. Where its sign is known, all is one
    division.
    """
    a = unknowns.floor(product, _POINT)
    if bits == 0:
        return a
    sign = unknowns.floor(a, _POINT)
    if sign.parts:
        return unknowns.floor(a.add(sign).plus(1 << bits - 1), bits)
    return unknowns.floor(product.plus(sign.constant + (1 << bits - 1) << _POINT), _POINT + bits)


def _check(total: Linear, unknowns: Unknowns, place: str) -> None:
    low, high = unknowns.interval(total)
    if low < INT32.low or high > INT32.high:
        raise InputError(place, f"has sums from {low} to {high}, beyond 32 bits", "scale it down")
