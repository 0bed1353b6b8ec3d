"""Writes the addition of two tensors: as one straight line where there is one, otherwise with a table for each.

A line takes both values of a word where they lie: the lower one shifted up, the upper one alone. A stored byte has 256
values, so what it is after its own scaling is a table, whatever the rounding; then their sum is scaled back.
"""

from dataclasses import dataclass

import numpy as np

from armlet.errors import CapacityError
from armlet.integer.formats import I64, INT8
from armlet.integer.layers import IntegerAdd
from armlet.integer.requantise import requantise
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.select.integer.constants import write_constant
from armlet.select.integer.writer import Writer
from armlet.select.tensors.closing import Scaling, multiplied, write_scaled
from armlet.select.tensors.frame import write_place, write_table, write_trips
from armlet.select.tensors.lines import RAISED, line_of
from armlet.select.tensors.rows import PlacedTensor, write_columns
from armlet.tensors.layout import UPPER

_RESULT, _ONE, _OTHER = 0, 2, 3  # registers
_FIRST, _SECOND, _SCALE, _LOWER, _UPPER = 4, 5, 6, 7, 8
_WORD, _OTHER_WORD, _LOW, _PART = 9, 10, 11, 12
_SIGNS = 0x8000_0000
_LINE = (4, 5, 6, 7)  # registers of both factors, and of what is added in both lanes
_WORDS, _VALUES = (8, 9), (10, 11)  # registers of a word of each tensor; of the values of lane 0, shifted up


@dataclass(frozen=True, slots=True, eq=False)
class AdditionTask:
    """An addition, the tensors that it takes, and the one that it makes."""

    layer: IntegerAdd
    number: int
    taken: tuple[PlacedTensor, PlacedTensor]
    made: PlacedTensor


def looked_up(layer: IntegerAdd) -> tuple[I64, I64]:
    """What each stored value of both becomes, by the value and 128 more, (256,)."""
    stored = np.arange(INT8.low, INT8.high + 1)
    both = np.stack([stored + offset for offset in layer.offset], axis=-1) << layer.raised
    scaled = requantise(layer.scaling, both)
    times = 1 if layer.requantisation.once else 2  # as the scaling of the sum takes it
    return times * scaled[:, 0], times * scaled[:, 1]


def write_addition(writer: Writer, task: AdditionTask) -> None:
    """All lines of a layer."""
    writer.layer = task.number
    scaling, line = _scaling(task), line_of(task.layer)
    tables = () if line else [np.asarray(table, "<i4").tobytes() for table in looked_up(task.layer)]
    for tensor in task.taken if line else ():  # words beside them are added, too, and must be words of two values
        write_columns(writer, tensor, 0)
    for register, place in zip((_FIRST, _SECOND), [writer.table(table) for table in tables]):
        write_table(writer, register, place)
    for register, tensor in zip((_ONE, _OTHER, _RESULT), (*task.taken, task.made)):
        write_place_by(writer, register, tensor.start + tensor.layout.at(0, 0, -tensor.layout.left))
    words, pointers = task.made.layout.split * task.made.layout.row, (_ONE, _OTHER, _RESULT)
    if line is not None:
        for register, number in zip(_LINE, (*line.factors, *line.starts)):
            write_constant(writer, register, number)
        ends = tuple(Scaling(0, shift, 0, scaling.low, scaling.high) for shift in line.shifts)
        write_trips(writer, words, pointers, lambda at: _write_on_line(writer, (ends[0], ends[1]), at))
        return
    write_constant(writer, _SCALE, scaling.factor)
    write_constant(writer, _UPPER, scaling.start)
    write_constant(writer, _LOWER, scaling.start + (128 << scaling.shift))
    write_trips(writer, words, pointers, lambda at: _write_word(writer, scaling, at))


def _write_on_line(writer: Writer, ends: tuple[Scaling, Scaling], at: int) -> None:
    """A word of the sum, of the words at an offset from the pointers."""
    (one, other), raised, (factor, second, lower, upper) = _WORDS, _VALUES, _LINE
    writer.add(Does.LOAD, one, _ONE, number=at)
    writer.add(Does.LOAD, other, _OTHER, number=at)
    for word, low in zip((one, other), raised):
        writer.add(Does.LEFT, low, word, by=RAISED)
        writer.add(Does.SUBTRACT_RIGHT, word, word, low, by=RAISED)
    writer.add(Does.MULTIPLY_UPPER_ADD, raised[0], raised[0], factor, e=lower)
    writer.add(Does.MULTIPLY_UPPER_ADD, raised[0], raised[1], second, e=raised[0])
    writer.add(Does.MULTIPLY_UPPER_ADD, one, one, factor, e=upper)
    writer.add(Does.MULTIPLY_UPPER_ADD, one, other, second, e=one)
    write_scaled(writer, ends[0], raised[0], factor, lower, lifted=True)
    write_scaled(writer, ends[1], one, factor, upper, lifted=False)
    writer.add(Does.OR_LEFT, raised[0], raised[0], one, by=UPPER)
    writer.add(Does.STORE, raised[0], _RESULT, number=at)


def _write_word(writer: Writer, scaling: Scaling, at: int) -> None:
    """A word of the sum, of the words at an offset from the pointers; lane 1 is looked up with 128 more, too."""
    writer.add(Does.LOAD, _WORD, _ONE, number=at)
    writer.add(Does.LOAD, _OTHER_WORD, _OTHER, number=at)
    for register in (_WORD, _OTHER_WORD):
        writer.add(Does.FLIP, register, register, number=_SIGNS)
    writer.add(Does.UNSIGNED_BYTE, _LOW, _WORD)
    writer.add(Does.UNSIGNED_BYTE, _PART, _OTHER_WORD)
    writer.add(Does.RIGHT, _WORD, _WORD, by=UPPER)
    writer.add(Does.RIGHT, _OTHER_WORD, _OTHER_WORD, by=UPPER)
    writer.add(Does.LOAD_ENTRY, _LOW, _FIRST, _LOW)
    writer.add(Does.LOAD_ENTRY, _PART, _SECOND, _PART)
    writer.add(Does.LOAD_ENTRY, _WORD, _FIRST, _WORD)
    writer.add(Does.LOAD_ENTRY, _OTHER_WORD, _SECOND, _OTHER_WORD)
    writer.add(Does.ADD, _LOW, _LOW, _PART)
    writer.add(Does.ADD, _WORD, _WORD, _OTHER_WORD)
    write_scaled(writer, scaling, _LOW, _SCALE, _LOWER, lifted=True)
    write_scaled(writer, scaling, _WORD, _SCALE, _UPPER, lifted=False)
    writer.add(Does.OR_LEFT, _LOW, _LOW, _WORD, by=UPPER)
    writer.add(Does.STORE, _LOW, _RESULT, number=at)


def write_place_by(writer: Writer, register: int, offset: int) -> None:
    """register := a place in the block, by no register but it and one that is not in use yet."""
    write_place(writer, _WORD, offset, _LOW)
    writer.add(Does.MOVE, register, _WORD)


def _scaling(task: AdditionTask) -> Scaling:
    layer, by, place = task.layer, task.layer.requantisation, f"layer {task.number}"
    if layer.stored is not INT8:
        raise CapacityError(f"{place}: an addition in {layer.stored.name} is not written for tensors yet")
    ends = layer.low, layer.high
    return multiplied(int(by.multiplier[0]), int(by.exponent[0]), by.once, layer.zero, ends, place)
