"""Writes a convolution: for each group of output channels a loop over positions, around the weights that are left."""

from collections.abc import Sequence

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.select.integer.writer import Writer
from armlet.select.tensors.bodies.body import Body, write_constants
from armlet.select.tensors.bodies.convolution import Convolution, Shape, check_fields
from armlet.select.tensors.bodies.ends import Onward
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
    ends_row = trips == 1 and not rest
    onward = _behind_row(task, at_once) if ends_row else Onward(at_once * windows.stride[1] * WORD, at_once * WORD)
    result = write_body(writer, body, at_once, onward) if trips else FACTOR
    if trips > 1:
        _repeat(writer, ROW_END, again, beside=result)
    writer.runs = made.split
    if rest:
        result = write_body(writer, body, rest, _behind_row(task, rest))
    if made.split > 1:
        if trips > 1:
            _move_end(writer, row, _other(result), is_there=not rest)
            if not rest:
                _move_down(writer, task, result)
        _repeat(writer, ROWS, again, beside=result)
    writer.runs = 1


def _behind_row(task: Convolution, words: int) -> Onward | None:
    """From the last words of a row to the next row; None where there is one row."""
    return _down(task, words) if task.made.split > 1 else None


def _down(task: Convolution, words: int) -> Onward:
    """From the last words of a row to the next row."""
    (down, across), before = task.layer.stride, task.made.width - words
    return Onward((down * task.taken.row - before * across) * WORD, (task.made.row - before) * WORD)


def _move_down(writer: Writer, task: Convolution, result: int) -> None:
    """From the end of a row to the next row: the base, and the address of what is made."""
    onward = _down(task, 0)
    add_number(writer, BASE, onward.taken)
    if task.beside is None:
        add_number(writer, result, onward.made)
        writer.add(Does.STORE_STACK, result, number=RESULT)


def _write_end(writer: Writer, word: int, length: int) -> None:
    """Where the base will be at the end of a loop."""
    write_apart(writer, VALUES[0], BASE, length)
    writer.add(Does.STORE_STACK, VALUES[0], number=word)


def _other(register: int) -> int:
    """A register that is free beside one, of what the base is compared with."""
    return VALUES[1] if register == VALUES[0] else VALUES[0]


def _repeat(writer: Writer, word: int, again: int, beside: int) -> None:
    """Go back to a line until the base is at the end of the loop; a register beside that keeps what it holds."""
    writer.add(Does.LOAD_STACK, _other(beside), number=word)
    writer.add(Does.REPEAT_UNTIL, a=BASE, b=_other(beside), number=writer.here - again)


def _move_end(writer: Writer, by: int, register: int, is_there: bool) -> None:
    """The end of a row to that of the next; the register has it where nothing was done since."""
    if not is_there:
        writer.add(Does.LOAD_STACK, register, number=ROW_END)
    add_number(writer, register, by)
    writer.add(Does.STORE_STACK, register, number=ROW_END)
