"""Writes pools: one body for all channels and positions, since it has no weights.

The average of n stored values is rounded to the nearest, halves away from 0, as the definition has it. With u the sum
and n / 2 + 128 n more, which is not below 0, and one less where the sum is negative and n is even, that is u / n - 128,
rounded down. The division is a multiplication by 2^32 / n, rounded up, which is exact as long as u n < 2^32.

A pool with a scaling begins its sums at the bias and scales them back as bodies of weights do; no average is made.

What is padding takes no part. Which columns are is known where a window is written; rows of words whose windows have
other rows of padding, in either lane, have a body of their own.
"""

from dataclasses import dataclass, replace

from armlet.errors import CapacityError
from armlet.integer.formats import INT8
from armlet.integer.layers import IntegerPool, PoolScaling
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.network.layers import Pair, Reduction
from armlet.select.integer.constants import write_constant
from armlet.select.integer.writer import Writer
from armlet.select.tensors.closing import Scaling, add_signed, multiplied, write_clamp, write_scaled
from armlet.select.tensors.frame import (
    BASE,
    OUTER,
    ROWS,
    Pointer,
    add_number,
    begin_counted,
    end_counted,
    write_place,
)
from armlet.select.tensors.rows import PlacedTensor
from armlet.tensors.layout import LIFT, UPPER
from armlet.tensors.rows import WORD

_RESULT, _LOWER, _UPPER, _PART, _INVERSE, _SIGN = 1, 6, 7, 8, 9, 10  # registers
_BIASES, _STARTS = {_LOWER: 10, _UPPER: 8}, {_LOWER: 11, _UPPER: 14}  # registers of a scaling, by what they are for
_WORDS = (3, 4, 5, 12)
_NEAR = 4095
_MOST_SUM = 1 << 30  # that twice a sum of a scaling fits a word


