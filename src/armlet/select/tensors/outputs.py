"""Writes the outputs of a network whose last layer makes a tensor as C has them, or which of them is the largest.

Outputs are bytes in the order of the tensor. An argmax takes those of any last layer, and lies over the first.
"""

from armlet.errors import CapacityError
from armlet.integer.argmax import Argmax
from armlet.integer.formats import INT8, INT32, IntegerFormat
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.select.integer.argmax import LARGEST, VALUES, raise_largest, write_number
from armlet.select.integer.writer import Writer
from armlet.select.tensors.frame import (
    BASE,
    FACTOR,
    OUTER,
    Pointer,
    add_number,
    begin_counted,
    end_counted,
    write_place,
)
from armlet.select.tensors.rows import PlacedTensor
from armlet.tensors.layout import LIFT, UPPER_BYTE
from armlet.tensors.rows import WORD

_VALUE = 2
_MOST = 1024  # values of a channel that are written one by one


def write_outputs(writer: Writer, tensor: PlacedTensor, result: int) -> None:
    """Copy every value to where the caller finds it."""
    layout = tensor.layout
    if layout.height * layout.width > _MOST:
        raise CapacityError(f"outputs of {layout.height}x{layout.width} are not written for tensors yet")
    write_place(writer, BASE, tensor.start + layout.at(0, 0, 0))
    write_place(writer, FACTOR, result)
    top = begin_counted(writer, layout.channels, OUTER)
    source, to = Pointer(writer, BASE), Pointer(writer, FACTOR)
    for row in range(layout.height):
        word_row, lane = layout.lane(row)
        for column in range(layout.width):
            place = (word_row * layout.row + column) * WORD + lane * UPPER_BYTE
            writer.add(Does.LOAD_BYTE, _VALUE, BASE, number=source.offset(place))
            if not lane:
                writer.add(Does.FLIP, _VALUE, _VALUE, number=LIFT)
            writer.add(Does.STORE_BYTE, _VALUE, FACTOR, number=to.offset(row * layout.width + column))
    source.move(0)
    to.move(0)
    add_number(writer, BASE, layout.pitch * WORD)
    add_number(writer, FACTOR, layout.height * layout.width)
    end_counted(writer, top, OUTER)
    writer.runs = 1


def write_answer(writer: Writer, argmax: Argmax, kind: IntegerFormat, at: int) -> None:
    """Store the number of the largest of the outputs at `at`, which are of that format, in place of the first."""
    if kind not in (INT8, INT32):
        raise CapacityError(f"an argmax of outputs in {kind.name} is not written for tensors yet")
    load, count = Does.LOAD_SIGNED_BYTE if kind is INT8 else Does.LOAD, len(argmax.factor)
    write_place(writer, BASE, at)
    pointer = Pointer(writer, BASE)
    for first in range(0, count, len(VALUES)):
        batch = list(enumerate(VALUES[: count - first], first))
        for number, register in batch:
            writer.add(load, register, BASE, number=pointer.offset(number * kind.bytes))
        for number, register in batch:
            raise_largest(writer, argmax, number, register)
    write_number(writer, argmax)
    writer.add(Does.STORE, LARGEST, BASE, number=pointer.offset(0))
