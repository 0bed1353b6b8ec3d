"""Assigns registers to an order: eviction by next use, with loads and stores gathered into batches.

When a register is wanted and none is free, the value given up is the one whose next use is furthest for what it costs
to have it back: one move for a value that memory holds, two for one that it does not. The order is scanned twice. The
first scan finds the neurons whose value is stored before anybody reads it. The second stores those as soon as they are
finished, several at once, and loads sources several at once where registers are free or hold nothing that is wanted
sooner.
"""

from dataclasses import dataclass

import numpy as np

from armlet.errors import CapacityError
from armlet.graph.graph import Index
from armlet.schedule.code import Code
from armlet.schedule.linear_scan import AllocationProblem, linear_scan, next_accesses
from armlet.schedule.order import Order

FEWEST = 2  # an accumulator and the value multiplied into it


@dataclass(frozen=True, slots=True)
class Registers:
    """How many registers there are, and how many values one transfer should carry."""

    count: int
    batch: int = 8


def allocate(order: Order, registers: Registers) -> Code:
    """Assign registers and moves to `order`. Raises `CapacityError` below two registers."""
    if registers.count < FEWEST:
        raise CapacityError(f"{registers.count} registers; a multiply-add needs {FEWEST}")
    problem = _problem(order, registers.count)
    stored_early = np.zeros(order.graph.nodes, np.bool_)
    stored_early[order.graph.outputs] = True
    _, stored_early = linear_scan(problem, 1, stored_early)
    instructions, _ = linear_scan(problem, max(1, registers.batch), stored_early)
    return Code(order, registers.count, instructions)


def _problem(order: Order, registers: int) -> AllocationProblem:
    graph = order.graph
    source = np.ascontiguousarray(graph.source[order.connections])
    target = np.ascontiguousarray(graph.target[order.connections])
    after_source, after_target, first = next_accesses(source, target, graph.nodes)
    fan_in = np.bincount(graph.target, minlength=graph.nodes).astype(np.int64)
    heads, links = _outputs_of(graph.outputs, graph.nodes)
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
    )


def _outputs_of(outputs: Index, nodes: int) -> tuple[Index, Index]:
    """Linked lists of the outputs that each node serves: the first for each node, the next for each output."""
    heads, links = np.full(nodes, -1, np.int32), np.full(len(outputs), -1, np.int32)
    for j in range(len(outputs) - 1, -1, -1):
        links[j], heads[outputs[j]] = heads[outputs[j]], j
    return heads, links
