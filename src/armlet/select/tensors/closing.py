"""From sums to stored values: what stands behind the last weight of a body."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from armlet.errors import CapacityError
from armlet.integer.formats import INT8
from armlet.integer.layers import IntegerDense
from armlet.integer.requantise import Multiplier, Shift
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.network.activation import Activation
from armlet.select.integer.writer import Writer
from armlet.tensors.layout import LIFT, UPPER

FIELD = 1 << UPPER - 1  # what the sum of lane 0 has more where it may be anything that 24 bits hold
_ROOM = 32 - UPPER  # bits that a word has beside the field
_MOST_START = 1 << 30  # that a product of 31 bits may be added to
_TRIED = 1 << 12  # what lane 0 may have more, of which the best is taken
_MOST_SHIFT = 22  # that leaves room for a byte and the half of the last place
CLAMPED = (Activation.LINEAR, Activation.RELU, Activation.RELU6)  # those that the clamp is


@dataclass(frozen=True, slots=True)
class Scaling:
    """stored = saturated(((sum * factor) >> 32) + start >> shift), or what a factor that rounds twice makes of it.

    That one takes twice the sum, so that its product is rounded at 2^-31 of the sum, halves up, which is what
    SaturatingRoundingDoublingHighMul of TensorFlow Lite gives. RoundingDivideByPOT then rounds halves away from 0: that
    is one less where the product is negative, if it is seen at all.
    """

    factor: int  # 0: none, as for a shift
    shift: int
    start: int  # the half of the last place, and the zero
    low: int
    high: int
    twice: bool = False
    is_signed: bool = False  # whether values below the zero are stored


def scaling_of(layer: IntegerDense, neuron: int, place: str) -> Scaling:
    """How the sums of a neuron become what it stores. Raises `CapacityError` where that takes more than a clamp."""
    if layer.stored is not INT8 or layer.activation not in CLAMPED:
        raise CapacityError(f"{place}: {layer.activation.value} in {layer.stored.name} is not written for tensors yet")
    ends = int(layer.low[neuron]), int(layer.high[neuron])
    if isinstance(layer.requantisation, Multiplier):
        by = layer.requantisation
        return multiplied(int(by.multiplier[neuron]), int(by.exponent[neuron]), by.once, layer.zero, ends, place)
    assert isinstance(layer.requantisation, Shift)
    shift = int(layer.requantisation.shift[neuron])
    return Scaling(0, shift, layer.zero << shift, *ends)


def multiplied(multiplier: int, exponent: int, once: bool, zero: int, ends: tuple[int, int], place: str) -> Scaling:
    """The scaling by a multiplier of 31 bits. Raises `CapacityError` where it has too little or too much to shift."""
    shift = -exponent - 1 if once else -exponent
    if not (multiplier and 1 <= shift <= _MOST_SHIFT):
        told = f"2^{exponent}" if multiplier else "0"
        raise CapacityError(f"{place}: a multiplier of {told} is not written for tensors yet")
    start = (1 << shift - 1) + (zero << shift)
    return Scaling(multiplier, shift, start, *ends, not once, not once and ends[0] < zero)


@dataclass(frozen=True, slots=True)
class Lanes:
    """How both sums of a long number are stored.

    The upper sum is scaled as it is. The lower one has `lift` more, so that it is not below 0, and fills a word, 2^8
    times as large, when it is scaled; the scaling leaves out eight bits more. What it has more is taken off again by
    `less`, or, where a factor makes nearly a whole number of it, in what is added behind the product.
    """

    lower: Scaling
    upper: Scaling
    lift: int
    less: int  # 0: nothing is taken off
    is_field: bool = False  # whether the lower sum is scaled as it is, too
    is_single: bool = False  # whether the scaling wants twice the sum, and the sum is there once


@cache
def lanes_of(scaling: Scaling, times: int, ends: tuple[int, int]) -> Lanes:
    """Of sums that are taken `times`, where the lower one lies between two ends, times counted."""
    is_single, room = scaling.twice and times == 1, _ROOM - (scaling.twice and times == 1)
    by, start = scaling.shift + room, (scaling.start + (LIFT << scaling.shift) << room) + (scaling.twice << room >> 1)
    if scaling.is_signed or by > 31 or abs(start) >= _MOST_START:
        raised = replace(scaling, start=scaling.start + (LIFT << scaling.shift))
        return Lanes(raised, scaling, FIELD, FIELD, True, is_single)
    lower = replace(scaling, shift=by, start=start, twice=False)
    lift = _unseen(lower, ends) if scaling.factor else None
    if lift is None:
        return Lanes(lower, scaling, FIELD, FIELD << _ROOM, is_single=is_single)
    lower = replace(lower, start=start - (lift * scaling.factor >> UPPER))
    return Lanes(lower, scaling, lift, 0, is_single=is_single)


def _unseen(scaling: Scaling, ends: tuple[int, int]) -> int | None:
    """What a sum may have more without a trace, but for a whole number: so near to one that no step moves.

    A product p of the factor, in units of 2^-24, is stored as p + start >> shift. With a rest more, it goes beyond a
    step where a product lies within that rest below it.
    """
    first, last = -ends[0], FIELD - 1 - ends[1]
    if last < first:
        return None
    lifts = np.arange(first, min(last, first + _TRIED) + 1, dtype=np.int64)
    rests = lifts * scaling.factor & (1 << UPPER) - 1
    best = int(np.argmin(rests))
    steps = (np.arange(1, 1 << _ROOM, dtype=np.int64) << scaling.shift) - scaling.start << UPPER
    return None if ((steps - 1) % scaling.factor < rests[best]).any() else int(lifts[best])


def write_lanes(
    writer: Writer, lanes: Lanes, pair: tuple[int, int], constants: tuple[int, int, int], raised: bool
) -> None:
    """A word of both values in the low register of a pair that holds their sums, 2^8 times as large where `raised`.

    `constants` are the registers of the factor, and of what the lower and the upper product are given.
    """
    (low, high), (factor, lower, upper) = pair, constants
    if not raised:
        writer.add(Does.LEFT, high, high, by=_ROOM)
        writer.add(Does.OR_RIGHT, high, high, low, by=UPPER)
    if lanes.is_field:
        writer.add(*((Does.RIGHT, low, low, 0, _ROOM) if raised else (Does.UNSIGNED_FIELD, low, low, 0, UPPER)))
    elif not raised:
        writer.add(Does.LEFT, low, low, by=_ROOM)
    if lanes.less:
        writer.add(Does.LESS_NUMBER, low, low, number=lanes.less)
    if lanes.is_single:
        for register in (low, high) if lanes.is_field else (high,):
            writer.add(Does.LEFT, register, register, by=1)
    write_scaled(writer, lanes.lower, low, factor, lower, lifted=True)
    write_scaled(writer, lanes.upper, high, factor, upper, lifted=False)
    writer.add(Does.OR_LEFT, low, low, high, by=UPPER)


def write_scaled(writer: Writer, scaling: Scaling, register: int, factor: int, start: int, lifted: bool) -> None:
    """The sum in a register as it is stored: with 128 more in eight bits where `lifted`, else with its sign.

    `factor` and `start` are the registers that hold those of the scaling, `start` with 128 more where `lifted`. Of a
    factor that rounds twice the register holds twice the sum.
    """
    by = scaling.shift
    if scaling.is_signed:
        writer.add(Does.MULTIPLY_HIGH, register, register, factor)
        writer.add(Does.ADD_SIGN, register, register)
        writer.add(Does.ADD, register, register, start)
    elif scaling.factor:
        op = Does.MULTIPLY_HIGH_ADD if scaling.twice else Does.MULTIPLY_UPPER_ADD
        writer.add(op, register, register, factor, e=start)
    clamp, saturate = (Does.CLAMP, Does.SATURATE) if lifted else (Does.CLAMP_SIGNED, Does.SATURATE_SIGNED)
    writer.add(clamp if by else saturate, register, register, by=by, number=8)
    write_clamp(writer, register, (scaling.low, scaling.high), LIFT if lifted else 0)


def write_clamp(writer: Writer, register: int, ends: tuple[int, int], lift: int) -> None:
    """A byte in a register, which has `lift` more than the value, between the ends of the value."""
    for end, beyond, op in (
        (ends[0], ends[0] > INT8.low, Does.POSITIVE),
        (ends[1], ends[1] < INT8.high, Does.NEGATIVE),
    ):
        if beyond:
            add_signed(writer, register, -(end + lift))
            writer.add(op, register, register)
            add_signed(writer, register, end + lift)


def add_signed(writer: Writer, register: int, number: int) -> None:
    """register := register + number, which an instruction holds."""
    if number:
        op = Does.ADD_NUMBER if number > 0 else Does.SUBTRACT_NUMBER
        writer.add(op, register, register, number=abs(number))
