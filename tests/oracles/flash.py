"""What a flash makes a core wait, the plain way: one touch after the other, the caches as ordered dictionaries."""

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from armlet.isa.core import LARGEST_FLASH, Core, Memory
from armlet.isa.timing import Flash
from armlet.simulate.trace import Trace


def waited_cycles(trace: Trace, step_cycles: NDArray[np.int64], core: Core, flash: Flash) -> int:
    """All cycles of the trace, those that the core waits among them."""
    if not flash.wait_states:
        return int(step_cycles.sum())
    array = _Array(flash)
    clock, waited = np.concatenate(([0], np.cumsum(step_cycles))), 0
    for step, line, is_data in touches(trace, core, flash.line):
        now = int(clock[step]) + waited
        waited += array.data(line, now) if is_data else array.fetch(line, now)
    return int(clock[-1]) + waited


def touches(trace: Trace, core: Core, line: int) -> list[tuple[int, int, bool]]:
    """(step, line, is data) in order: each change of the fetched line, each line of constants that is read."""
    flash = Memory(core.flash.base, LARGEST_FLASH)
    last = trace.address.astype(np.int64) + np.array([f.size for f in trace.forms])[trace.form] - 1
    starts, ends = trace.address.astype(np.int64) // line, last // line
    fetched = np.stack((starts, ends), axis=1).ravel()
    step = np.repeat(np.arange(len(starts)), 2)
    fresh = np.concatenate(([True], fetched[1:] != fetched[:-1])) if len(fetched) else np.zeros(0, bool)
    read = (trace.access_address >= flash.base) & (trace.access_address < flash.end) & ~trace.access_store
    steps = np.concatenate((step[fresh], trace.access_step[read]))
    lines = np.concatenate((fetched[fresh], trace.access_address[read].astype(np.int64) // line))
    data = np.concatenate((np.zeros(int(fresh.sum()), bool), np.ones(int(read.sum()), bool)))
    order = np.lexsort((np.arange(len(steps)), data, steps))
    return list(zip(steps[order].tolist(), lines[order].tolist(), data[order].tolist()))


class _Array:
    """The flash array, busy with one line at a time, and what the interface remembers."""

    def __init__(self, flash: Flash) -> None:
        self.flash = flash
        self.instructions = _Lines(flash.instruction_lines)
        self.constants = _Lines(flash.data_lines)
        self.idle_at = 0  # when the array can take the next read
        self.ahead, self.ahead_at = -1, 0  # the prefetched line and when it is there

    def fetch(self, line: int, now: int) -> int:
        """Cycles to wait for an instruction line; only lines that nobody foresaw enter the cache, as RM0090 says."""
        if line == self.ahead:
            wait = max(0, self.ahead_at - now)
        elif self.instructions.has(line):
            return 0
        else:
            wait = self._read(now)
            self.instructions.keep(line)
        if self.flash.prefetch and not self.instructions.has(line + 1):
            begin = max(self.idle_at, now + wait)
            self.ahead, self.ahead_at = line + 1, begin + self.flash.wait_states + 1
            self.idle_at = self.ahead_at
        return wait

    def data(self, line: int, now: int) -> int:
        """Cycles to wait for a line of constants."""
        if self.constants.has(line):
            return 0
        wait = self._read(now)
        self.constants.keep(line)
        return wait

    def _read(self, now: int) -> int:
        """A read that the core waits for: first the read in progress ends, which nothing aborts."""
        begin = max(now, self.idle_at)
        self.idle_at = begin + self.flash.wait_states + 1
        return begin - now + self.flash.wait_states


class _Lines:
    """A fully associative cache from which the line unused for longest leaves."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.lines: OrderedDict[int, None] = OrderedDict()

    def has(self, line: int) -> bool:
        if line not in self.lines:
            return False
        self.lines.move_to_end(line)
        return True

    def keep(self, line: int) -> None:
        if self.size:
            self.lines[line] = None
            if len(self.lines) > self.size:
                self.lines.popitem(last=False)
