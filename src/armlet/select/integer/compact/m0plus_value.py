"""From a sum to the value that is stored, in loops of Cortex-M0+: scaled back, activated, clamped.

Without a saturating instruction a number is kept from falling below 0 by a mask of its sign. A value is made less its
least one, so that 0 is its lower end; what that takes away, and the zero point, is in the bias that the table holds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.integer.formats import INT32
from armlet.integer.layers import SLOPE_BITS
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.network.activation import Activation
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.m0plus.constants import write_constant
from armlet.select.integer.writer import Writer

_SMALL = 256
_SHORT = 1 << 23


@dataclass(frozen=True, slots=True)
class ValueOf:
    """How the values of a layer come of its sums."""

    task: LayerTask
    folds: bool  # whether zero point and least value are in the bias
    below: bool  # whether a value may be less than its least one before the clamp
    above: bool


def value_of(task: LayerTask) -> ValueOf:
    """What the proven intervals of sums leave to be done."""
    layer, bounds, shift = task.layer, task.bounds, task.shift
    if layer.activation is Activation.LEAKY_RELU or layer.requantisation is None:
        return ValueOf(task, False, True, True)
    gone = layer.zero - layer.low.astype(np.int64) << shift
    ends = bounds.sum_low + gone, bounds.sum_high + gone
    folds = bool(all((end >= INT32.low).all() and (end <= INT32.high).all() for end in ends))
    folds &= bool((abs(layer.bias + gone) < _SHORT).all())  # a bias has one word with its trips
    below = bounds.sum_low >> shift < layer.low - layer.zero
    above = bounds.sum_high >> shift > layer.high - layer.zero
    return ValueOf(task, folds, bool(below.any()), bool(above.any()))


def start_of(task: LayerTask, value: ValueOf) -> NDArray[np.int64]:
    """What sums begin with, (neurons,)."""
    layer = task.layer
    gone = layer.zero - layer.low.astype(np.int64) << task.shift
    return layer.bias.astype(np.int64) + (gone if value.folds else 0)


def write_value(writer: Writer, value: ValueOf, neuron: int, a: int, spare: tuple[int, int]) -> None:
    """Make of the sum in register a what neurons like this one store; all registers are low."""
    layer, shift = value.task.layer, int(value.task.shift[neuron])
    if layer.requantisation is None:
        return
    low, high = int(layer.low[neuron]), int(layer.high[neuron])
    if shift:
        writer.add(Does.RIGHT_SIGNED, a, a, by=shift)
    if layer.activation is Activation.LEAKY_RELU:
        _leak(writer, layer.slope, a, spare)
    if not value.folds:
        _plus(writer, a, layer.zero - low, spare[0])
    if value.below:
        _not_below_zero(writer, a, spare[0])
    if value.above:
        top, sign = spare
        write_constant(writer, top, high - low)
        writer.add(Does.SUBTRACT, a, top, a)
        _not_below_zero(writer, a, sign)
        writer.add(Does.SUBTRACT, a, top, a)
    _plus(writer, a, low, spare[0])


def _leak(writer: Writer, slope: int, a: int, spare: tuple[int, int]) -> None:
    """a := its positive part, and its negative part times the slope."""
    sign, below = spare
    writer.add(Does.RIGHT_SIGNED, sign, a, by=31)
    writer.add(Does.MOVE, below, a)
    writer.add(Does.AND_TO, below, sign)
    writer.add(Does.CLEAR_TO, a, sign)
    write_constant(writer, sign, slope)
    writer.add(Does.MULTIPLY_TO, below, sign)
    writer.add(Does.RIGHT_SIGNED, below, below, by=SLOPE_BITS)
    writer.add(Does.ADD, a, a, below)


def _not_below_zero(writer: Writer, a: int, sign: int) -> None:
    writer.add(Does.RIGHT_SIGNED, sign, a, by=31)
    writer.add(Does.CLEAR_TO, a, sign)


def _plus(writer: Writer, a: int, number: int, spare: int) -> None:
    """a := a + number."""
    if abs(number) >= _SMALL:
        write_constant(writer, spare, number)
        writer.add(Does.ADD, a, a, spare)
    elif number:
        writer.add(Does.ADD_SMALL if number > 0 else Does.SUBTRACT_SMALL, a, number=abs(number))