@dataclass(frozen=True, slots=True, eq=False)
class PoolTask:
    """A pool and the tensors that it takes and makes."""

    layer: IntegerPool
    number: int
    taken: PlacedTensor
    made: PlacedTensor

    @property
    def size(self) -> Pair:
        return self.layer.size or (self.taken.layout.height, self.taken.layout.width)

    @property
    def is_whole(self) -> bool:
        """Whether one window is the whole plane."""
        return self.size == self.taken.layout.shape[1:] and not any(self.layer.padding)

    def rows_of(self, row: int) -> tuple[int, ...]:
        """The rows of a window that are no padding, of a row of what is made."""
        first = row * self.layer.stride[0] - self.layer.padding[0]
        return tuple(y for y in range(self.size[0]) if 0 <= first + y < self.taken.layout.height)

    def columns_of(self, column: int) -> tuple[int, ...]:
        """The columns that are taken, of a column of what is made."""
        first = column * self.layer.stride[1] - self.layer.padding[1]
        return tuple(x for x in range(first, first + self.size[1]) if 0 <= x < self.taken.layout.width)

    @property
    def counts(self) -> frozenset[int]:
        """How many values are in a window."""
        if self.is_whole:
            return frozenset((self.size[0] * self.size[1],))
        _, height, width = self.made.layout.shape
        return frozenset(len(self.rows_of(y)) * len(self.columns_of(x)) for y in range(height) for x in range(width))


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of words whose windows have the same rows in both lanes."""

    lower: tuple[int, ...]
    upper: tuple[int, ...]
    count: int


def rows_of_words(task: PoolTask) -> list[Rows]:
    """All of them, those that are alike together. What stands in lane 1 below the plane may be anything."""
    found, made = list[Rows](), task.made.layout
    for row in range(made.split):
        lower = task.rows_of(row)
        below = found[-1].upper if found else lower
        upper = task.rows_of(row + made.split) if row + made.split < made.height else below
        if found and (found[-1].lower, found[-1].upper) == (lower, upper):
            found[-1] = replace(found[-1], count=found[-1].count + 1)
        else:
            found.append(Rows(lower, upper, 1))
    return found


def write_pool(writer: Writer, task: PoolTask) -> None:
    """All lines of a layer."""
    writer.layer = task.number
    layer, taken, made = task.layer, task.taken.layout, task.made.layout
    write_place(writer, BASE, task.taken.start + taken.at(-layer.padding[0], 0, 0))
    write_place(writer, _RESULT, task.made.start + made.at(0, 0, 0))
    if layer.scaling is not None:
        _write_scaling(writer, task, layer.scaling)
    elif len(task.counts) == 1:
        _write_inverse(writer, task, *task.counts)
    rows, steps = made.split, (layer.stride[0] * taken.row, made.row)
    channels = begin_counted(writer, made.channels, OUTER)
    outer = writer.runs
    for alike in rows_of_words(task):
        down = begin_counted(writer, alike.count, ROWS) if alike.count > 1 else 0
        for k in range(made.width):
            _write_window(writer, task, k, alike)
            writer.add(Does.STORE, _LOWER, _RESULT, number=k * WORD)
        if rows > 1:
            for pointer, step in zip((BASE, _RESULT), steps):
                add_number(writer, pointer, step * WORD)
        if alike.count > 1:
            end_counted(writer, down, ROWS)
            writer.runs = outer
    for pointer, pitch, step in zip((BASE, _RESULT), (taken.pitch, made.pitch), steps):
        add_number(writer, pointer, (pitch - (rows * step if rows > 1 else 0)) * WORD)
    end_counted(writer, channels, OUTER)
    writer.runs = 1


def _write_inverse(writer: Writer, task: PoolTask, count: int) -> None:
    """What an average over so many values multiplies by, where it does."""
    if task.layer.reduction is Reduction.AVERAGE and count & count - 1:
        write_constant(writer, _INVERSE, -(-(1 << 32) // count))


def _write_scaling(writer: Writer, task: PoolTask, by: PoolScaling) -> None:
    """All that sums are scaled back by, in registers of their own."""
    scaling, (count,), whole = _scaling(task), task.counts, task.is_whole
    lifted = task.taken.layout.split * task.size[1] if whole else count
    write_constant(writer, _INVERSE, scaling.factor)
    write_constant(writer, _BIASES[_LOWER], by.bias - LIFT * lifted)
    write_constant(writer, _STARTS[_LOWER], scaling.start + (LIFT << scaling.shift))
    if not whole:
        write_constant(writer, _BIASES[_UPPER], by.bias)
        write_constant(writer, _STARTS[_UPPER], scaling.start)


def _scaling(task: PoolTask) -> Scaling:
    """How sums are stored. Raises `CapacityError` where that is not written yet."""
    layer, by, place = task.layer, task.layer.scaling, f"layer {task.number}"
    assert by is not None
    found = multiplied(by.multiplier, by.exponent, by.once, by.zero, (layer.low, layer.high), place)
    most = max(abs(by.bias + end * count) for end in (INT8.low, INT8.high) for count in task.counts)
    if most >= _MOST_SUM:
        raise CapacityError(f"{place}: sums of a pool up to {most} are not written for tensors yet")
    return found


def _write_window(writer: Writer, task: PoolTask, column: int, alike: Rows) -> None:
    """A word of the result in a register."""
    layout, whole = task.taken.layout, task.is_whole
    lower = tuple(range(layout.split)) if whole else alike.lower
    upper = tuple(range(layout.height - layout.split)) if whole else alike.upper
    columns = task.columns_of(column)
    words = [(y, x) for y in sorted({*lower, *upper}) for x in columns]
    pointer, begun = Pointer(writer, BASE), set[int]()
    for first in range(0, len(words), len(_WORDS)):
        some = tuple(zip(words[first : first + len(_WORDS)], _WORDS))
        for (y, x), register in some:
            writer.add(Does.LOAD, register, BASE, number=pointer.offset((y * layout.row + x) * WORD))
        for (y, _), register in some:
            for rows, into in ((lower, _LOWER), (upper, _UPPER)):
                if y in rows:
                    _take(writer, task, register, into, begun)
    pointer.move(0)
    taken = len(lower) * len(columns), len(upper) * len(columns)
    if whole and _UPPER in begun:
        _join(writer, task)
    _finish(writer, task, _LOWER, sum(taken) if whole else taken[0], taken[0])
    if not whole:
        _finish(writer, task, _UPPER, taken[1], 0)
        writer.add(Does.OR_LEFT, _LOWER, _LOWER, _UPPER, by=UPPER)


def _take(writer: Writer, task: PoolTask, word: int, into: int, begun: set[int]) -> None:
    """A lane of a word into what was taken so far."""
    lower = into == _LOWER
    is_first, is_whole = into not in begun, task.is_whole
    begun.add(into)
    if task.layer.scaling is not None and is_first and (lower or not is_whole):
        op = Does.ADD_LOW_BYTE if lower else Does.ADD_SIGNED_RIGHT
        writer.add(op, into, _BIASES[into], word, by=0 if lower else UPPER)
    elif is_first:
        writer.add(Does.UNSIGNED_BYTE if lower else Does.RIGHT_SIGNED, into, word, by=0 if lower else UPPER)
    elif task.layer.reduction is Reduction.AVERAGE:
        op = Does.ADD_LOW_BYTE if lower else Does.ADD_SIGNED_RIGHT
        writer.add(op, into, into, word, by=0 if lower else UPPER)
    else:
        writer.add(Does.UNSIGNED_BYTE if lower else Does.RIGHT_SIGNED, _PART, word, by=0 if lower else UPPER)
        _raise(writer, into, _PART)


def _raise(writer: Writer, register: int, other: int) -> None:
    """register := the greater of both."""
    writer.add(Does.SUBTRACT, other, other, register)
    writer.add(Does.POSITIVE, other, other)
    writer.add(Does.ADD, register, register, other)


def _join(writer: Writer, task: PoolTask) -> None:
    """Both lanes of a whole plane in one."""
    if task.layer.reduction is Reduction.AVERAGE:
        writer.add(Does.ADD, _LOWER, _LOWER, _UPPER)
    else:
        writer.add(Does.ADD_NUMBER, _UPPER, _UPPER, number=LIFT)
        _raise(writer, _LOWER, _UPPER)


def _finish(writer: Writer, task: PoolTask, register: int, count: int, lifted: int) -> None:
    """What was taken as it is stored: with 128 more in lane 0. `lifted` values of `count` have 128 more already."""
    lower = register == _LOWER
    if task.layer.scaling is not None:
        scaling = _scaling(task)
        if scaling.twice:
            writer.add(Does.LEFT, register, register, by=1)
        write_scaled(writer, scaling, register, _INVERSE, _STARTS[register], lifted=lower)
        return
    if task.layer.reduction is Reduction.AVERAGE:
        if len(task.counts) > 1:
            _write_inverse(writer, task, count)
        _divide(writer, register, count, LIFT * lifted)
        if not lower:
            add_signed(writer, register, -LIFT)
    write_clamp(writer, register, (task.layer.low, task.layer.high), LIFT if lower else 0)


def _divide(writer: Writer, register: int, count: int, lifted: int) -> None:
    """register := 128 more than the average of `count` values whose sum, and `lifted` more, it holds."""
    half = count // 2 + LIFT * count
    if count % 2 == 0:
        write_sum_to(writer, register, -lifted)
        writer.add(Does.ADD_SIGN, register, register)
        lifted = 0
    write_sum_to(writer, register, half - lifted)
    if count & count - 1:
        writer.add(Does.MULTIPLY_UPPER, register, register, _INVERSE)
    elif count > 1:
        writer.add(Does.RIGHT, register, register, by=count.bit_length() - 1)


def write_sum_to(writer: Writer, register: int, number: int) -> None:
    """register := register + number, through another register where it is large."""
    if abs(number) <= _NEAR:
        add_signed(writer, register, number)
    else:
        write_constant(writer, _SIGN, number)
        writer.add(Does.ADD_TO, register, _SIGN)
