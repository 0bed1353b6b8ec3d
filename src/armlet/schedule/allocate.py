"""Assigns registers to an order: eviction by next use, with loads and stores gathered into batches.

When a register is wanted and none is free, the value given up is the one whose next use is furthest for what it costs
to have it back: one move for a value that memory holds, two for one that it does not. The order is scanned twice. The
first scan finds the neurons whose value is stored before anybody reads it. The second stores those as soon as they are
finished, several at once, and loads sources several at once where registers are free or hold nothing that is wanted
sooner.

Where all outputs can stay in registers to the end, they do: each in the one of its own number, but for those that
stand in each other's place. Where that would cost other values more moves than it saves, outputs are stored.
"""

from dataclasses import dataclass

import numpy as np

from armlet.errors import CapacityError
from armlet.graph.graph import Index
from armlet.schedule.code import Code
from armlet.schedule.kept_outputs import settled
from armlet.schedule.linear_scan import AllocationProblem, linear_scan, next_accesses
from armlet.schedule.order import Order

FEWEST = 2  # an accumulator and the value multiplied into it


@dataclass(frozen=True, slots=True)
class Registers:
    """How many registers there are, and how many values one transfer should carry."""

    count: int
    batch: int = 8
    returned: int = 0  # of these, the first so many may hold outputs at the end; 0: outputs are stored


def allocate(order: Order, registers: Registers) -> Code:
    """Assign registers and moves to `order`. Raises `CapacityError` below two registers."""
    if registers.count < FEWEST:
        raise CapacityError(f"{registers.count} registers; a multiply-add needs {FEWEST}")
    outputs = order.graph.outputs
    stored = _allocated(order, registers, outputs[:0])
    if not 0 < len(outputs) <= min(registers.returned, registers.count):
        return stored
    kept = _allocated(order, registers, outputs)
    return kept if kept.moves + len(outputs) <= stored.moves else stored


def _allocated(order: Order, registers: Registers, kept: Index) -> Code:
    """The code with the outputs `kept` in registers, all or none."""
    problem = _problem(order, registers.count, kept)
    stored_early = np.zeros(order.graph.nodes, np.bool_)
    stored_early[order.graph.outputs] = len(kept) == 0
    _, stored_early = linear_scan(problem, 1, stored_early)
    instructions, _ = linear_scan(problem, max(1, registers.batch), stored_early)
    return Code(order, registers.count, settled(instructions, order.graph.nodes))


def _problem(order: Order, registers: int, kept: Index) -> AllocationProblem:
    graph = order.graph
    source = np.ascontiguousarray(graph.source[order.connections])
    target = np.ascontiguousarray(graph.target[order.connections])
    after_source, after_target, first = next_accesses(source, target, graph.nodes, kept)
    fan_in = np.bincount(graph.target, minlength=graph.nodes).astype(np.int64)
    heads, links = _outputs_of(graph.outputs[: 0 if len(kept) else None], graph.nodes)
    return AllocationProblem(
        registers,
        graph.inputs,
        order.connections,
        source,
        target,
        after_source,
        after_target,
        first,
        fan_in,
        heads,
        links,
        kept,
    )


def _outputs_of(outputs: Index, nodes: int) -> tuple[Index, Index]:
    """Linked lists of the outputs that each node serves: the first for each node, the next for each output."""
    heads, links = np.full(nodes, -1, np.int32), np.full(len(outputs), -1, np.int32)
    for j in range(len(outputs) - 1, -1, -1):
        links[j], heads[outputs[j]] = heads[outputs[j]], j
    return heads, links
