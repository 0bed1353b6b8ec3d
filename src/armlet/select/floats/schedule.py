"""Puts the lines of a body in an order in which none waits for the one before, as far as they depend on each other."""

from collections.abc import Sequence

from armlet.select.floats.lines import Line

_WINDOW = 60  # lines that are looked at


def arranged(lines: Sequence[Line]) -> list[Line]:
    """The same lines: of the next ones, the first that depends on none before it and does not wait.

    What a body stores and what it loads are different tensors, so only registers order the lines.
    """
    out, waiting, before = list[Line](), list(lines), None
    while waiting:
        read, written, best = 0, 0, 0
        for k, line in enumerate(waiting[:_WINDOW]):
            free = not line.writes & (read | written) and not line.reads & written
            if free and not waits(before, line):
                best = k
                break
            read |= line.reads
            written |= line.writes
        before = waiting.pop(best)
        out.append(before)
    return out


def waits(before: Line | None, line: Line) -> bool:
    """Whether a line waits a cycle for the one before it."""
    if before is None:
        return False
    if before.is_late and before.writes & line.reads & ~line.late_sum:
        return True
    return before.computes and bool(before.writes & line.address)
