"""Cycles of lines with loops, exactly as the core's table counts them where memory never makes it wait.

A line costs what its template says, a cycle more where it waits for the one before, a cycle less where it overlaps with
it. Both hold as often as control comes from that line: lines run in a row, and loops begin behind a line that runs less
often.
"""

from collections.abc import Sequence

from armlet.select.floats.lines import Line, Machine
from armlet.select.floats.schedule import waits


def line_cycles(machine: Machine, lines: Sequence[Line]) -> list[int]:
    """Of each line in all its runs."""
    cost, before = list[int](), None
    for at, line in enumerate(lines):
        total = line.runs * line.cycles
        if before is not None:
            shared = min(line.runs, before.runs)
            total += shared * waits(before, line)
            total -= shared * _overlaps(before, line)
        if line.back:
            exits = min(line.runs, lines[at + 1].runs) if at + 1 < len(lines) else 1
            total += machine.floats.cycles.refill * (line.runs - exits)
        cost.append(total)
        before = line
    return cost


def _overlaps(before: Line, line: Line) -> bool:
    loaded = before.writes if before.is_load else 0
    return before.pairs and line.pairs and line.cycles > 1 and not loaded & line.address
