"""Writes the code of a layer where one instruction loads words that lie side by side: a run of them at a time.

The words that are due are visited along memory, forwards and backwards by turns, each with the neighbours that may come
already. `word_path` puts words side by side whose visits can come together.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from armlet.anneal.engine import Annealing
from armlet.errors import CapacityError
from armlet.pack.layer_code import LayerCode, WordOp
from armlet.pack.registers import WordRegisters
from armlet.pack.visits import Visit, visits_of
from armlet.schedule.load_schedule import LoadSchedule, source_path


def word_path(
    items: NDArray[np.int64], row: NDArray[np.int64], words: int, width: int, how: Annealing
) -> NDArray[np.int64]:
    """The words in an order in which neighbours have many visits that can come together."""
    visits = visits_of(items, row, width)
    begin = np.searchsorted([visit.word for visit in visits], np.arange(words + 1))
    due = np.array([visit.due for visit in visits], np.int64)
    ready = np.array([max(0, visit.last - width + 1) for visit in visits], np.int64)
    none = np.zeros(0, np.int64)
    return source_path(LoadSchedule(none, none, begin.astype(np.int64), ready, due), how)


def run_code(
    words: NDArray[np.int64],
    items: NDArray[np.int64],
    row: NDArray[np.int64],
    registers: WordRegisters,
    needs: NDArray[np.bool_],
) -> LayerCode:
    """The code of a layer whose `words` (words, 2) lie in memory in this order, closed as in `row`.

    Items that have `needs` are computed with the help of a register beside that of their word.
    """
    if registers.spare < 2:
        raise CapacityError(f"{registers.width} accumulators leave less than two registers for words")
    writer = _Writer(visits_of(items, row, registers.width), items[:, 0].tolist(), needs.tolist(), registers)
    for time, neuron in enumerate(row.tolist()):
        writer.reach(time)
        writer.close(neuron)
    rows = np.array(writer.rows, np.int32).reshape(-1, 4)
    return LayerCode(words.astype(np.int32), items.astype(np.int32), rows, row.astype(np.int32))


@dataclass(slots=True)
class _Writer:
    """Registers and rows while the code is written. Discarded when done."""

    visits: list[Visit]
    neuron_of: list[int]  # by item
    needs: list[bool]  # by item
    registers: WordRegisters
    rows: list[tuple[int, int, int, int]] = field(default_factory=list)
    held: dict[int, int] = field(default_factory=dict)  # by neuron: its accumulator
    busy: set[int] = field(default_factory=set)
    left: dict[int, list[int]] = field(default_factory=dict)  # by word: its visits to come, the next one last
    due: list[list[int]] = field(default_factory=list)  # by time: visits
    direction: int = -1

    def __post_init__(self) -> None:
        self.due = [[] for _ in range(max((visit.due for visit in self.visits), default=0) + 1)]
        for k in range(len(self.visits) - 1, -1, -1):
            self.left.setdefault(self.visits[k].word, []).append(k)
            self.due[self.visits[k].due].append(k)

    def reach(self, time: int) -> None:
        """Make all visits that are due when the neuron at position `time` of the row is to be closed."""
        due = [k for k in self.due[time] if k in self.left[self.visits[k].word]] if time < len(self.due) else []
        if due:
            self.direction = -self.direction
        for k in sorted(due, key=lambda k: self.direction * self.visits[k].word):
            if k in self.left[self.visits[k].word]:
                self._write(self._run_of(k, time))

    def close(self, neuron: int) -> None:
        """Close a neuron."""
        register = self._accumulator(neuron)
        self.rows.append((WordOp.CLOSE, register, -1, neuron))
        del self.held[neuron]
        self.busy.discard(register)

    def _run_of(self, k: int, time: int) -> list[Visit]:
        """A visit that is due, and those of the words beside its own that may come now."""
        found = [self.visits[k]]
        room = sum(register not in self.busy for register in self.registers.words)
        for step in (self.direction, -self.direction):
            word = found[0].word + step
            while len(found) < room and self.left.get(word):
                visit = self.visits[self.left[word][-1]]
                if visit.due > time and not self._may_come(visit, time):
                    break
                found.append(visit)
                word += step
        while not self._fits(found):
            found.pop()
        return found

    def _may_come(self, visit: Visit, time: int) -> bool:
        return visit.last < time + self.registers.width

    def _fits(self, visits: list[Visit]) -> bool:
        """Whether each visit finds the registers that it needs, as the words of those before it are done with."""
        if len(visits) == 1:
            return True
        busy, held = set(self.busy), set(self.held)
        loaded = [self._free(self.registers.words, busy) for _ in visits]
        for visit, own in zip(sorted(visits, key=self._needs), loaded):
            for neuron in {self.neuron_of[item] for item in visit.items} - held:
                if self._free(self.registers.accumulators, busy) is None:
                    return False
                held.add(neuron)
            if self._needs(visit) and all(register in busy for register in self.registers.words):
                return False
            busy.discard(own if own is not None else -1)
        return True

    def _needs(self, visit: Visit) -> bool:
        return any(self.needs[item] for item in visit.items)

    def _write(self, visits: list[Visit]) -> None:
        """Load the words, then compute; first those visits that need no more register than their word's."""
        loaded: dict[int, int] = {}
        for visit in sorted(visits, key=lambda visit: visit.word):
            self.left[visit.word].pop()
            loaded[visit.word] = self._take(self.registers.words)
            self.rows.append((WordOp.LOAD, loaded[visit.word], -1, visit.word))
        for visit in sorted(visits, key=self._needs):
            x = loaded[visit.word]
            for item in visit.items:
                self.rows.append((WordOp.ADD, self._accumulator(self.neuron_of[item]), x, item))
            self.busy.discard(x)

    def _accumulator(self, neuron: int) -> int:
        if neuron not in self.held:
            self.held[neuron] = self._take(self.registers.accumulators)
            self.rows.append((WordOp.OPEN, self.held[neuron], -1, neuron))
        return self.held[neuron]

    def _take(self, wanted: tuple[int, ...]) -> int:
        register = self._free(wanted, self.busy)
        assert register is not None, "the width leaves a register"
        return register

    @staticmethod
    def _free(wanted: tuple[int, ...], busy: set[int]) -> int | None:
        """The first that is not busy, which it then is."""
        found = next((register for register in wanted if register not in busy), None)
        if found is not None:
            busy.add(found)
        return found
