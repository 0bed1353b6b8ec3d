"""One trip of a layer of weights: `across` positions of a group of channels, around the weights that are left.

Words of a row are loaded once for all taps in it; a weight comes out of a stream of constants, and serves all positions
before the next:

    vldmia r7!, {s16-s25}            the words of a row that the taps on it reach
    vldmia r1!, {s28-s31}            the next weights
    vmul.f32 s26, s28, s16           for each position: a product,
    vadd.f32 s0, s0, s26             and the sum

Each sum takes its products in the order that is declared (tensors/floats/sums.py), whatever the body does at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from armlet.isa.integer_operation import IntegerOperation
from armlet.isa.operation import Operation
from armlet.select.floats.frame import ADDRESSES, FLOATS, POOL, SOURCE
from armlet.select.floats.lines import Line, Machine, core_line, float_line
from armlet.select.floats.task import Shape, SumsTask, Use
from armlet.tensors.rows import WORD

_NEAR = 1020  # ARM DDI 0403, A7.7.233: VLDR reaches 8 bits of words
_REACH = 4092  # A7.7.3: ADD T4, whole words
_STREAM = 8  # constants that are loaded at once, at most


@dataclass(frozen=True, slots=True)
class Registers:
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


def registers_of(task: SumsTask, shape: Shape) -> Registers | None:
    """How a body of this shape shares the registers out; None where there are too few."""
    step, sums = task.sums.stride[1], shape.across * shape.channels
    least = (shape.across - 1) * step + 1
    products = min(2, shape.across - 1)
    left = FLOATS - sums - products
    if left < least + 2 or FLOATS - sums < task.closing.registers:
        return None
    widest = max((int(t.column.max() - t.column.min()) for t in task.sums.taps if len(t)), default=0)
    words = max(least, min(least + widest, left - 4, FLOATS))
    return Registers(sums, words, products, min(_STREAM, left - words))


class Body:
    """The lines of one trip, as they depend on each other."""

    def __init__(
        self, machine: Machine, task: SumsTask, across: int, channels: int, registers: Registers, uses: Sequence[Use]
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
        self._last: dict[int, tuple[int, int]] = {}  # column, and the tap and the position that take it last

    def add(self, op: Operation, **operands: int | float | str | tuple[int, int]) -> None:
        """A line of the floating-point unit."""
        self.lines.append(float_line(self.machine.floats, op, **operands))

    def core(self, op: IntegerOperation, **operands: int) -> None:
        """A line of the core."""
        self.lines.append(core_line(self.machine.cores, op, "", **operands))

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
                column = use.column + p * self.task.sums.stride[1]
                is_last = self._last.get(column) == (number, p)
                self._write_tap(use, p, self._held[column], register, bias.get(use.channel, -1), is_last)

    def write_end(self, stored: Sequence[tuple[int, int]]) -> None:
        """Activate and store all sums."""
        closing, registers = self.task.closing, range(self.registers.sums, FLOATS)
        count = len(closing.constants)
        for first in range(0, count, _STREAM):
            size = min(_STREAM, count - first)
            self.add(Operation.LOAD_CONSTANTS, list=(registers[first], size), base=POOL)
        held = dict(zip(closing.constants, registers))
        self.lines += closing.lines(self.machine, stored, held, registers[count:])

    def _write_tap(self, use: Use, position: int, x: int, weight: int, bias: int, is_last: bool) -> None:
        """A product and its sum; a word or a weight that nobody takes after this gives its register to the product."""
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
            product = weight if position == self.across - 1 else x if is_last else self._next_product()
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
        self._last = self._last_uses(number)

    def _last_uses(self, number: int) -> dict[int, tuple[int, int]]:
        """For the words that are held from a tap on, the taps and positions that take them last."""
        step, found = self.task.sums.stride[1], dict[int, tuple[int, int]]()
        for k in range(number, len(self.uses)):
            use = self.uses[k]
            columns = [use.column + p * step for p in range(self.across)]
            if use.row != self._row or not {*columns} <= self._held.keys():
                break
            if not use.is_bias:
                found |= {column: (k, p) for p, column in enumerate(columns)}
        return found

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
