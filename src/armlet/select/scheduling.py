"""Schedules instructions: puts a program's lines into an order in which few wait for a result.

List scheduling over a short window: the next line is the first that depends on no earlier line still waiting and does
not use what is not there yet (an operation's latency). What each line reads and writes is a set of bits, so dependences
are a few logical operations. The program computes the same: each register and each word sees the same sequence of
reads and writes.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.isa.operation import Operation
from armlet.kernels import njit
from armlet.schedule.structure import blocks_of
from armlet.select.program import COLUMNS, POINTERS, LineArray, Program, by_operation

Bits: TypeAlias = NDArray[np.uint64]

WINDOW = 32  # lines looked ahead
_POINTER_BIT = 32  # bits 0 to 31 are float registers
_SCRATCH_BIT = _POINTER_BIT + len(POINTERS)
_FIRST_BIT = {  # of an operand's registers
    **dict.fromkeys(("d", "a", "b", "list", "pair"), 0),
    **dict.fromkeys(("base", "pointer"), _POINTER_BIT),
    **dict.fromkeys(("core", "other", "cores"), _SCRATCH_BIT),
}
_ONE, _WORK = np.uint64(1), np.uint64(1 << 62)  # all words of the work block together
_INTO_WORK = [POINTERS.index("work"), POINTERS.index("work_cursor")]


def schedule_instructions(program: Program) -> Program:
    """The same program with the lines of each block rearranged."""
    reads, writes = _effects(program)
    latency = by_operation(program.lines, lambda op: program.target.templates[op].latency)
    lines = [program.lines[:0]]
    for block, _ in blocks_of(program.structure):
        lines.append(program.lines[block][_schedule(reads[block], writes[block], latency[block], WINDOW)])
    return program.with_lines(np.concatenate(lines))


def waits(program: Program) -> int:
    """Cycles that lines wait for results, by the latencies of the templates, each line taking one cycle.

    A fused multiply-add takes its addend a cycle later than its factors, and so does not wait for it.
    """
    reads, writes = _effects(program)
    latency = by_operation(program.lines, lambda op: program.target.templates[op].latency)
    fused = program.lines["op"] == Operation.FUSED
    factors = _registers(program.lines, "a") | _registers(program.lines, "b")
    addend = np.where(fused, _registers(program.lines, "d") & ~factors, np.uint64(0))
    reads &= ~addend
    blocks = blocks_of(program.structure)
    return sum(trips * int(_waits(reads[block], writes[block], latency[block])) for block, trips in blocks)


def _effects(program: Program) -> tuple[Bits, Bits]:
    """What each line reads and writes, as sets of bits."""
    reads, writes = np.zeros(len(program.lines), np.uint64), np.zeros(len(program.lines), np.uint64)
    for number in np.unique(program.lines["op"]).tolist():
        at = np.flatnonzero(program.lines["op"] == number)
        op, lines = Operation(number), program.lines[at]
        for name in op.operands.reads:
            reads[at] |= _registers(lines, name)
        for name in op.operands.writes:
            writes[at] |= _registers(lines, name)
        if op.is_store:
            writes[at] |= _WORK
        if op.is_load:
            reads[at] |= np.where(np.isin(lines["base"], _INTO_WORK), _WORK, np.uint64(0))
    return reads, writes


def _registers(lines: LineArray, operand: str) -> Bits:
    """The registers of an operand, by line."""
    count = lines["length"] if operand in ("list", "cores") else 2 if operand == "pair" else 1
    first = lines[COLUMNS[operand][0]] + _FIRST_BIT[operand]
    return (_ONE << np.asarray(count, np.uint64)) - _ONE << first.astype(np.uint64)


@njit(cache=True)
def _schedule(reads, writes, latency, window):
    count = len(reads)
    order = np.empty(count, np.int64)
    waiting = np.empty(window, np.int64)
    held, following = 0, 0
    pending = np.zeros(max(1, latency.max() if count else 1), np.uint64)  # results that are due so many lines from now
    for position in range(count):
        while held < window and following < count:
            waiting[held] = following
            held, following = held + 1, following + 1
        chosen = _choose(reads, writes, waiting, held, pending)
        line = waiting[chosen]
        for k in range(chosen, held - 1):
            waiting[k] = waiting[k + 1]
        held -= 1
        order[position] = line
        pending[:-1] = pending[1:]
        pending[-1] = np.uint64(0)
        for k in range(latency[line]):
            pending[k] |= writes[line]
    return order


@njit(cache=True)
def _choose(reads, writes, waiting, held, pending):
    """The first line that may go now without waiting; if all must wait, the first that may go."""
    earlier_reads, earlier_writes = np.uint64(0), np.uint64(0)
    fallback = -1
    for k in range(held):
        line = waiting[k]
        free = (writes[line] & (earlier_reads | earlier_writes)) == 0 and (reads[line] & earlier_writes) == 0
        if free:
            if (reads[line] & pending[0]) == 0:
                return k
            if fallback < 0:
                fallback = k
        earlier_reads |= reads[line]
        earlier_writes |= writes[line]
    return fallback


@njit(cache=True)
def _waits(reads, writes, latency):
    """Cycles lost: when each register's result is there, against when it is read."""
    there = np.zeros(64, np.int64)
    now, lost = 0, 0
    for line in range(len(reads)):
        begin = now
        for bit in range(64):
            if reads[line] >> np.uint64(bit) & np.uint64(1):
                begin = max(begin, there[bit])
        lost += begin - now
        now = begin + 1
        for bit in range(64):
            if writes[line] >> np.uint64(bit) & np.uint64(1):
                there[bit] = now + latency[line]
    return lost
