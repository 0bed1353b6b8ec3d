"""Writes a convolution: for each group of output channels a loop over positions, around the weights that are left.

A body makes `across` words, neighbours in a row, of each of its channels. A weight is a constant that is made on the
spot, and one long multiplication for each word:

    movs  w, #5
    smlal low, high, w, x            low field += 5 * lane 0, the rest += 5 * lane 1

The lowest 24 bits of the 64 are the sum of lane 0 and 2^23; what is above them is the sum of lane 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from armlet.errors import CapacityError
from armlet.integer.layers import IntegerConv
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.network.layers import Pair
from armlet.select.integer.constants import write_constant
from armlet.select.integer.writer import Writer
from armlet.select.tensors.closing import Scaling, scaling_of, write_scaled
from armlet.select.tensors.fetch import Registers
from armlet.select.tensors.frame import (
    BASE,
    CHANNEL,
    CONSTANTS,
    FACTOR,
    RESULT,
    ROW_END,
    ROWS,
    SUMS,
    TABLE,
    VALUES,
    Pointer,
    add_number,
    begin_counted,
    end_counted,
    write_place,
    write_table,
)
from armlet.tensors.layout import LIFT, UPPER, WORD, LaneLayout

_FIELD = 1 << UPPER - 1  # what the sum of lane 0 has more than its own


@dataclass(frozen=True, slots=True)
class Shape:
    """How much a body does at once."""

    across: int  # words in a row
    channels: int

    def __post_init__(self) -> None:
        if 2 * self.across * self.channels > len(SUMS) or self.across > len(VALUES):
            raise CapacityError(f"{self.across} words of {self.channels} channels have no registers")


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """A layer with the places of what it takes and makes, in bytes from the start of the block."""

    layer: IntegerConv
    number: int
    taken: LaneLayout
    made: LaneLayout
    source: int
    result: int

    def taps(self, channel: int) -> list[tuple[int, int, int, int]]:
        """(row, channel, column, weight) of what an output channel takes, rows and columns from the window's first."""
        layer = self.layer
        weight = layer.weight[channel]
        first = channel // (len(layer.body.bias) // layer.groups) * weight.shape[0]
        rows, columns = layer.dilation
        found = [
            (y * rows, int(c) + first, x * columns, int(weight[c, y, x])) for c, y, x in np.argwhere(weight).tolist()
        ]
        return sorted(found)

    def scaling(self, channel: int) -> Scaling:
        """How its sums are stored."""
        return scaling_of(self.layer.body, channel, f"layer {self.number}, channel {channel}")

    def doubled(self, channel: int) -> bool:
        """Whether the weights are taken twice, since the scaling wants twice the sum."""
        return self.scaling(channel).twice and self.fits(channel, 2)

    def fits(self, channel: int, times: int) -> bool:
        """Whether the field of lane 0 holds the sum so many times."""
        least, most = self.sums(channel)
        return times * least >= -_FIELD and times * most < _FIELD

    def sums(self, channel: int) -> tuple[int, int]:
        """The least and greatest sum of a channel in lane 0."""
        weight = self.layer.body.weight[channel].astype(np.int64)
        bias = int(self.layer.body.bias[channel]) - LIFT * int(weight.sum())
        return bias + 255 * int(np.minimum(weight, 0).sum()), bias + 255 * int(np.maximum(weight, 0).sum())


def write_convolution(writer: Writer, task: Convolution, groups: Sequence[Sequence[int]], shape: Shape) -> None:
    """All lines of a layer."""
    writer.layer = task.number
    check_fields(task)
    for group in groups:
        _write_group(writer, task, tuple(group), shape)


def groups_of(layer: IntegerConv, size: int) -> tuple[tuple[int, ...], ...]:
    """Output channels in groups of `size`, each with those that take most of what it takes."""
    takes = (layer.weight != 0).any(axis=3).reshape(len(layer.body.bias), -1)
    left, found = list(range(len(takes))), list[tuple[int, ...]]()
    while left:
        group = [left.pop(0)]
        while len(group) < size and left:
            union = takes[group].any(axis=0)
            shared = [int((takes[j] & union).sum()) / max(1, int(takes[j].sum())) for j in left]
            group.append(left.pop(int(np.argmax(shared))))
        found.append(tuple(group))
    return tuple(found)


