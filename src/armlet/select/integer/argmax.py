"""Writes the number of the largest output behind the last layer: no branch, a running maximum of keys.

The last layer stores each output as a word. A key holds its output's number below its score
(`integer/argmax.py`); the largest so far is raised by what a key is above it, where that is not below zero:

    rsb.w  w, m, w, lsl #4      score * 2^4 - m
    usat   w, #31, w            0 where that is negative
    add.n  m, w

The numbers are counted by adding 1 to the largest before each key, so that a key needs none of its own.
"""

from collections.abc import Sequence

from armlet.integer.argmax import Argmax
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.isa.integer_target import LOW
from armlet.select.integer.constants import is_modified
from armlet.select.integer.m0plus.constants import write_constant
from armlet.select.integer.m0plus.walk import Draft, Store, loads_of, walk
from armlet.select.integer.writer import Writer

LARGEST, _SPARE, *VALUES = range(1, LOW)  # registers: all are free behind the last layer


def write_argmax(writer: Writer, argmax: Argmax, places: Sequence[int], to: int) -> None:
    """Store the number of the largest of the words at `places` at `to`, all of them offsets in the block."""
    draft = Draft(Writer(writer.target, writer.pool_register, writer.layer))
    for first in range(0, len(places), len(VALUES)):
        batch = list(zip(VALUES, places[first : first + len(VALUES)]))
        for load in loads_of(batch):
            draft.access(load)
        for number, (register, _) in enumerate(batch, first):
            raise_largest(draft.writer, argmax, number, register)
    write_number(draft.writer, argmax)
    draft.access(Store(Does.STORE, LARGEST, to, _SPARE))
    writer.base_at = walk(writer, draft, writer.base_at)


def raise_largest(writer: Writer, argmax: Argmax, number: int, w: int) -> None:
    """Raise the largest key to that of an output, in register w; the first output begins it."""
    factor = int(argmax.factor[number]) << argmax.bits
    _add(writer, w, int(argmax.offset[number]))
    if argmax.shift:
        writer.add(Does.RIGHT_SIGNED, w, w, by=argmax.shift)
    if number:
        writer.add(Does.ADD_SMALL, LARGEST, number=1)
    bits = factor.bit_length() - 1
    if factor != 1 << bits:
        write_constant(writer, _SPARE, factor)
        writer.add(Does.MULTIPLY_TO, w, _SPARE)
    elif number and writer.target.can(Does.REVERSE_SUBTRACT_LEFT):
        writer.add(Does.REVERSE_SUBTRACT_LEFT, w, LARGEST, w, by=bits)
        _raise(writer, w)
        return
    else:
        writer.add(Does.LEFT, w, w, by=bits)
    if number:
        writer.add(Does.SUBTRACT, w, w, LARGEST)
        _raise(writer, w)
    else:
        writer.add(Does.MOVE, LARGEST, w)


def _raise(writer: Writer, w: int) -> None:
    """Add to the largest key what another is above it, in register w."""
    if writer.target.can(Does.SATURATE):
        writer.add(Does.SATURATE, w, w, number=31)
    else:
        writer.add(Does.RIGHT_SIGNED, _SPARE, w, by=31)
        writer.add(Does.CLEAR_TO, w, _SPARE)
    writer.add(Does.ADD_TO, LARGEST, w)


def write_number(writer: Writer, argmax: Argmax) -> None:
    """The number in the lowest bits of the largest key, which 1 has been added to for each output but the first."""
    counted, bits = len(argmax.factor) - 1, argmax.bits
    if writer.target.can(Does.NUMBER_LESS) and is_modified(counted):
        writer.add(Does.NUMBER_LESS, LARGEST, LARGEST, number=counted)
    else:
        write_constant(writer, _SPARE, counted)
        writer.add(Does.SUBTRACT, LARGEST, _SPARE, LARGEST)
    if writer.target.can(Does.UNSIGNED_FIELD):
        writer.add(Does.UNSIGNED_FIELD, LARGEST, LARGEST, by=bits)
    else:
        writer.add(Does.LEFT, LARGEST, LARGEST, by=32 - bits)
        writer.add(Does.RIGHT, LARGEST, LARGEST, by=32 - bits)


def _add(writer: Writer, w: int, number: int) -> None:
    """w := w + number."""
    if abs(number) < 1 << 8:
        if number:
            writer.add(Does.ADD_SMALL if number > 0 else Does.SUBTRACT_SMALL, w, number=abs(number))
        return
    write_constant(writer, _SPARE, number)
    writer.add(Does.ADD_TO, w, _SPARE)
