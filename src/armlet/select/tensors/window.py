"""Writes a convolution: for each group of output channels a loop over positions, around the weights that are left."""

from collections.abc import Sequence

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.select.integer.writer import Writer
from armlet.select.tensors.bodies.body import Body, write_constants
from armlet.select.tensors.bodies.convolution import Convolution, Shape, check_fields
from armlet.select.tensors.bodies.trip import write_body
from armlet.select.tensors.frame import (
    BASE,
    FACTOR,
    RESULT,
    ROW_END,
    ROWS,
    VALUES,
    add_number,
    write_apart,
    write_place,
)
from armlet.tensors.rows import WORD

_END = VALUES[0]  # register of what the base is compared with


def write_convolution(writer: Writer, task: Convolution, groups: Sequence[Sequence[int]], shape: Shape) -> None:
    """All lines of a layer."""
    writer.layer = task.number
    for group in groups:
        check_fields(task, group)
        _write_group(writer, Body(task, tuple(group), shape))


def _write_group(writer: Writer, body: Body) -> None:
    """Rows of trips around a body: a trip ends where its row does, a row where the plane does."""
    task, at_once = body.task, body.shape.across
    taken, made, windows = task.taken, task.made, task.layer
    trips, rest = divmod(made.width, at_once)
    length, row = trips * at_once * windows.stride[1] * WORD, windows.stride[0] * taken.row * WORD
    write_constants(writer, body)
    if task.beside is None:
        write_place(writer, FACTOR, task.result + made.at(0, min(body.group), 0))
        writer.add(Does.STORE_STACK, FACTOR, number=RESULT)
    write_place(writer, BASE, task.source + taken.at(-windows.padding[0], 0, -windows.padding[1]))
    if made.split > 1:
        _write_end(writer, ROWS, made.split * row)
    if trips > 1:
        _write_end(writer, ROW_END, length)
    writer.runs, again = made.split * trips, writer.here
    if trips:
        write_body(writer, body, at_once)
    if trips > 1:
        _repeat(writer, ROW_END, again)
    writer.runs = made.split
    if rest:
        write_body(writer, body, rest)
    if made.split > 1:
        if trips > 1:
            _move_end(writer, row, is_there=not rest)
        add_number(writer, BASE, row - made.width * windows.stride[1] * WORD)
        if task.beside is None:
            _move_result(writer, made.row - made.width)
        _repeat(writer, ROWS, again)
    writer.runs = 1


def _write_end(writer: Writer, word: int, length: int) -> None:
    """Where the base will be at the end of a loop."""
    write_apart(writer, _END, BASE, length)
    writer.add(Does.STORE_STACK, _END, number=word)


def _repeat(writer: Writer, word: int, again: int) -> None:
    """Go back to a line until the base is at the end of the loop."""
    writer.add(Does.LOAD_STACK, _END, number=word)
    writer.add(Does.REPEAT_UNTIL, a=BASE, b=_END, number=writer.here - again)


def _move_end(writer: Writer, by: int, is_there: bool) -> None:
    """The end of a row to that of the next; its register has it where nothing was done since."""
    if not is_there:
        writer.add(Does.LOAD_STACK, _END, number=ROW_END)
    add_number(writer, _END, by)
    writer.add(Does.STORE_STACK, _END, number=ROW_END)


def _move_result(writer: Writer, words: int) -> None:
    writer.add(Does.LOAD_STACK, FACTOR, number=RESULT)
    add_number(writer, FACTOR, words * WORD)
    writer.add(Does.STORE_STACK, FACTOR, number=RESULT)
