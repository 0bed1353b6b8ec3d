"""Writes a layer for Cortex-M0+ by shifts, multiplications and additions on words of two bytes, 24 bits apart.

An accumulator is opened by its first product, and gets its bias when it is closed.
"""

from collections.abc import Iterator
from typing import TypeAlias

from armlet.integer.requantise import Multiplier
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.pack.layer_code import WordOp
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.m0plus.closing import Close, ends_of
from armlet.select.integer.m0plus.products import FIELD, Taker, Takers, Visit, products_of
from armlet.select.integer.m0plus.signs import Group, turned_signs
from armlet.select.integer.m0plus.walk import Draft, Load, walk
from armlet.select.integer.shift_add import shift_add_obstacle
from armlet.select.integer.writer import LOW, Writer

WORD = 4


def m0plus_obstacle(task: LayerTask) -> str:
    """Why values or sums leave their fields, or the closing cannot scale or activate; empty where all fits."""
    if task.layer.table is not None:
        return f"there is no code for tables on this core, which {task.layer.activation.value} takes"
    if isinstance(task.layer.requantisation, Multiplier):
        return "there is no code for multipliers on this core: scale sums by shifts"
    return shift_add_obstacle(task, FIELD)


def write_m0plus(writer: Writer, task: LayerTask) -> None:
    """All lines of the layer."""
    draft = Draft(Writer(writer.target, writer.pool_register, task.number))
    _Layer(task, draft).write()
    writer.layer = task.number
    writer.base_at = walk(writer, draft, writer.base_at)


_Row: TypeAlias = list[int]  # operation, register, register of a word, what


class _Layer:
    """Registers while a layer is written."""

    def __init__(self, task: LayerTask, draft: Draft) -> None:
        self.task, self.draft, self.writer = task, draft, draft.writer
        self.multiply = self.writer.target.templates[Does.MULTIPLY_TO].cycles
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
        runs: list[list[tuple[int, int]]] = []
        for _, register, _, word in rows:
            offset = int(self.task.words[word])
            if runs and runs[-1][-1][1] + WORD == offset and runs[-1][-1][0] < register:
                runs[-1].append((register, offset))
            else:
                runs.append([(register, offset)])
            self.words.add(register)
        for run in runs:
            self.draft.access(Load(tuple(register for register, _ in run), run[0][1]))

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
        u, t = (register for register in self._free()[:2])
        Close(self.draft, self.task, neuron, a, self.signs[neuron], u, t).write(a in self.fresh)
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
                    costs[neuron] = 1 if ends_of(self.task, neuron).falls else -1
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
