"""Cycles of a program's lines, as the core's table counts them where memory never makes it wait (docs/cycles.md).

A line costs what its template says, a cycle less behind a neighbouring load or store, a cycle more where it takes an
address that the line before it computes. Both hold as often as control comes from that line: lines run in a row, and
loops, which go back from their last line, begin behind a line that runs less often.
"""

from collections.abc import Sequence

import numpy as np

from armlet.integer.formats import I64
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.isa.integer_target import IntegerTarget
from armlet.select.integer.program import IntegerLines

_STACK = 13  # the register that points to it
_LOOPS = (Does.REPEAT, Does.REPEAT_UNTIL)


def line_cycles(target: IntegerTarget, lines: IntegerLines) -> I64:
    """(lines,) of each in all its runs. The stack pointer is computed just before the first."""
    rows = lines[["op", "d", "a", "b", "e", "list", "runs"]].tolist()
    cost = np.zeros(len(rows), np.int64)
    before_pairs, before_loads, before_computes, before_runs = False, set[int](), {_STACK}, 1
    for at, (number, d, a, b, e, listed, runs) in enumerate(rows):
        op, fields = Does(number), {"d": d, "a": a, "b": b, "e": e}
        template, moves = target.templates[op], op.is_load or op.is_store
        each = template.cycles + template.each * int(listed).bit_count()
        address = _address(op, a, b) if moves else set[int]()
        waits = bool(address & before_computes)
        overlaps = before_pairs and template.pairs and each > 1 and not address & before_loads
        cost[at] = runs * each + min(runs, before_runs) * (waits - overlaps)
        if op in _LOOPS:
            cost[at] += target.cycles.refill * (runs - _exits(rows, at, runs))
        written = {fields[name] for name in op.operands.writes if name in fields}
        before_pairs, before_runs = template.pairs, runs
        before_loads = written if op.is_load else set[int]()
        before_computes = set[int]() if moves or op in _LOOPS else written
    return cost


def _address(op: Does, a: int, b: int) -> set[int]:
    """The registers by which it finds its place in memory."""
    if "a" not in op.operands.reads:
        return {_STACK}
    return {a, b} if op.is_indexed else {a}


def _exits(rows: Sequence[tuple[int, ...]], at: int, runs: int) -> int:
    """How often a loop is left: as often as the line behind it runs, or the end is reached."""
    return min(runs, rows[at + 1][-1]) if at + 1 < len(rows) else 1
