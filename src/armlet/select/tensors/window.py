"""Writes a convolution: for each group of output channels a loop over positions, around the weights that are left."""

from collections.abc import Sequence

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.network.layers import Pair
from armlet.select.integer.writer import Writer
from armlet.select.tensors.bodies.body import Body, write_body, write_constants
from armlet.select.tensors.bodies.convolution import Convolution, Shape, check_fields
from armlet.select.tensors.frame import (
    BASE,
    FACTOR,
    RESULT,
    ROW_END,
    ROWS,
    VALUES,
    add_number,
    begin_counted,
    end_counted,
    write_place,
)
from armlet.tensors.layout import WORD


def write_convolution(writer: Writer, task: Convolution, groups: Sequence[Sequence[int]], shape: Shape) -> None:
    """All lines of a layer."""
    writer.layer = task.number
    for group in groups:
        check_fields(task, group)
        _write_group(writer, Body(task, tuple(group), shape))


def _write_group(writer: Writer, body: Body) -> None:
    task, at_once = body.task, body.shape.across
    taken, made, windows = task.taken, task.made, task.layer
    down, across = windows.stride
    trips, rest = divmod(made.width, at_once)
    write_constants(writer, body)
    if task.beside is None:
        write_place(writer, FACTOR, task.result + made.at(0, min(body.group), 0))
        writer.add(Does.STORE_STACK, FACTOR, number=RESULT)
    write_place(writer, BASE, task.source + taken.at(-windows.padding[0], 0, -windows.padding[1]))
    top = writer.here
    if made.split > 1:
        top = begin_counted(writer, made.split, ROWS)
    if trips > 1:
        _write_row_end(writer, trips * at_once * across * WORD)
    writer.runs, again = made.split * trips, writer.here
    if trips:
        write_body(writer, body, at_once)
    if trips > 1:
        writer.add(Does.LOAD_STACK, VALUES[0], number=ROW_END)
        writer.add(Does.REPEAT_UNTIL, a=BASE, b=VALUES[0], number=writer.here - again)
    writer.runs = made.split
    if rest:
        write_body(writer, body, rest)
    if made.split > 1:
        _write_next_row(writer, task, (down, across))
        end_counted(writer, top, ROWS)
    writer.runs = 1


def _write_row_end(writer: Writer, length: int) -> None:
    writer.add(Does.MOVE, VALUES[0], BASE)
    add_number(writer, VALUES[0], length)
    writer.add(Does.STORE_STACK, VALUES[0], number=ROW_END)


def _write_next_row(writer: Writer, task: Convolution, stride: Pair) -> None:
    """Both places a row on: from behind the last word of one to the first of the next."""
    made, taken = task.made, task.taken
    add_number(writer, BASE, (stride[0] * taken.row - stride[1] * made.width) * WORD)
    if task.beside is None:
        writer.add(Does.LOAD_STACK, FACTOR, number=RESULT)
        add_number(writer, FACTOR, (made.row - made.width) * WORD)
        writer.add(Does.STORE_STACK, FACTOR, number=RESULT)