def check_fields(task: Convolution) -> None:
    """Raise `CapacityError` where the sum of lane 0 may leave its field."""
    for channel in range(len(task.layer.body.bias)):
        if not task.fits(channel, 1):
            least, most = task.sums(channel)
            span = f"{least} to {most}"
            raise CapacityError(f"layer {task.number}, channel {channel} has sums from {span}: a field takes 24 bits")


def _write_group(writer: Writer, task: Convolution, group: tuple[int, ...], shape: Shape) -> None:
    taken, made, windows = task.taken, task.made, task.layer
    down, across = windows.stride
    trips, rest = divmod(made.width, shape.across)
    start = task.source + taken.at(-windows.padding[0], 0, -windows.padding[1])
    _write_constants(writer, task, group)
    write_place(writer, FACTOR, task.result + made.at(0, min(group), 0))
    writer.add(Does.STORE_STACK, FACTOR, number=RESULT)
    write_place(writer, BASE, start)
    top = writer.here
    if made.split > 1:
        top = begin_counted(writer, made.split, ROWS)
    if trips > 1:
        _write_row_end(writer, trips * shape.across * across * WORD)
    writer.runs, again = made.split * trips, writer.here
    if trips:
        _write_body(writer, task, group, shape.across)
    if trips > 1:
        writer.add(Does.LOAD_STACK, VALUES[0], number=ROW_END)
        writer.add(Does.REPEAT_UNTIL, a=BASE, b=VALUES[0], number=writer.here - again)
    writer.runs = made.split
    if rest:
        _write_body(writer, task, group, rest)
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
    writer.add(Does.LOAD_STACK, FACTOR, number=RESULT)
    add_number(writer, FACTOR, (made.row - made.width) * WORD)
    writer.add(Does.STORE_STACK, FACTOR, number=RESULT)


def _write_constants(writer: Writer, task: Convolution, group: tuple[int, ...]) -> None:
    """The constants of one channel on the stack; of several, where they are."""
    write_table(writer, FACTOR, _fill(writer, task, group))
    if len(group) > 1:
        writer.add(Does.STORE_STACK, FACTOR, number=TABLE)
        return
    for k in range(CONSTANTS):
        writer.add(Does.LOAD, SUMS[k], FACTOR, number=k * WORD)
    for k in range(CONSTANTS):
        writer.add(Does.STORE_STACK, SUMS[k], number=CHANNEL + k * WORD)


def _fill(writer: Writer, task: Convolution, group: tuple[int, ...]) -> int:
    """The constants of a group at the end of the pool; gives where they begin."""
    start = len(writer.pool)
    for channel in group:
        body, scaling = task.layer.body, task.scaling(channel)
        bias = int(body.bias[channel])
        below = bias - LIFT * int(body.weight[channel].astype(np.int64).sum())
        lift = LIFT << scaling.shift
        ends = (scaling.start + lift, scaling.start)
        if not scaling.factor:  # a shift is given its zero with the bias
            below, bias, ends = below + ends[0], bias + ends[1], (0, 0)
        times = 2 if task.doubled(channel) else 1
        sums = times * below + _FIELD + (times * bias << UPPER)
        writer.fill_words([sums, sums >> 32, scaling.factor, *ends])
    return start


def _write_body(writer: Writer, task: Convolution, group: tuple[int, ...], across: int) -> None:
    """One trip: `across` words of each channel of a group."""
    sums = [[(2 * (j * across + q), 2 * (j * across + q) + 1) for q in range(across)] for j in range(len(group))]
    pairs = [[(SUMS[low], SUMS[high]) for low, high in row] for row in sums]
    if len(group) > 1:
        writer.add(Does.LOAD_STACK, FACTOR, number=TABLE)
    for j, row in enumerate(pairs):
        (low, high), *others = row
        if len(group) > 1:
            writer.add(Does.LOAD_PAIR, low, FACTOR, high, number=j * CONSTANTS * WORD)
        else:
            writer.add(Does.LOAD_STACK_PAIR, low, b=high, number=CHANNEL)
        for other_low, other_high in others:
            writer.add(Does.MOVE, other_low, low)
            writer.add(Does.MOVE, other_high, high)
    pointer = Pointer(writer, BASE, _last_place(task, group, across))
    _write_taps(writer, task, group, pairs, pointer)
    pointer.move(across * task.layer.stride[1] * WORD)
    _write_end(writer, task, group, pairs)


