"""Writes a layer of weights: for each group of output channels a loop over positions, around the weights that are left.

A body makes `across` positions, neighbours in a row, of each of its channels. Words of a row are loaded once for all
taps in it; a weight comes out of a stream of constants, and serves all positions before the next:

    vldmia r7!, {s16-s25}            the words of a row that the taps on it reach
    vldmia r1!, {s28-s31}            the next weights
    vmul.f32 s26, s28, s16           for each position: a product,
    vadd.f32 s0, s0, s26             and the sum

Each sum takes its products in the order that is declared (tensors/floats/sums.py), whatever the body does at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from armlet.errors import CapacityError
from armlet.isa.integer_operation import IntegerOperation
from armlet.isa.operation import Operation
from armlet.select.floats.closing import Closing
from armlet.select.floats.frame import ADDRESSES, BLOCK, COLUMNS, CONSTANTS, FLOATS, POOL, RESULT, ROWS, SOURCE
from armlet.select.floats.lines import Line, Machine, Writer, core_line, float_line
from armlet.select.floats.schedule import arranged
from armlet.tensors.floats.planes import WORD, PlacedPlanes
from armlet.tensors.floats.sums import Sums

_NEAR = 1020  # ARM DDI 0403, A7.7.233: VLDR reaches 8 bits of words
_REACH = 4092  # A7.7.3: ADD T4, whole words
_STREAM = 8  # constants that are loaded at once, at most
_FAR = 1_000_000  # A7.7.12: B T3 reaches 20 bits


@dataclass(frozen=True, slots=True, order=True)
class Shape:
    """How much a body does at once."""

    across: int  # positions in a row
    channels: int


@dataclass(frozen=True, slots=True, eq=False)
class SumsTask:
    """A layer of weights, the tensor that it takes and where what it makes lies."""

    sums: Sums
    number: int
    taken: PlacedPlanes
    positions: tuple[int, int]  # down, across
    places: tuple[int, ...]  # of each output channel at the first position, in bytes from the start of the block
    down: int  # bytes from a position to that below it
    is_fused: bool

    @property
    def closing(self) -> Closing:
        """What becomes of a sum."""
        return Closing(self.sums.activation, self.sums.slope)

    def place(self, row: int, channel: int, column: int) -> int:
        """Where a word lies, in bytes from the first of a window."""
        layout = self.taken.layout
        return ((row * layout.channels + channel) * layout.pitch + column) * WORD


@dataclass(frozen=True, slots=True)
class _Registers:
    """The float registers of a body: sums, words, products on their way, constants on theirs."""

    sums: int
    words: int
    products: int
    stream: int

    @property
    def word(self) -> int:
        return self.sums

    @property
    def product(self) -> int:
        return self.sums + self.words

    @property
    def constant(self) -> int:
        return self.sums + self.words + self.products


def registers_of(task: SumsTask, shape: Shape) -> _Registers | None:
    """How a body of this shape shares the registers out; None where there are too few."""
    step, sums = task.sums.stride[1], shape.across * shape.channels
    least = (shape.across - 1) * step + 1
    products = min(2, shape.across - 1)
    left = FLOATS - sums - products
    if left < least + 2 or FLOATS - sums < task.closing.registers:
        return None
    widest = max((_widest(t.row, t.channel, t.column) for t in task.sums.taps if len(t)), default=0)
    words = max(least, min(least + widest, left - 4, FLOATS))
    return _Registers(sums, words, products, min(_STREAM, left - words))


def _widest(row: np.ndarray, channel: np.ndarray, column: np.ndarray) -> int:
    """Columns from the first to the last of any row of a window."""
    return int(column.max() - column.min())


def groups_of(sums: Sums, size: int) -> tuple[tuple[int, ...], ...]:
    """Output channels in groups of `size`, each with those that take most of the rows that it takes."""
    rows = [frozenset(zip(taps.row.tolist(), taps.channel.tolist())) for taps in sums.taps]
    numbers = {each: k for k, each in enumerate(sorted(frozenset().union(*rows)))}
    takes = np.zeros((len(rows), len(numbers)), bool)
    for j, each in enumerate(rows):
        takes[j, [numbers[one] for one in each]] = True
    left, found = list(range(len(takes))), list[tuple[int, ...]]()
    while left:
        group = [left.pop(0)]
        while len(group) < size and left:
            union = takes[group].any(axis=0)
            shared = (takes[left] & union).sum(axis=1) / np.maximum(1, takes[left].sum(axis=1))
            group.append(left.pop(int(np.argmax(shared))))
        found.append(tuple(sorted(group)))
    return tuple(found)


def write_sums(writer: Writer, task: SumsTask, shape: Shape) -> None:
    """All lines of a layer."""
    writer.layer = task.number
    for group in groups_of(task.sums, shape.channels):
        write_group(writer, task, group, shape)


def write_group(writer: Writer, task: SumsTask, group: Sequence[int], shape: Shape) -> None:
    """The lines of a group of output channels."""
    (down, across), (top, left, *_), layout = task.sums.stride, task.sums.padding, task.taken.layout
    rows, columns = task.positions
    trips, rest = divmod(columns, shape.across)
    uses = _uses(task, group)
    constants = [use.word for use in uses if use.word is not None] + list(task.closing.constants)
    if constants:
        writer.address(CONSTANTS, writer.symbol, len(writer.constants) * WORD, POOL)
        writer.constants += constants
    writer.move(SOURCE, task.taken.start + layout.at(-top, 0, -left), BLOCK)
    writer.move(RESULT, min(task.places[j] for j in group), BLOCK)
    outer, start = writer.begin(ROWS, rows), len(writer.lines)
    if trips:
        inner = writer.begin(COLUMNS, trips)
        _write_body(writer, task, group, Shape(shape.across, shape.channels), uses, bool(constants))
        writer.end(COLUMNS, inner, trips)
    if rest:
        _write_body(writer, task, group, Shape(rest, shape.channels), uses, bool(constants))
    if rows > 1:
        writer.move(SOURCE, (down * layout.row - across * columns) * WORD)
        writer.move(RESULT, task.down - columns * WORD)
    writer.end(ROWS, outer, rows)
    if sum(line.size for line in writer.lines[start:]) > _FAR:
        raise CapacityError(f"layer {task.number}: a body of {len(uses)} weights is longer than a branch reaches")


@dataclass(frozen=True, slots=True)
class _Use:
    """A tap of a group, or what begins a sum, in the order of the stream."""

    channel: int  # in the group
    row: tuple[int, int] | None  # of the window, and the channel that it takes; None where a bias is all
    column: int
    weight: float
    word: int | None  # constant of the stream
    is_bias: bool = False
    begins: bool = False
    is_biased: bool = False


def _uses(task: SumsTask, group: Sequence[int]) -> list[_Use]:
    """All taps of a group by row and channel, then by column; a bias stands before the first weight of its sum."""
    taps = [
        (row, channel, column, j, float(weight))
        for j, number in enumerate(group)
        for row, channel, column, weight in _listed(task, number)
    ]
    begun, found = set[int](), list[_Use]()
    for row, channel, column, j, weight in sorted(taps):
        bias = float(task.sums.bias[group[j]])
        begins = j not in begun
        if begins and bias:
            found.append(_Use(j, (row, channel), column, bias, _word(bias), is_bias=True))
        word = None if abs(weight) == 1 else _word(weight)
        found.append(_Use(j, (row, channel), column, weight, word, begins=begins, is_biased=bool(bias)))
        begun.add(j)
    for j in range(len(group)):
        if j not in begun:
            found.append(_Use(j, None, 0, 0, _word(float(task.sums.bias[group[j]])), is_bias=True))
    return found


def _listed(task: SumsTask, number: int) -> Iterator[tuple[int, int, int, np.float32]]:
    taps = task.sums.taps[number]
    yield from zip(taps.row.tolist(), taps.channel.tolist(), taps.column.tolist(), taps.weight)


def _word(number: float) -> int:
    return int(np.float32(number).view(np.uint32))


def _write_body(
    writer: Writer, task: SumsTask, group: Sequence[int], shape: Shape, uses: Sequence[_Use], streams: bool
) -> None:
    """One trip: `across` positions of each channel of a group, and both pointers on."""
    registers = registers_of(task, shape)
    assert registers is not None
    body = Body(writer.machine, task, shape.across, len(group), registers, uses)
    if streams:
        body.core(IntegerOperation.MOVE, d=POOL, a=CONSTANTS)
    body.write_taps()
    first, places = min(task.places[j] for j in group), [task.places[j] for j in group]
    stored = sorted(
        (places[j] - first + p * WORD, body.sum(j, p)) for j in range(len(group)) for p in range(shape.across)
    )
    body.write_end([(register, offset) for offset, register in stored])
    writer.put_all(body.lines if writer.is_draft else arranged(body.lines))
    writer.move(SOURCE, shape.across * task.sums.stride[1] * WORD - body.at)
    writer.move(RESULT, shape.across * WORD)


class Body:
    """The lines of one trip, as they depend on each other."""

    def __init__(
        self, machine: Machine, task: SumsTask, across: int, channels: int, registers: _Registers, uses: Sequence[_Use]
    ) -> None:
        self.machine, self.task, self.across, self.registers, self.uses = machine, task, across, registers, uses
        self.lines: list[Line] = []
        self.at = 0  # of the pointer, from the window's first word
        self._turn, self._product = 0, 0
        self._words: list[int] = [use.word for use in uses if use.word is not None]
        self._is_bias = [use.is_bias and use.row is not None for use in uses if use.word is not None]
        self._taken, self._loaded, self._first = 0, 0, 0
        self._held: dict[int, int] = {}  # column of the words that are loaded, and their registers
        self._row: tuple[int, int] | None = None

    def add(self, op: Operation, **operands: int | float | str | tuple[int, int]) -> None:
        """A line of the floating-point unit."""
        self.lines.append(float_line(self.machine.floats, op, **operands))

    def core(self, op: IntegerOperation, **operands: int) -> None:
        """A line of the core."""
        self.lines.append(core_line(self.machine.cores, op, **operands))

    def sum(self, channel: int, position: int) -> int:
        """The register of a sum."""
        return channel * self.across + position

    def write_taps(self) -> None:
        """All products and sums."""
        bias = dict[int, int]()
        for number, use in enumerate(self.uses):
            register = -1 if use.word is None else self._constant()
            if use.row is None:
                for p in range(self.across):
                    self.add(Operation.COPY, d=self.sum(use.channel, p), a=register)
                continue
            if use.is_bias:
                bias[use.channel] = register
                continue
            self._fetch(number)
            for p in range(self.across):
                x = self._held[use.column + p * self.task.sums.stride[1]]
                self._write_tap(use, p, x, register, bias.get(use.channel, -1))

    def write_end(self, stored: Sequence[tuple[int, int]]) -> None:
        """Activate and store all sums."""
        closing, registers = self.task.closing, range(self.registers.sums, FLOATS)
        count = len(closing.constants)
        for first in range(0, count, _STREAM):
            size = min(_STREAM, count - first)
            self.add(Operation.LOAD_CONSTANTS, list=(registers[first], size), base=POOL)
        held = dict(zip(closing.constants, registers))
        self.lines += closing.lines(self.machine, stored, held, registers[count:])

    def _write_tap(self, use: _Use, position: int, x: int, weight: int, bias: int) -> None:
        total = self.sum(use.channel, position)
        start = bias if use.begins and use.is_biased else total
        if weight < 0:
            if use.begins and not use.is_biased:
                self.add(Operation.COPY if use.weight > 0 else Operation.NEGATE, d=total, a=x)
            else:
                self.add(Operation.ADD if use.weight > 0 else Operation.SUBTRACT, d=total, a=start, b=x)
        elif use.begins and not use.is_biased:
            self.add(Operation.MULTIPLY, d=total, a=weight, b=x)
        elif self.task.is_fused:
            if start != total:
                self.add(Operation.COPY, d=total, a=start)
            self.add(Operation.FUSED, d=total, a=weight, b=x)
        else:
            product = weight if position == self.across - 1 else self._next_product()
            self.add(Operation.MULTIPLY, d=product, a=weight, b=x)
            self.add(Operation.ADD, d=total, a=start, b=product)

    def _next_product(self) -> int:
        self._product = (self._product + 1) % self.registers.products
        return self.registers.product + self._product

    def _constant(self) -> int:
        """The register of the next constant of the stream, which is loaded with those behind it.

        A bias and the weight behind it are there at once.
        """
        if self._taken == self._loaded:
            size = min(self.registers.stream, len(self._words) - self._loaded)
            if size > 1 and self._is_bias[self._loaded + size - 1]:
                size -= 1
            self.add(Operation.LOAD_CONSTANTS, list=(self.registers.constant, size), base=POOL)
            self._first, self._loaded = self._loaded, self._loaded + size
        self._taken += 1
        return self.registers.constant + self._taken - 1 - self._first

    def _fetch(self, number: int) -> None:
        """Load the words that a tap takes, with those of the taps behind it on the same row that fit."""
        use, step = self.uses[number], self.task.sums.stride[1]
        span = (self.across - 1) * step + 1
        if use.row == self._row and use.column in self._held and use.column + span - 1 in self._held:
            return
        last = use.column
        for other in self.uses[number:]:
            if other.row != use.row or other.column + span - use.column > self.registers.words:
                break
            if other.column > last + span:  # words between that nobody takes
                break
            last = max(last, other.column)
        assert use.row is not None
        count = last - use.column + span
        self._load(self.task.place(*use.row, use.column), self.task.place(*use.row, 0), count)
        self._held = {use.column + k: self.registers.word + k for k in range(count)}
        self._row = use.row

    def _load(self, place: int, row: int, count: int) -> None:
        """So many words from a place on, in a row that begins at another."""
        if not 0 <= place - self.at <= _REACH:
            by = (row if place - row <= _REACH else place) - self.at
            while by:
                step = max(-_REACH, min(by, _REACH))
                op = IntegerOperation.ADD_NUMBER if step > 0 else IntegerOperation.SUBTRACT_NUMBER
                self.core(op, d=SOURCE, a=SOURCE, number=abs(step))
                self.at, by = self.at + step, by - step
        offset, word = place - self.at, self.registers.word
        if count <= 2 and offset + (count - 1) * WORD <= _NEAR:
            for k in range(count):
                self.add(Operation.LOAD, d=word + k, base=SOURCE, offset=offset + k * WORD)
            return
        address = ADDRESSES[self._turn]
        self._turn = (self._turn + 1) % len(ADDRESSES)
        self.add(Operation.LEA, pointer=address, base=SOURCE, offset=offset)
        self.add(Operation.LOAD_MULTIPLE, list=(word, count), base=address)
