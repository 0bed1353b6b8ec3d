"""Writes a layer for Cortex-M0+ by shifts, multiplications and additions on words of two bytes, or of one value.

Of two bytes, 24 bits apart, sums have 24 bits; a word of one value has a sign, and sums have 32 bits. An accumulator is
opened by its first product, and gets its bias when it is closed.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

from armlet.integer.requantise import Multiplier
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.isa.integer_target import LOW
from armlet.pack.layer_code import WordOp
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.m0plus.closing import Close
from armlet.select.integer.m0plus.ends import closing_obstacle, ends_of
from armlet.select.integer.m0plus.products import FIELD, Taker, Takers, Visit, products_of
from armlet.select.integer.m0plus.signs import Group, turned_signs
from armlet.select.integer.m0plus.walk import Draft, loads_of, walk
from armlet.select.integer.shift_add import shift_add_obstacle
from armlet.select.integer.writer import Writer

SINGLE = 32  # bits of a word's only field


def paired_obstacle(task: LayerTask) -> str:
    """Why words of two bytes do not hold the layer's values or sums, or its closing fails; empty where all fits."""
    task = replace(task, high=FIELD)
    return shift_add_obstacle(task, FIELD) or closing_obstacle(task)


def single_obstacle(task: LayerTask) -> str:
    """Why a sum's closing fails; empty where it does not."""
    return closing_obstacle(replace(task, high=SINGLE))


def write_m0plus(writer: Writer, task: LayerTask) -> None:
    """All lines of the layer."""
    lines = Writer(writer.target, writer.pool_register, task.number, pool=writer.pool, tables=writer.tables)
    draft = Draft(lines)
    _Layer(task, draft).write()
    writer.layer = task.number
    writer.base_at = walk(writer, draft, writer.base_at)


_Row: TypeAlias = list[int]  # operation, register, register of a word, what


class _Layer:
    """Registers while a layer is written."""

    def __init__(self, task: LayerTask, draft: Draft) -> None:
        self.task, self.draft, self.writer = task, draft, draft.writer
        self.multiply = self.writer.target.templates[Does.MULTIPLY_TO].cycles
        self.multiplies = isinstance(task.layer.requantisation, Multiplier)
        self.pieces = list(_pieces(task.code.rows.tolist()))
        self.signs = self._signs()
        self.held: set[int] = set()  # accumulators
        self.fresh: set[int] = set()  # of these, those that hold nothing yet
        self.words: set[int] = set()  # registers that hold one

    def write(self) -> None:
        """All lines."""
        for rows in self.pieces:
            match rows[0][0]:
                case WordOp.LOAD:
                    self._load(rows)
                case WordOp.CLOSE:
                    self._close(rows[0][1], rows[0][3])
                case _:
                    self._visit(rows)

    def _load(self, rows: list[_Row]) -> None:
        """Those side by side in memory as one access."""
        self.words |= {register for _, register, _, _ in rows}
        for load in loads_of((register, int(self.task.words[word])) for _, register, _, word in rows):
            self.draft.access(load)

    def _visit(self, rows: list[_Row]) -> None:
        for kind, register, _, _ in rows:
            if kind == WordOp.OPEN:
                self.held.add(register)
                self.fresh.add(register)
        takers = self._takers(rows)
        if takers:
            x = rows[-1][2]
            Visit(self.writer, x, takers, self._free(), self.fresh).write()
            self.words.discard(x)

    def _close(self, a: int, neuron: int) -> None:
        u, t, w = (register for register in self._free()[:3])
        Close(self.draft, self.task, neuron, a, self.signs[neuron], u, t, w).write(a in self.fresh)
        self.fresh.discard(a)
        self.held.discard(a)

    def _free(self) -> list[int]:
        low = sorted(register for register in self.writer.target.free if register < LOW)
        return [register for register in low if register not in self.held and register not in self.words]

    def _takers(self, rows: list[_Row]) -> Takers:
        """The products of a visit, and the accumulators that take them."""
        found: Takers = {}
        for kind, register, _, item in rows:
            if kind == WordOp.ADD:
                neuron = int(self.task.code.items[item, 0])
                for of, source, weight in self.task.weights(item):
                    for product, sign in products_of(weight, of, self.multiply):
                        taker = Taker(register, sign * self.signs[neuron], (source, neuron))
                        found.setdefault(product, []).append(taker)
        return found

    def _signs(self) -> list[int]:
        """Which neurons are summed up turned."""
        neurons = self.task.layer.neurons
        self.signs = [1] * neurons
        groups: list[Group] = []
        costs = [0] * neurons
        for rows in self.pieces:
            for takers in self._takers(rows).values():
                high = [(taker.connection[1], taker.sign) for taker in takers if taker.register >= LOW]
                groups.append(tuple(high))
            for kind, register, _, neuron in rows:
                if kind == WordOp.CLOSE and register >= LOW:
                    falls = not self.multiplies and ends_of(self.task, neuron).falls
                    costs[neuron] = 1 if falls else -1
        return turned_signs(groups, neurons, costs)


def _pieces(rows: list[_Row]) -> Iterator[list[_Row]]:
    """Rows that belong together: loads, the items of one word with what they open, a closing."""
    piece: list[_Row] = []
    current = -1
    for row, after in zip(rows, [*rows[1:], None]):
        x = row[2] if row[0] == WordOp.ADD else after[2] if after and row[0] == WordOp.OPEN else -1
        if piece and (_kind(row) != _kind(piece[0]) or row[0] == WordOp.CLOSE or (x >= 0 and x != current)):
            yield piece
            piece = []
        current = x
        piece.append(row)
    if piece:
        yield piece


def _kind(row: _Row) -> int:
    return WordOp.ADD if row[0] == WordOp.OPEN else row[0]
