"""Registers and words of the stack of a program on tensors, and how it moves addresses."""

from collections.abc import Callable
from dataclasses import dataclass

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.select.integer.constants import write_constant
from armlet.select.integer.writer import Writer
from armlet.tensors.rows import WORD

BASE, FACTOR = 0, 1  # registers: where the window is; a weight, and what else passes
VALUES = (2, 3, 4, 5)  # words of tensors
SUMS = (6, 7, 8, 9, 10, 11, 12, 14)

BLOCK, RESULT, ROW_END, ROWS, TABLE, OUTER, CHANNEL = range(0, 28, 4)  # words of the stack, by their offset
CONSTANTS = 5  # words of a channel: the start of its sums, the factor, what both lanes are given before the shift
STACK_BYTES = CHANNEL + 4 * CONSTANTS

REACH = 4092  # ARM DDI 0403, A7.7.43, LDR T3, whole words
_BITS = 8  # of a number that an instruction holds at any place (A5.3.2)


@dataclass(slots=True)
class Pointer:
    """An address in a register that walks, and how far it is from where it began."""

    writer: Writer
    register: int
    last: int = 0  # the last place that will be asked for
    at: int = 0

    def offset(self, place: int) -> int:
        """From the register to a place, within reach of a load."""
        if not 0 <= place - self.at <= REACH:
            near = max(self.last, place) - REACH  # from there the last is in reach, and the way back is shorter
            self.move(near if 0 < near - self.at <= REACH else place)
        return place - self.at

    def cover(self, first: int, last: int) -> None:
        """Walk to where all places from one to another are within reach, if they are not."""
        if first < self.at or last > self.at + REACH:
            near = self.last - REACH
            self.move(near if 0 < near <= first and near - self.at <= REACH else first)

    def move(self, place: int) -> None:
        """Walk to a place."""
        add_number(self.writer, self.register, place - self.at)
        self.at = place


def add_number(writer: Writer, register: int, number: int) -> None:
    """register := register + number, by steps of an instruction each."""
    op = Does.ADD_NUMBER if number > 0 else Does.SUBTRACT_NUMBER
    left = abs(number)
    while left:
        step = min(left, REACH)
        writer.add(op, register, register, number=step)
        left -= step


def write_apart(writer: Writer, register: int, other: int, number: int) -> None:
    """register := another, and a number."""
    if abs(number) <= REACH:
        writer.add(Does.ADD_NUMBER if number >= 0 else Does.SUBTRACT_NUMBER, register, other, number=abs(number))
        return
    write_constant(writer, register, abs(number))
    if number > 0:
        writer.add(Does.ADD_TO, register, other)
    else:
        writer.add(Does.SUBTRACT, register, other, register)


def write_near(writer: Writer, register: int, other: int, number: int, most: int) -> int:
    """register := another, and a number; or up to `most` less, where that is one instruction. Gives how much less."""
    unit = 1 << max(0, abs(number).bit_length() - _BITS)
    whole = number // unit * unit
    if abs(number) <= REACH or number - whole > most:
        write_apart(writer, register, other, number)
        return 0
    writer.add(Does.MORE_NUMBER if whole > 0 else Does.LESS_NUMBER, register, other, number=abs(whole))
    return number - whole


def write_place(writer: Writer, register: int, offset: int, spare: int = 2) -> None:
    """register := the address of something in the block; `spare` may be lost."""
    writer.add(Does.LOAD_STACK, register, number=BLOCK)
    _add_far(writer, register, offset, spare)


def write_table(writer: Writer, register: int, offset: int, spare: int = 2) -> None:
    """register := the address of something in the constants; `spare` may be lost."""
    writer.add(Does.ADDRESS, register)
    _add_far(writer, register, offset, spare)


def _add_far(writer: Writer, register: int, offset: int, spare: int) -> None:
    if offset <= 2 * REACH:
        add_number(writer, register, offset)
    else:
        write_constant(writer, spare, offset)
        writer.add(Does.ADD_TO, register, spare)


COUNTER = 2  # register of a count that a word of the stack holds while a loop runs


def begin_counted(writer: Writer, count: int, word: int) -> int:
    """Begin a loop of `count` trips, whose body may use all registers; gives the line to go back to."""
    write_constant(writer, COUNTER, count)
    writer.runs *= count
    top = writer.here
    writer.add(Does.STORE_STACK, COUNTER, number=word)
    return top


def end_counted(writer: Writer, top: int, word: int) -> None:
    """Go back to the start of the loop until its count is 0."""
    writer.add(Does.LOAD_STACK, COUNTER, number=word)
    writer.repeat(COUNTER, top)


TRIPS = 1  # register of the count of `write_trips`
_FEW, _MANY = 4, 8  # words of a trip
_LONG = 128  # words from which on a trip has many


def write_trips(
    writer: Writer, words: int, pointers: tuple[int, ...], write: Callable[[int], None], step: int = WORD
) -> None:
    """`write` for each of so many words, by their offsets from pointers that move on together."""
    at_once = _MANY if words >= _LONG else _FEW
    trips, rest = divmod(words, at_once)
    if trips:
        write_constant(writer, TRIPS, trips)
        writer.runs, top = trips, writer.here
        for k in range(at_once):
            write(k * step)
        for pointer in pointers:
            add_number(writer, pointer, at_once * step)
        writer.repeat(TRIPS, top)
        writer.runs = 1
    for k in range(rest):
        write(k * step)
