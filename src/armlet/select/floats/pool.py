"""Writes a pool: loops over rows, channels and positions for all positions whose windows lie alike in the plane."""

from dataclasses import dataclass

import numpy as np

from armlet.isa.integer_operation import IntegerOperation
from armlet.isa.operation import Operation
from armlet.network.layers import Pool, Reduction
from armlet.select.floats.frame import (
    ADDRESSES,
    BLOCK,
    CHANNELS,
    COLUMNS,
    CONSTANTS,
    POOL,
    RESULT,
    ROWS,
    SOURCE,
    VALUES,
)
from armlet.select.floats.lines import Line, Machine, Writer, core_line, float_line
from armlet.select.floats.schedule import arranged
from armlet.tensors.floats.planes import PlacedPlanes
from armlet.tensors.floats.sums import Span, pool_spans, reciprocal
from armlet.tensors.rows import WORD

_SUMS = 8  # positions at once
_WORDS = 20  # float registers of words that are loaded
_FACTOR, _PRODUCT = 28, 29
_NEAR, _REACH = 1020, 4092


@dataclass(frozen=True, slots=True)
class PoolTask:
    """A pool, what it takes, and what it makes."""

    pool: Pool
    number: int
    taken: PlacedPlanes
    made: PlacedPlanes


def write_pool(writer: Writer, task: PoolTask) -> None:
    """All lines of a layer."""
    writer.layer = task.number
    down, across = pool_spans(task.pool, task.taken.layout.shape, task.made.layout.shape)
    for rows in down:
        for columns in across:
            _write_spans(writer, task, rows, columns)


def _write_spans(writer: Writer, task: PoolTask, rows: Span, columns: Span) -> None:
    pool, taken, made = task.pool, task.taken.layout, task.made.layout
    (step_down, step), count = pool.stride, (rows.end - rows.begin) * (columns.end - columns.begin)
    first = (
        rows.first * step_down - pool.padding[0] + rows.begin,
        columns.first * step - pool.padding[1] + columns.begin,
    )
    if pool.reduction is Reduction.AVERAGE and count > 1:
        writer.address(CONSTANTS, writer.symbol, len(writer.constants) * WORD, POOL)
        writer.constants.append(int(reciprocal(count).view(np.uint32)))
        writer.add(Operation.LOAD, d=_FACTOR, base=CONSTANTS, offset=0)
    writer.move(SOURCE, task.taken.start + taken.at(first[0], 0, first[1]), BLOCK)
    writer.move(RESULT, task.made.start + made.at(rows.first, 0, columns.first), BLOCK)
    at_once = _at_once(step, columns)
    trips, rest = divmod(columns.count, at_once)
    outer = writer.begin(ROWS, rows.count)
    middle = writer.begin(CHANNELS, made.channels)
    if trips:
        inner = writer.begin(COLUMNS, trips)
        _write_body(writer, task, rows, columns, at_once)
        writer.end(COLUMNS, inner, trips)
    if rest:
        _write_body(writer, task, rows, columns, rest)
    writer.move(SOURCE, (taken.pitch - step * columns.count) * WORD)
    writer.move(RESULT, (made.pitch - columns.count) * WORD)
    writer.end(CHANNELS, middle, made.channels)
    writer.move(SOURCE, (step_down - 1) * taken.row * WORD)
    writer.end(ROWS, outer, rows.count)


def _at_once(step: int, columns: Span) -> int:
    """Positions of a trip: as many as there are registers for their words, where a window's row fits at all."""
    width = columns.end - columns.begin
    fitting = [k for k in range(1, _SUMS + 1) if (k - 1) * step + min(width, _WORDS) <= _WORDS]
    return max(k for k in fitting if k <= max(1, columns.count))


def _write_body(writer: Writer, task: PoolTask, rows: Span, columns: Span, count: int) -> None:
    body = _Body(writer.machine, task, count)
    for row in range(rows.end - rows.begin):
        width = columns.end - columns.begin
        most = _WORDS - (count - 1) * task.pool.stride[1]
        for begin in range(0, width, most):
            body.take(row, begin, min(most, width - begin))
    body.finish((rows.end - rows.begin) * (columns.end - columns.begin))
    writer.put_all(arranged(body.lines))
    writer.move(SOURCE, count * task.pool.stride[1] * WORD - body.at)
    writer.move(RESULT, count * WORD)


class _Body:
    """The lines of one trip."""

    def __init__(self, machine: Machine, task: PoolTask, count: int) -> None:
        self.machine, self.task, self.count = machine, task, count
        self.lines: list[Line] = []
        self.at = 0  # of the pointer, from the window's first word
        self._is_begun, self._turn = False, 0

    def add(self, op: Operation, **operands: int | float | str | tuple[int, int]) -> None:
        self.lines.append(float_line(self.machine.floats, op, **operands))

    def core(self, op: IntegerOperation, **operands: int) -> None:
        self.lines.append(core_line(self.machine.cores, op, "", **operands))

    def take(self, row: int, first: int, width: int) -> None:
        """Some columns of a row of the windows."""
        step, layout = self.task.pool.stride[1], self.task.taken.layout
        self._load((row * layout.row + first) * WORD, (self.count - 1) * step + width)
        for column in range(width):
            for p in range(self.count):
                self._take(p, _SUMS + column + p * step)
            self._is_begun = True

    def finish(self, count: int) -> None:
        """The results of windows of so many values."""
        for p in range(self.count):
            if self.task.pool.reduction is Reduction.AVERAGE and count > 1:
                self.add(Operation.MULTIPLY, d=p, a=p, b=_FACTOR)
        for p in range(self.count):
            self.add(Operation.TO_GPR, core=VALUES[p % 4], a=p)
            self.add(Operation.GPR_STORE, core=VALUES[p % 4], base=RESULT, offset=p * WORD)

    def _take(self, p: int, word: int) -> None:
        if not self._is_begun:
            self.add(Operation.COPY, d=p, a=word)
        elif self.task.pool.reduction is Reduction.AVERAGE:
            self.add(Operation.ADD, d=p, a=p, b=word)
        else:
            largest, other, sign = VALUES[:3]
            self.add(Operation.SUBTRACT, d=_PRODUCT, a=p, b=word)
            self.add(Operation.TO_GPR, core=largest, a=p)
            self.add(Operation.TO_GPR, core=other, a=word)
            self.add(Operation.TO_GPR, core=sign, a=_PRODUCT)
            self.core(IntegerOperation.SUBTRACT, d=largest, a=largest, b=other)
            self.core(IntegerOperation.CLEAR_BY_SIGN, d=largest, a=largest, b=sign)
            self.core(IntegerOperation.ADD, d=largest, a=largest, b=other)
            self.add(Operation.FROM_GPR, d=p, core=largest)

    def _load(self, place: int, count: int) -> None:
        if place - self.at > _REACH:
            left = place - self.at
            while left:
                step = min(left, _REACH)
                self.core(IntegerOperation.ADD_NUMBER, d=SOURCE, a=SOURCE, number=step)
                left -= step
            self.at = place
        offset = place - self.at
        if count <= 2 and offset + (count - 1) * WORD <= _NEAR:
            for k in range(count):
                self.add(Operation.LOAD, d=_SUMS + k, base=SOURCE, offset=offset + k * WORD)
            return
        address = ADDRESSES[1]
        self.add(Operation.LEA, pointer=address, base=SOURCE, offset=offset)
        self.add(Operation.LOAD_MULTIPLE, list=(_SUMS, count), base=address)
