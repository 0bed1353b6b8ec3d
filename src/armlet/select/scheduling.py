"""Put the lines of a program into an order in which no operation waits for the one before it.

List scheduling over a short window: the next line is the first that depends on no earlier line still waiting and does
not use what a late operation has only just produced. What each line reads and writes is a set of bits, so dependences
are a few logical operations. The program computes the same: each register and each word sees the same sequence of
reads and writes.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.isa.target import Operation
from armlet.kernels import njit
from armlet.select.program import NO_FLOAT_WRITTEN, POINTERS, Program

WINDOW = 32  # lines looked ahead
_POINTER_BIT = 32  # bits 0 to 31 are float registers
_SCRATCH_BIT = _POINTER_BIT + len(POINTERS)
_WORK_BIT = 62  # all words of the work block together

_STORES = (Operation.STORE, Operation.STORE_MULTIPLE, Operation.GPR_STORE, Operation.GPR_STORE_MULTIPLE)
_IN_PLACE = (
    Operation.CLAMP,
    Operation.CLAMP_ABOVE,
    Operation.SIGNED,
    Operation.BITS_UP,
    Operation.BITS_DOWN,
)  # on one core register
_WALKS = (
    Operation.LOAD_CONSTANTS,
    Operation.LOAD_MULTIPLE,
    Operation.STORE_MULTIPLE,
    Operation.GPR_STORE_MULTIPLE,
    Operation.STEP_UP,
    Operation.STEP_DOWN,
)


def arrange(program: Program) -> Program:
    """The same program with its lines rearranged."""
    reads, writes = _effects(program)
    late = np.array([program.target.templates[op].late for op in Operation])[program.lines["op"] - 1]
    return program.with_lines(program.lines[_schedule(reads, writes, late, WINDOW)])


def waits(program: Program) -> int:
    """Lines that use at once what a late operation has just produced: cycles lost, by the templates' table.

    A fused multiply-add takes its addend a cycle later than its factors, and so does not wait for it.
    """
    reads, writes = _effects(program)
    late = np.array([program.target.templates[op].late for op in Operation])[program.lines["op"] - 1]
    one = np.uint64(1)
    addend = np.where(program.lines["op"] == Operation.FUSED, one << program.lines["d"].astype(np.uint64), np.uint64(0))
    addend &= ~(one << program.lines["a"].astype(np.uint64) | one << program.lines["b"].astype(np.uint64))
    return int(np.count_nonzero(late[:-1] & ((writes[:-1] & reads[1:] & ~addend[1:]) != 0)))


def _effects(program: Program) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """What each line reads and writes, as sets of bits."""
    line = program.lines
    op, one = line["op"], np.uint64(1)
    wide = np.isin(
        op,
        (
            Operation.LOAD_CONSTANTS,
            Operation.LOAD_PAIR,
            Operation.LOAD_MULTIPLE,
            Operation.STORE_MULTIPLE,
            Operation.GPR_STORE_MULTIPLE,
        ),
    )
    count = np.where(wide, line["n"], 1).astype(np.uint64)
    span = (one << count) - one
    d, core = span << line["d"].astype(np.uint64), span << (line["d"] + _SCRATCH_BIT).astype(np.uint64)
    a, b = one << line["a"].astype(np.uint64), one << line["b"].astype(np.uint64)
    base = one << (line["base"] + _POINTER_BIT).astype(np.uint64)
    pointer = one << (line["pointer"] + _POINTER_BIT).astype(np.uint64)
    work = one << np.uint64(_WORK_BIT)
    at_work = np.isin(line["base"], [POINTERS.index("work"), POINTERS.index("work_cursor")])

    def when(ops: tuple[Operation, ...], bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
        return np.where(np.isin(op, ops), bits, np.uint64(0))

    arithmetic = (Operation.MULTIPLY, Operation.ADD, Operation.SUBTRACT, Operation.FUSED, Operation.DIVIDE)
    loads = (Operation.LOAD, Operation.LOAD_PAIR, Operation.LOAD_MULTIPLE)
    points = (Operation.STEP_UP, Operation.STEP_DOWN, Operation.LEA, Operation.LEA_FAR)
    reads = (
        when((*arithmetic, Operation.COPY, Operation.NEGATE, Operation.TO_GPR), a)
        | when(arithmetic, b)
        | when((Operation.FUSED,), d)
    )
    reads |= when((Operation.STORE, Operation.STORE_MULTIPLE), d) | when(
        (*_IN_PLACE, Operation.FROM_GPR), _scratch(line, op)
    )
    other = one << (line["a"] + _SCRATCH_BIT).astype(np.uint64)
    reads |= when((Operation.MAGNITUDE, Operation.SIGNED), other)
    reads |= when((Operation.GPR_STORE, Operation.GPR_STORE_MULTIPLE), core) | when(
        (Operation.LOAD_CONSTANTS, *loads, *_STORES, *points), base
    )
    reads |= np.where(at_work, when(loads, np.full_like(base, work)), np.uint64(0))
    writes = np.where(np.isin(op, NO_FLOAT_WRITTEN), np.uint64(0), d) | when(
        (Operation.TO_GPR, Operation.MAGNITUDE, *_IN_PLACE), core
    )
    writes |= when(_WALKS, base) | when(points, pointer) | when(_STORES, np.full_like(base, work))
    return reads, writes


def _scratch(line: NDArray[Any], op: NDArray[Any]) -> NDArray[np.uint64]:
    """The scratch register that a line reads: `a` where it comes out of the core, `d` where it stays there."""
    number = np.where(op == Operation.FROM_GPR, line["a"], line["d"])
    return np.uint64(1) << (number + _SCRATCH_BIT).astype(np.uint64)


@njit(cache=True)
def _schedule(reads, writes, late, window):
    count = len(reads)
    order = np.empty(count, np.int64)
    waiting = np.empty(window, np.int64)
    held, following = 0, 0
    just = np.uint64(0)
    for position in range(count):
        while held < window and following < count:
            waiting[held] = following
            held, following = held + 1, following + 1
        chosen = _choose(reads, writes, waiting, held, just)
        line = waiting[chosen]
        for k in range(chosen, held - 1):
            waiting[k] = waiting[k + 1]
        held -= 1
        order[position] = line
        just = writes[line] if late[line] else np.uint64(0)
    return order


@njit(cache=True)
def _choose(reads, writes, waiting, held, just):
    """The first line that may go now without waiting; if all must wait, the first that may go."""
    earlier_reads, earlier_writes = np.uint64(0), np.uint64(0)
    fallback = -1
    for k in range(held):
        line = waiting[k]
        free = (writes[line] & (earlier_reads | earlier_writes)) == 0 and (reads[line] & earlier_writes) == 0
        if free:
            if (reads[line] & just) == 0:
                return k
            if fallback < 0:
                fallback = k
        earlier_reads |= reads[line]
        earlier_writes |= writes[line]
    return fallback
