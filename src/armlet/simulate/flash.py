"""Cycles that a core waits for its flash: lines, prefetch and the two small caches, replayed over a trace.

What is modelled, and what is not, is docs/cycles.md.
"""

import numpy as np
from numpy.typing import NDArray

from armlet.isa.core import LARGEST_FLASH, Core, Memory
from armlet.isa.timing import Flash
from armlet.kernels import njit
from armlet.simulate.trace import Trace


def flash_cycles(trace: Trace, step_cycles: NDArray[np.int64], core: Core, flash: Flash) -> int:
    """Total cycles of the trace when code and constants come out of `flash`, caches cold at the start."""
    if not flash.wait_states:
        return int(step_cycles.sum())
    clock = np.concatenate(([0], np.cumsum(step_cycles)))
    caches = flash.instruction_lines, flash.data_lines
    waited = _waits(*_touches(trace, core, flash.line), clock, flash.wait_states, flash.prefetch, *caches)
    return int(clock[-1]) + int(waited)


def _touches(trace: Trace, core: Core, line: int) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.bool_]]:
    """Step, line and whether it is data, in order: each change of the fetched line, each line of constants read."""
    flash = Memory(core.flash.base, LARGEST_FLASH)
    sizes = np.array([f.size for f in trace.forms], np.uint32)
    fetched = np.empty(2 * trace.instructions, np.uint32)
    fetched[::2], fetched[1::2] = trace.address // line, (trace.address + sizes[trace.form] - 1) // line
    fresh = np.flatnonzero(np.concatenate(([True], fetched[1:] != fetched[:-1])) if len(fetched) else [])
    read = (trace.access_address >= flash.base) & (trace.access_address < flash.end) & ~trace.access_store
    steps = np.concatenate((fresh // 2, trace.access_step[read])).astype(np.int32)
    lines = np.concatenate((fetched[fresh], trace.access_address[read] // line)).astype(np.int64)
    data = np.arange(len(steps)) >= len(fresh)
    order = np.lexsort((data, steps))  # equal ones stay in order
    return steps[order], lines[order], data[order]


@njit(cache=True)
def _waits(steps, lines, data, clock, wait_states, prefetch, instruction_lines, data_lines):
    """Cycles that the core waits in all.

    The array reads one line at a time, and a read in progress ends before the next begins. Only lines that nobody
    foresaw enter the cache of instructions, as RM0090 says; out of a full cache the line unused for longest leaves.
    """
    instructions, used = np.full(max(instruction_lines, 1), -1, np.int64), np.zeros(max(instruction_lines, 1), np.int64)
    constants, read = np.full(max(data_lines, 1), -1, np.int64), np.zeros(max(data_lines, 1), np.int64)
    idle_at, ahead, ahead_at, waited = 0, -1, 0, 0  # when the array can read; the prefetched line, when it is there
    for k in range(len(steps)):
        line, now = lines[k], clock[steps[k]] + waited
        wait = 0
        if data[k]:
            if not _has(constants, read, line, 3 * k):
                wait = max(idle_at - now, 0) + wait_states
                idle_at = now + wait + 1
                _keep(constants, read, line, 3 * k, data_lines)
            waited += wait
            continue
        if line == ahead:
            wait = max(0, ahead_at - now)
        elif _has(instructions, used, line, 3 * k):
            continue
        else:
            wait = max(idle_at - now, 0) + wait_states
            idle_at = now + wait + 1
            _keep(instructions, used, line, 3 * k + 1, instruction_lines)
        if prefetch and not _has(instructions, used, line + 1, 3 * k + 2):
            ahead, ahead_at = line + 1, max(idle_at, now + wait) + wait_states + 1
            idle_at = ahead_at
        waited += wait
    return waited


@njit(cache=True)
def _has(cache, used, line, time):
    """Whether a line is in a cache; it is used by that."""
    for k in range(len(cache)):
        if cache[k] == line:
            used[k] = time
            return True
    return False


@njit(cache=True)
def _keep(cache, used, line, time, size):
    """Put a line into a cache, in the place of the one unused for longest."""
    if size:
        oldest = 0
        for k in range(size):
            if cache[k] < 0:
                oldest = k
                break
            if used[k] < used[oldest]:
                oldest = k
        cache[oldest], used[oldest] = line, time
