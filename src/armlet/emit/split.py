"""How many float registers hold values and how many hold constants on their way, out of the target's splits.

More registers for constants make each transfer out of the pool longer; more registers for values keep more of them out
of memory; few in all leave the caller's registers alone. A quick run of order, registers and layout prices each. A
split that brings the activation moves down to their bound goes before any that does not; among others, cycles decide.
"""

from dataclasses import replace

import numpy as np

from armlet.anneal.engine import Annealing
from armlet.graph.graph import Graph
from armlet.layout.place import InputLayout, place
from armlet.schedule.allocate import Registers, allocate
from armlet.schedule.plan import plan_order
from armlet.target.spec import Op, Split, Target

LARGEST = 50_000  # connections; beyond, pricing would take longer than it saves, and the usual split stands
_QUICK = 20  # moves of annealing for each item


def choose_split(
    graph: Graph, target: Target, splits: tuple[Split, ...], batch: int, inputs: InputLayout, how: Annealing
) -> Split:
    """A split whose moves reach their bound, if any does, of the least estimated cycles; the earlier of equals."""
    if len(splits) == 1 or graph.connections > LARGEST:
        return splits[0]
    quick = replace(how, moves=min(how.moves, _QUICK), chains=1)
    return min(splits, key=lambda split: _price(graph, target, split, batch, inputs, quick))


def _price(
    graph: Graph, target: Target, split: Split, batch: int, inputs: InputLayout, how: Annealing
) -> tuple[bool, float]:
    """Whether the moves miss their bound, and the cycles that depend on the split.

    These are the transfers of constants and of values, steps of pointers, and saving the caller's registers.
    """
    registers = Registers(split.values, batch)
    code = allocate(plan_order(graph, registers, how), registers)
    layout = place(code, inputs, how)
    constants = np.count_nonzero(np.abs(graph.weight) != 1) + np.count_nonzero(graph.bias)
    saved = max(0, split.values + split.constants - target.preserved_floats)
    form = target.forms[Op.SAVE_FLOATS]
    saving = 2 * (form.cycles + form.each * saved) if saved else 0
    steps = layout.transfers - layout.batches  # of a pointer, from one run of words to the next
    cycles = float(constants) * (1 + 1 / split.constants) + code.moves + layout.transfers + steps + saving
    return code.moves > graph.move_bound, cycles
