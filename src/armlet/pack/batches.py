"""Writes the code of a layer from its row and its visits: loads in batches as large as registers allow.

A load costs least right behind another load, or behind the store of a neuron's value; so words are loaded several at a
time, and the loads follow the closing of a neuron at once. An accumulator is opened at its first visit and not before:
until then its register holds one more word of the batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.errors import CapacityError
from armlet.pack.layer_code import LayerCode, WordOp
from armlet.pack.registers import WordRegisters
from armlet.pack.visits import Visit, visits_of

Constants: TypeAlias = Callable[[Sequence[int]], int]
"""How many registers the constants take that items want."""


def no_constants(_: Sequence[int]) -> int:
    """Weights are in the instructions."""
    return 0


def layer_code(
    words: NDArray[np.int64],
    items: NDArray[np.int64],
    row: NDArray[np.int64],
    registers: WordRegisters,
    constants: Constants = no_constants,
) -> LayerCode:
    """The code of a layer: `words` (words, 2) sources, `items` (items, 2) neuron and word, closed as in `row`."""
    if registers.spare < 1:
        raise CapacityError(f"{registers.width} accumulators leave no register for a word")
    writer = _Writer(items[:, 0].tolist(), row.tolist(), registers, constants)
    writer.write(visits_of(items, row, registers.width))
    rows = np.array(writer.rows, np.int32).reshape(-1, 4)
    return LayerCode(words.astype(np.int32), items.astype(np.int32), rows, row.astype(np.int32))


@dataclass(slots=True)
class _Writer:
    """Registers and rows while the code is written. Discarded when done."""

    neuron_of: list[int]  # by item
    row: list[int]
    registers: WordRegisters
    constants: Constants
    rows: list[tuple[int, int, int, int]] = field(default_factory=list)
    held: dict[int, int] = field(default_factory=dict)  # by neuron: its accumulator
    busy: set[int] = field(default_factory=set)

    def write(self, visits: list[Visit]) -> None:
        waiting = sorted(visits, key=lambda visit: (visit.due, visit.last))
        done = [False] * len(waiting)
        first = 0
        for time, neuron in enumerate(self.row):
            due = []
            while first < len(waiting) and waiting[first].due <= time:
                if not done[first]:
                    due.append(first)
                first += 1
            while due:
                batch = self._batch(due, waiting, done, first, time)
                for k in batch:
                    done[k] = True
                self._run([waiting[k] for k in batch])
                due = [k for k in due if not done[k]]
            self._close(neuron)

    def _batch(self, due: list[int], waiting: list[Visit], done: list[bool], first: int, time: int) -> list[int]:
        """Visits to load together: due ones that open least, then, where room is left, later ones that may come."""
        room = self._room()
        chosen = due[:room]
        later = first
        reach = time + self.registers.width - 1
        while len(chosen) < self.registers.spare and later < len(waiting) and waiting[later].due <= reach:
            if not done[later] and waiting[later].last <= reach and self._opened(waiting[later]):
                chosen.append(later)
            later += 1
        while not self._fits([waiting[k] for k in chosen]):
            chosen.pop()
        return chosen

    def _room(self) -> int:
        return sum(register not in self.busy for register in self.registers.words)

    def _opened(self, visit: Visit) -> bool:
        return all(self.neuron_of[item] in self.held for item in visit.items)

    def _fits(self, visits: Sequence[Visit]) -> bool:
        """Whether the words fit, and each new accumulator finds a register as the words before it are done with."""
        if len(visits) == 1:
            return True
        busy, loaded = set(self.busy), list[int]()
        fetched = self.constants([item for visit in visits for item in visit.items])
        for wanted, count in ((self.registers.words, len(visits)), (self.registers.fetched, fetched)):
            for _ in range(count):
                if (register := _free(wanted, busy)) is None:
                    return False
                busy.add(register)
                loaded.append(register)
        held = set(self.held)
        for visit, own in zip(visits, loaded):
            for neuron in (self.neuron_of[item] for item in visit.items):
                if neuron not in held:
                    if (register := _free(self.registers.accumulators, busy)) is None:
                        return False
                    busy.add(register)
                    held.add(neuron)
            busy.discard(own)
        return True

    def _run(self, visits: list[Visit]) -> None:
        loaded: list[int] = []
        for visit in visits:
            register = self._take(self.registers.words)
            loaded.append(register)
            self.rows.append((WordOp.LOAD, register, -1, visit.word))
        if len(visits) == 1:
            self._run_alone(visits[0], loaded[0])
            return
        fetched = self._fetch([item for visit in visits for item in visit.items])
        for visit, x in zip(visits, loaded):
            self._add(visit.items, x)
            self.busy.discard(x)
        self.busy -= fetched

    def _run_alone(self, visit: Visit, x: int) -> None:
        """One visit, in as many parts as its constants and new accumulators need."""
        left = list(visit.items)
        while left:
            count = len(left)
            while count > 1 and not self._has_room(left[:count]):
                count -= 1
            fetched = self._fetch(left[:count])
            self._add(left[:count], x)
            self.busy -= fetched
            left = left[count:]
        self.busy.discard(x)

    def _has_room(self, items: Sequence[int]) -> bool:
        """Whether registers are left for the constants of items, and for the accumulators that they open."""
        busy = set(self.busy)
        new = {self.neuron_of[item] for item in items} - set(self.held)
        for wanted, count in ((self.registers.accumulators, len(new)), (self.registers.fetched, self.constants(items))):
            for _ in range(count):
                if (register := _free(wanted, busy)) is None:
                    return False
                busy.add(register)
        return True

    def _fetch(self, items: Sequence[int]) -> set[int]:
        """Take and fill registers for the constants of items."""
        taken = {self._take(self.registers.fetched): None for _ in range(self.constants(items))}
        self.rows += [(WordOp.FETCH, register, -1, -1) for register in taken]
        return {*taken}

    def _add(self, items: Sequence[int], x: int) -> None:
        for item in items:
            self.rows.append((WordOp.ADD, self._accumulator(self.neuron_of[item]), x, item))

    def _accumulator(self, neuron: int) -> int:
        if neuron not in self.held:
            self.held[neuron] = self._take(self.registers.accumulators)
            self.rows.append((WordOp.OPEN, self.held[neuron], -1, neuron))
        return self.held[neuron]

    def _close(self, neuron: int) -> None:
        register = self._accumulator(neuron)
        self.rows.append((WordOp.CLOSE, register, -1, neuron))
        del self.held[neuron]
        self.busy.discard(register)

    def _take(self, wanted: tuple[int, ...]) -> int:
        register = _free(wanted, self.busy)
        assert register is not None, "the width leaves a register"
        self.busy.add(register)
        return register


def _free(wanted: tuple[int, ...], busy: set[int]) -> int | None:
    return next((register for register in wanted if register not in busy), None)
