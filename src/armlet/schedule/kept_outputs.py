"""Settles which register keeps which output at the end of a code: each output in the one of its own number.

Their values come there by copies, in an order in which none is overwritten before it is read. Where values stand in
each other's places, one of them steps aside into a register that is free; if there is none, they stay where they are.
So the outputs fill the first registers.
"""

import numpy as np

from armlet.graph.graph import Index
from armlet.schedule.code import OP, VALUE, WHAT, Op


def settled(rows: Index, nodes: int, registers: int = 0) -> Index:
    """The instructions `rows` with their last, the KEEPs, made anew; of `registers`, a free one may help."""
    keeps = rows[:, OP] == Op.KEEP
    if not keeps.any():
        return rows
    waiting = {what - nodes: source for source, what in rows[keeps][:, [VALUE, WHAT]].tolist()}
    aside = len(waiting)  # free as soon as outputs stand in each other's places alone
    moves: list[tuple[int, int, int, int]] = []

    def keep(output: int, register: int) -> None:
        moves.append((int(Op.KEEP), register, waiting.pop(output), nodes + output))

    while waiting:
        ready = [output for output in sorted(waiting) if output not in _wanted(waiting, output)]
        if ready:
            keep(ready[0], ready[0])
        elif aside >= registers:
            for output in sorted(waiting):
                keep(output, waiting[output])
        else:
            first = min(waiting)
            keep(first, aside)
            waiting[first] = aside
    return np.concatenate([rows[~keeps], np.array(moves, rows.dtype)])


def _wanted(waiting: dict[int, int], output: int) -> set[int]:
    """The registers that other outputs still come from."""
    return {source for other, source in waiting.items() if other != output}