def _last_place(task: Convolution, group: tuple[int, ...], across: int) -> int:
    """The last word that a body loads, from the window's first."""
    words = [(y, c, x) for channel in group for y, c, x, _ in task.taps(channel)]
    more = task.layer.stride[1] * (across - 1)
    return max((_place(task, y, c, x + more) for y, c, x in words), default=0)


def _place(task: Convolution, row: int, channel: int, column: int) -> int:
    """Where a word lies, from the window's first, in bytes."""
    return ((row * task.taken.channels + channel) * task.taken.pitch + column) * WORD


def _write_taps(
    writer: Writer, task: Convolution, group: tuple[int, ...], pairs: list[list[tuple[int, int]]], pointer: Pointer
) -> None:
    """The weights of a group. Words are loaded in runs, as many as there are registers whose words are done with."""
    across, stride = len(pairs[0]), task.layer.stride[1]
    times = [2 if task.doubled(channel) else 1 for channel in group]
    taps = sorted((y, c, x, j, w * times[j]) for j, channel in enumerate(group) for y, c, x, w in task.taps(channel))
    products = [((y, c, x + stride * q), j, q, w) for y, c, x, j, w in taps for q in range(across)]
    registers = Registers((*VALUES, *SUMS[2 * across * len(group) :]), [word for word, *_ in products])
    factor: int | None = None
    for number, (word, j, q, weight) in enumerate(products):
        for fresh, register in registers.fetched(number):
            writer.add(Does.LOAD, register, BASE, number=pointer.offset(_place(task, *fresh)))
        if weight != factor:
            write_constant(writer, FACTOR, weight)
            factor = weight
        low, high = pairs[j][q]
        writer.add(Does.MULTIPLY_LONG, low, FACTOR, registers.held[word], e=high)


def _write_end(writer: Writer, task: Convolution, group: tuple[int, ...], pairs: list[list[tuple[int, int]]]) -> None:
    """Scale the sums back, and store a word for each position of each channel."""
    factor, lower, upper, part = VALUES
    alone, is_last = len(group) == 1, len(group) - 1
    if not alone:
        writer.add(Does.LOAD_STACK, FACTOR, number=TABLE)
    for j, (channel, row) in enumerate(zip(group, pairs)):
        scaling = task.scaling(channel)
        for k, register in enumerate((factor, lower, upper) if scaling.factor else (), 2):
            if alone:
                writer.add(Does.LOAD_STACK, register, number=CHANNEL + k * WORD)
            else:
                writer.add(Does.LOAD, register, FACTOR, number=(j * CONSTANTS + k) * WORD)
        if j == is_last:  # in one run with the constants
            writer.add(Does.LOAD_STACK, FACTOR, number=RESULT)
        for low, high in row:
            writer.add(Does.UNSIGNED_FIELD, part, low, by=UPPER)
            writer.add(Does.LEFT, high, high, by=32 - UPPER)
            writer.add(Does.OR_RIGHT, high, high, low, by=UPPER)
            writer.add(Does.LESS_NUMBER, part, part, number=_FIELD)
            if scaling.twice and not task.doubled(channel):
                for register in (part, high):
                    writer.add(Does.LEFT, register, register, by=1)
            write_scaled(writer, scaling, part, factor, lower, lifted=True)
            write_scaled(writer, scaling, high, factor, upper, lifted=False)
            writer.add(Does.OR_LEFT, low, part, high, by=UPPER)
    result, first = Pointer(writer, FACTOR), min(group)
    for channel, row in sorted(zip(group, pairs)):
        for q, (low, _) in enumerate(row):
            place = ((channel - first) * task.made.pitch + q) * WORD
            writer.add(Does.STORE, low, FACTOR, number=result.offset(place))
    result.move(len(pairs[0]) * WORD)
    writer.add(Does.STORE_STACK, FACTOR, number=RESULT)
