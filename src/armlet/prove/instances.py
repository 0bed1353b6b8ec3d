"""Where and when each access of a summary happens, for all trips at once: integers out of bases and strides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from armlet.isa.semantics import RefusalError
from armlet.prove.contract import I64
from armlet.prove.execute import MEMORY
from armlet.prove.summary import FIRST_BASE, Access, Repeat, Summary, signed
from armlet.simulate.runner import MemoryRegion

MOST_ACCESSES = 1 << 24  # of all instructions in all trips


@dataclass(slots=True)
class Instances:
    """The trips of all loops; those of a loop inside others run through all of them, in the order of execution."""

    summary: Summary
    areas: Sequence[MemoryRegion]  # as they lie in the proof
    table: Callable[[Access], I64]  # the cell in each word of its area, -1 where there is none; of constants, the words
    known: dict[tuple[int, int], I64] = field(default_factory=dict)  # places of a base, by base and loop
    kept: int = 0  # words of these

    def __post_init__(self) -> None:
        count = [1]
        for repeat in self.summary.repeats[1:]:
            count.append(count[repeat.outer] * repeat.trips)
        if sum(count[access.repeat] for access in self.summary.accesses) > MOST_ACCESSES:
            raise RefusalError(f"accesses memory more than {MOST_ACCESSES:,} times")

    def cells(self, access: Access, repeat: int) -> I64:
        """(trips,) what an access finds in each trip of a loop that it lies in, or around: a cell, or a known word."""
        area, table = self.areas[access.area - 1], self.table(access)
        offset = self.offsets(access, repeat)
        for wrong, why in (
            ((offset < 0) | (offset > 4 * len(table) - 4), "outside it"),
            (offset % 4 != 0, "which is not aligned"),
        ):
            self.refuse(access, wrong, lambda k, why=why: f"goes to byte {offset[k]} of {area.what}, {why},")
        found = table[offset // 4]
        self.refuse(access, found < 0, lambda k: f"goes to byte {offset[k]} of {area.what}, where no tensor is,")
        return found

    def offsets(self, access: Access, repeat: int) -> I64:
        """(trips,) the bytes from the start of its area to what an access finds."""
        return self._places(access, repeat) - self.areas[access.area - 1].memory.base

    def refuse(self, access: Access, wrong: NDArray[np.bool_], tell: Callable[[int], str]) -> None:
        """Raise `RefusalError` with the first trip of an access that is `wrong`, if there is one."""
        if wrong.any():
            index = int(wrong.argmax())
            raise self.refusal(access, tell(index), index)

    def refusal(self, access: Access, why: str, index: int) -> RefusalError:
        """What is wrong with an access in one of its trips."""
        return RefusalError(f"{access.text} at {access.at:#010x} {why}{self._trip(access.repeat, index)}")

    def times(self, access: Access) -> I64:
        """(trips,) how many instructions the call executes up to an access."""
        steps = {number: self.summary.repeats[number].steps for number in self.around(access.repeat)}
        start = sum(self.summary.repeats[number].start for number in steps)
        return self._grid(access.repeat, start + access.step, steps)

    def around(self, repeat: int) -> list[int]:
        """The loops around a trip, the outermost first: the whole call, at last the loop itself."""
        found = [repeat]
        while found[-1]:
            found.append(self.summary.repeats[found[-1]].outer)
        return found[::-1]

    def _trip(self, repeat: int, index: int) -> str:
        """One trip, in words."""
        told: list[str] = []
        for number in reversed(self.around(repeat)):
            loop = self.summary.repeats[number]
            if number:
                told.append(f"trip {index % loop.trips} of the loop at {loop.head:#010x}")
                index //= loop.trips
        return f" in {', '.join(told)}" if told else ""

    def _places(self, access: Access, repeat: int) -> I64:
        if access.place < FIRST_BASE * MEMORY:
            return np.full(self._count(repeat), access.place, np.int64)
        key = access.place // MEMORY - FIRST_BASE, repeat
        if key not in self.known:
            if self.kept > MOST_ACCESSES:
                self.known.clear()
                self.kept = 0
            self.known[key] = self._base_places(access, repeat)
            self.kept += len(self.known[key])
        return self.known[key] + signed(access.place)

    def _base_places(self, access: Access, repeat: int) -> I64:
        """The base of an access, and those that it stands on, as a start and a stride for each loop."""
        strides: dict[int, int] = {}
        number, offset = access.place // MEMORY - FIRST_BASE, 0
        while True:
            base = self.summary.bases[number]
            if base.stride is None or base.repeat not in self.around(repeat):
                head = self.summary.repeats[base.repeat].head
                why = f"takes as an address what the loop at {head:#010x} does not move by a fixed stride"
                raise self.refusal(access, why, 0)
            strides[base.repeat] = strides.get(base.repeat, 0) + base.stride
            if base.start < FIRST_BASE * MEMORY:
                return self._grid(repeat, base.start + offset, strides)
            number, offset = base.start // MEMORY - FIRST_BASE, offset + signed(base.start)

    def _grid(self, repeat: int, start: int, strides: dict[int, int]) -> I64:
        """start, and for each loop around a trip its stride times the number of its trip."""
        values = np.array([start], np.int64)
        for number in self.around(repeat):
            steps = strides.get(number, 0) * np.arange(self.summary.repeats[number].trips)
            values = (values[:, None] + steps).ravel()
        return values

    def _count(self, repeat: int) -> int:
        loops: list[Repeat] = [self.summary.repeats[number] for number in self.around(repeat)]
        return int(np.prod([loop.trips for loop in loops]))
