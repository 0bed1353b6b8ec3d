"""Ends a sum on Cortex-M0+: adds the bias, takes the field out, scales it back, applies the activation, stores.

Without a saturating instruction a value is kept from falling below 0 by a mask of its sign. To keep it below its
greatest value, that minus the value is made of the sum at once: the constant that the bias is anyway has both in it.
What a sum's proven interval makes needless is left out.
"""

from dataclasses import dataclass

import numpy as np

from armlet.integer.layers import SLOPE_BITS
from armlet.integer.requantise import Multiplier
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.isa.integer_target import LOW
from armlet.network.activation import Activation
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.m0plus.constants import write_constant
from armlet.select.integer.m0plus.ends import Ends, ends_of, moved_of
from armlet.select.integer.m0plus.multiplier import write_product
from armlet.select.integer.m0plus.walk import Draft, Store

_WORD = 32
_SMALL = 256
_STORES = {1: Does.STORE_BYTE, 2: Does.STORE_HALF, 4: Does.STORE}
_LOADS = {(1, False): Does.LOAD_BYTE_AT, (1, True): Does.LOAD_SIGNED_BYTE_AT, (2, True): Does.LOAD_HALF_AT}


@dataclass(frozen=True, slots=True)
class Close:
    """A neuron's sum in register a, turned where `sign` is -1; u, t and w are free low registers."""

    draft: Draft
    task: LayerTask
    neuron: int
    a: int
    sign: int
    u: int
    t: int
    w: int

    def write(self, is_empty: bool) -> None:
        """All lines; the accumulator `is_empty` where the neuron has no connection."""
        task, neuron = self.task, self.neuron
        layer, sign, bias = task.layer, 0 if is_empty else self.sign, int(task.layer.bias[neuron])
        entry = self._table()
        ends, moved = ends_of(task, neuron, entry), moved_of(task, neuron)
        if isinstance(layer.requantisation, Multiplier):
            self._multiply(layer.requantisation, bias, sign)
            self._scale(ends, moved.half, moved.shift, self.t, 1, _WORD)
        else:
            self._scale(ends, bias, moved.shift, self.a, sign, task.high)
        if layer.activation is Activation.LEAKY_RELU:
            self._leak()
        self._clamp(ends)
        if layer.table is not None:
            self._look_up()
        self._store()

    def _scale(self, ends: Ends, constant: int, shift: int, a: int, sign: int, bits: int) -> None:
        """u := what the ends make of constant + sign * a, shifted down."""
        if ends.falls:
            constant, sign = (ends.high + 1 << shift) - 1 - constant, -sign
        else:
            constant -= ends.less << shift
        self._down(self._sum(constant, a, sign, bits), bits, shift)

    def _down(self, source: int, bits: int, shift: int) -> None:
        """u := the lowest `bits` of a register, shifted down, or up where that is below 0."""
        add, u, above = self.draft.writer.add, self.u, _WORD - bits
        if above:
            add(Does.LEFT, u, source, by=above)
            source, shift = u, min(above + shift, _WORD - 1)
        if shift > 0:
            add(Does.RIGHT_SIGNED, u, source, by=shift)
        elif shift < 0:
            add(Does.LEFT, u, source, by=-shift)
        elif source != u:
            add(Does.MOVE, u, source)

    def _sum(self, constant: int, a: int, sign: int, bits: int) -> int:
        """The register that holds constant + sign * a, u or a."""
        add, u = self.draft.writer.add, self.u
        if sign > 0 and abs(constant) < _SMALL:
            if a >= LOW:
                add(Does.MOVE, u, a)
            source = u if a >= LOW else a
            if constant:
                add(Does.ADD_SMALL if constant > 0 else Does.SUBTRACT_SMALL, source, number=abs(constant))
            return source
        write_constant(self.draft.writer, u, constant, bits)
        if sign > 0:
            add(Does.ADD_TO, u, a)
        elif sign < 0 and a < LOW:
            add(Does.SUBTRACT, u, u, a)
        elif sign < 0:
            add(Does.MOVE, self.t, a)
            add(Does.SUBTRACT, u, u, self.t)
        return u

    def _multiply(self, by: Multiplier, bias: int, sign: int) -> None:
        """t := the sum times the multiplier; where that is to be shifted down, one less if negative, or not rounded."""
        task, neuron, writer = self.task, self.neuron, self.draft.writer
        exponent = int(by.exponent[neuron])
        largest = max(abs(int(end[neuron])) for end in (task.bounds.sum_low, task.bounds.sum_high))
        self._down(self._sum(bias, self.a, sign, task.high), task.high, -max(exponent, 0))
        rounds, largest = not by.once or exponent >= 0, largest << max(exponent, 0)
        write_product(writer, int(by.multiplier[neuron]), largest, self.u, self.t, self.w, rounds)
        if exponent < 0 and not by.once:
            writer.add(Does.RIGHT_SIGNED, self.u, self.t, by=_WORD - 1)
            writer.add(Does.ADD, self.t, self.t, self.u)

    def _table(self) -> int:
        """Where the table of the activation begins in the constants, in entries; 0 where there is none."""
        layer, neuron = self.task.layer, self.neuron
        if layer.table is None:
            return 0
        entries = np.clip(layer.table, layer.low[neuron], layer.high[neuron]).astype(layer.stored.dtype)
        return self.draft.writer.table(entries.tobytes()) // layer.stored.bytes

    def _look_up(self) -> None:
        """u := the constants' entry u."""
        add, stored = self.draft.writer.add, self.task.layer.stored
        if stored.bytes > 1:
            add(Does.LEFT, self.u, self.u, by=stored.bytes - 1)
        add(Does.ADDRESS, self.t)
        add(_LOADS[stored.bytes, stored.low < 0], self.u, self.t, self.u)

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
            op, offset = Does.STORE, place.word  # the whole word: another field becomes zero
        else:
            op, offset = Does.STORE_BYTE, place.word + task.stored_high // 8
        self.draft.access(Store(op, self.u, offset, self.t))
