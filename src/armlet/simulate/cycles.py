"""A trace and a cycle table to cycles: what each executed instruction costs where it stands (docs/cycles.md)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.isa.instruction import Instruction
from armlet.isa.timing import CycleTable, Kind, Timing
from armlet.kernels import njit
from armlet.simulate.trace import Trace

_PART = 1 << 20  # steps that are looked at together


def step_cycles(trace: Trace, table: CycleTable) -> NDArray[np.int64]:
    """Cycles of every step, (steps,), where memory never makes the core wait. Raises `TargetError`.

    The call itself is not counted; the return is.
    """
    if not trace.instructions:
        return np.zeros(0, np.int64)
    timings, total = _timings(trace, table), trace.instructions
    if _issues(table, timings):
        return _cycles(_Steps.of(trace, 0, total), table, timings)
    cost = np.zeros(total, np.int64)  # no step waits for any but the one before: part by part, each with its neighbours
    for begin in range(0, total, _PART):
        first, end = max(begin - 1, 0), min(begin + _PART, total)
        part = _cycles(_Steps.of(trace, first, min(end + 1, total)), table, timings)
        cost[begin:end] = part[begin - first : end - first]
    return cost


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """Some steps of a trace in a row."""

    forms: tuple[Instruction, ...]
    form: NDArray[np.int32]
    address: NDArray[np.uint32]
    skipped: NDArray[np.bool_]

    @staticmethod
    def of(trace: Trace, begin: int, end: int) -> "_Steps":
        part = slice(begin, end)
        return _Steps(trace.forms, trace.form[part], trace.address[part], trace.skipped[part])


def _cycles(steps: _Steps, table: CycleTable, timings: list[Timing]) -> NDArray[np.int64]:
    """Of each step; the last one is taken for the end of the run."""
    cost = _column(steps, lambda f, t: t.cycles + t.each * f.words + t.indexed * f.indexed, timings)
    cost[steps.skipped] = 1
    size = _column(steps, lambda f, _: f.size, timings)
    goes_on = steps.address[:-1] + size[:-1] == steps.address[1:]
    taken = table.refill + _column(steps, lambda _, t: t.taken, timings)
    cost[:-1] += np.where(goes_on, 0, taken[:-1])
    cost[-1] += taken[-1]
    begun = _issue(cost, table.issue, *_columns_of_issue(steps, table, timings)) if _issues(table, timings) else 0
    cost[1:] += table.address_wait * _address_waits(steps, timings)
    cost += begun
    cost[1:] -= _overlaps(steps, timings) & (cost[1:] > 1)
    return cost


def _issues(table: CycleTable, timings: list[Timing]) -> bool:
    """Whether a step may wait for another than the one before, or begin with it."""
    return table.issue > 1 or any(timing.latency for timing in timings)


def variable_steps(trace: Trace, table: CycleTable) -> tuple[str, ...]:
    """Executed instructions whose time depends on their operands, by name. Raises `TargetError`."""
    return tuple(name for name in trace.counts() if table.timing(name).varies)


def _columns_of_issue(steps: _Steps, table: CycleTable, timings: list[Timing]) -> tuple[NDArray[np.int64], ...]:
    """What each step reads, adds to, writes, when its result is there and its accumulator wanted, and its ports."""
    names = sorted({port for timing in table.timings.values() for port in timing.ports})
    return (
        _column(steps, lambda f, _: f.reads, timings),
        _column(steps, lambda f, _: f.addend, timings),
        _column(steps, lambda f, _: f.writes, timings),
        _column(steps, lambda _, t: t.latency, timings),
        _column(steps, lambda _, t: t.addend_later, timings),
        _column(steps, lambda _, t: sum(1 << names.index(port) for port in t.ports), timings),
    )


@njit(cache=True)
def _issue(cost, width, reads, addend, writes, latency, addend_later, ports):
    """Cycles that each step takes more than its cost, waiting for results; less, where it begins with the one before.

    Registers are bits. A result is there `latency` cycles after its step; an accumulator is wanted `addend_later`
    cycles after the factors.
    """
    there = np.zeros(64, np.int64)
    changed = np.zeros(len(cost), np.int64)
    now, group, members, taken = 0, 0, width, 0  # when the last step ended; when the last group began, and what it took
    for step in range(len(cost)):
        wanted = 0
        for bit in range(64):
            if reads[step] >> bit & 1:
                wanted = max(wanted, there[bit])
            elif addend[step] >> bit & 1:
                wanted = max(wanted, there[bit] - addend_later[step])
        if members < width and (ports[step] & taken) == 0 and wanted <= group:
            begin, members, taken = group, members + 1, taken | ports[step]
        else:
            begin, members, taken = max(now, wanted), 1, ports[step]
            group = begin
        end = begin + cost[step]
        for bit in range(64):
            if writes[step] >> bit & 1:
                there[bit] = end + latency[step]
        changed[step] = max(end - now, 0) - cost[step]
        now = max(now, end)
    return changed


def _address_waits(steps: _Steps, timings: list[Timing]) -> NDArray[np.bool_]:
    """Where an access needs an address that data processing just before it computes."""
    computed = _column(steps, lambda f, t: f.writes if t.kind is Kind.INTEGER else 0, timings)[:-1]
    needed = _column(steps, lambda f, t: f.address if t.kind in (Kind.LOAD, Kind.STORE) else 0, timings)[1:]
    return (computed & needed) != 0


def _overlaps(steps: _Steps, timings: list[Timing]) -> NDArray[np.bool_]:
    """Where a load or store overlaps with the one before it: that one's result is not its address."""
    first = _column(steps, lambda f, t: t.pairs and not (f.stores and f.indexed), timings)[:-1]
    second = _column(steps, lambda _, t: t.pairs, timings)[1:]
    loaded = _column(steps, lambda f, _: f.writes, timings)[:-1]
    needed = _column(steps, lambda f, _: f.address, timings)[1:]
    return (first != 0) & (second != 0) & ((loaded & needed) == 0)


def _timings(trace: Trace, table: CycleTable) -> list[Timing]:
    """One entry a form; forms that never ran need none."""
    ran = np.bincount(trace.form, minlength=len(trace.forms)) > 0
    idle = Timing(Kind.SYSTEM, 1)
    return [table.timing(form.name) if used else idle for form, used in zip(trace.forms, ran)]


def _column(steps: _Steps, value: Callable[[Instruction, Timing], int], timings: list[Timing]) -> NDArray[np.int64]:
    """A figure of each step's form, (steps,)."""
    return np.array([value(f, t) for f, t in zip(steps.forms, timings)], np.int64)[steps.form]
