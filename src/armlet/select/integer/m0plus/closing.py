"""Ends a sum on Cortex-M0+: adds the bias, takes the field out, scales it back, applies the activation, stores.

Without a saturating instruction a value is kept from falling below 0 by a mask of its sign. To keep it below its
greatest value, that minus the value is made of the sum at once: the constant that the bias is anyway has both in it.
What a sum's proven interval makes needless is left out.
"""

from dataclasses import dataclass
from typing import NamedTuple

from armlet.integer.network import SLOPE_BITS
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.network.activation import Activation
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.m0plus.constants import write_constant
from armlet.select.integer.m0plus.products import FIELD
from armlet.select.integer.m0plus.walk import Draft, Store
from armlet.select.integer.writer import LOW

_ABOVE = 32 - FIELD  # bits that are not of the sum
_SMALL = 256
_STORES = {1: Does.STORE_BYTE, 2: Does.STORE_HALF, 4: Does.STORE}


class Ends(NamedTuple):
    """How the value of a neuron comes of its scaled sum v: all without the zero point, which is added at last."""

    low: int  # the least v that is kept
    high: int  # the greatest
    zero: int
    below: bool  # whether v may be less than `low`
    above: bool
    falls: bool  # high - v is made of the sum
    less: int  # otherwise v - less is


def ends_of(task: LayerTask, neuron: int) -> Ends:
    """What keeps the value of a neuron between its ends."""
    layer, bounds, shift = task.layer, task.bounds, int(task.shift[neuron])
    zero = layer.zero
    low, high = int(layer.low[neuron]) - zero, int(layer.high[neuron]) - zero
    if layer.requantisation is None:
        return Ends(low, high, 0, False, False, False, 0)
    if layer.activation is Activation.LEAKY_RELU:
        return Ends(low, high, zero, True, True, False, 0)
    least, most = int(bounds.sum_low[neuron]), int(bounds.sum_high[neuron])
    below, above = least >> shift < low, most >> shift > high
    top = (high + 1 << shift) - 1
    if above:
        return Ends(low, high, zero, below, True, _fits(top - most, top - least), 0)
    less = low if below else -zero
    gone = less << shift
    return Ends(low, high, zero, below, False, False, less if _fits(least - gone, most - gone) else 0)


def _fits(low: int, high: int) -> bool:
    return low >= -(1 << FIELD - 1) and high < 1 << FIELD - 1


@dataclass(frozen=True, slots=True)
class Close:
    """A neuron's sum in register a, turned where `sign` is -1; u and t are free low registers."""

    draft: Draft
    task: LayerTask
    neuron: int
    a: int
    sign: int
    u: int
    t: int

    def write(self, is_empty: bool) -> None:
        """All lines; the accumulator `is_empty` where the neuron has no connection."""
        task, neuron = self.task, self.neuron
        bias, shift, ends = int(task.layer.bias[neuron]), int(task.shift[neuron]), ends_of(task, neuron)
        if ends.falls:
            constant, sign = (ends.high + 1 << shift) - 1 - bias, -self.sign
        else:
            constant, sign = bias - (ends.less << shift), self.sign
        self._sum(constant, 0 if is_empty else sign)
        add, u = self.draft.writer.add, self.u
        add(Does.RIGHT_SIGNED, u, u, by=min(_ABOVE + shift, 31))
        if task.layer.activation is Activation.LEAKY_RELU:
            self._leak()
        self._clamp(ends)
        self._store()

    def _sum(self, constant: int, sign: int) -> None:
        """u := constant + sign * a, in the highest bits."""
        add, a, u, t = self.draft.writer.add, self.a, self.u, self.t
        source = u
        if sign > 0 and abs(constant) < _SMALL:
            if a >= LOW:
                add(Does.MOVE, u, a)
            else:
                source = a
            if constant:
                add(Does.ADD_SMALL if constant > 0 else Does.SUBTRACT_SMALL, source, number=abs(constant))
        else:
            write_constant(self.draft.writer, u, constant, FIELD)
            if sign > 0:
                add(Does.ADD_TO, u, a)
            elif sign < 0 and a < LOW:
                add(Does.SUBTRACT, u, u, a)
            elif sign < 0:
                add(Does.MOVE, t, a)
                add(Does.SUBTRACT, u, u, t)
        add(Does.LEFT, u, source, by=_ABOVE)

    def _leak(self) -> None:
        """u := max(u, u * slope >> 15): of the product the negative part, of u the other."""
        writer, a, u, t = self.draft.writer, self.a, self.u, self.t
        writer.add(Does.MOVE, a, u)
        writer.add(Does.RIGHT_SIGNED, t, u, by=31)
        writer.add(Does.AND_TO, u, t)
        write_constant(writer, t, self.task.layer.slope)
        writer.add(Does.MULTIPLY_TO, t, u)
        writer.add(Does.RIGHT_SIGNED, t, t, by=SLOPE_BITS)
        writer.add(Does.MOVE, u, a)
        writer.add(Does.MOVE, a, t)
        self._not_below_zero()
        writer.add(Does.ADD_TO, u, a)

    def _clamp(self, ends: Ends) -> None:
        """u, which is v or what its ends say, to the value."""
        begin = ends.low if ends.below else -ends.zero  # what is less than v when it has been kept from above
        if ends.above:
            if not ends.falls:
                self._less(ends.high)
            self._not_below_zero()
            self._less(ends.high - begin)
        else:
            self._add(ends.less - begin)
        if ends.below:
            self._not_below_zero()
            self._add(ends.low + ends.zero)

    def _not_below_zero(self) -> None:
        add = self.draft.writer.add
        add(Does.RIGHT_SIGNED, self.t, self.u, by=31)
        add(Does.CLEAR_TO, self.u, self.t)

    def _less(self, number: int) -> None:
        """u := number - u."""
        if number == 0:
            self.draft.writer.add(Does.NEGATE, self.u, self.u)
            return
        write_constant(self.draft.writer, self.t, number)
        self.draft.writer.add(Does.SUBTRACT, self.u, self.t, self.u)

    def _add(self, number: int) -> None:
        """u := u + number."""
        if abs(number) >= _SMALL:
            write_constant(self.draft.writer, self.t, number)
            self.draft.writer.add(Does.ADD_TO, self.u, self.t)
        elif number:
            self.draft.writer.add(Does.ADD_SMALL if number > 0 else Does.SUBTRACT_SMALL, self.u, number=abs(number))

    def _store(self) -> None:
        task, place = self.task, self.task.stores.get(self.neuron)
        if place is None:
            return  # nobody reads it
        if not task.stored_high:
            op, offset = _STORES[task.stored_bytes], place.word
        elif not place.high:
            op, offset = Does.STORE, place.word  # the whole word: the other field becomes zero
        else:
            op, offset = Does.STORE_BYTE, place.word + task.stored_high // 8
        self.draft.access(Store(op, self.u, offset, self.t))
