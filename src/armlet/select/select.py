"""Selects operations: code and a layout become programs, one for each way to materialise the constants.

Instructions of one kind are selected all at once, and their lines fall into place at the end. No activation has a
branch. One that a single core register can hold (ReLU, ReLU6) is carried out by the stores of its value where nothing
else reads it. An output that is kept and does not lie where it is to end is copied there.
"""

from collections.abc import Iterator

import numpy as np

from armlet.graph.graph import ACTIVATIONS
from armlet.isa.operation import Operation
from armlet.isa.target import RegisterPartition, Target
from armlet.kernels import njit
from armlet.layout.layout import Layout
from armlet.schedule.code import DEFINES, OP, REGISTER, VALUE, WHAT, Code, Op
from armlet.select.activations import add_activations
from armlet.select.instructions import Instructions, expanded
from armlet.select.lines import Lines
from armlet.select.lowering import lower
from armlet.select.multiply_adds import arithmetic
from armlet.select.program import Program
from armlet.select.transfers import add_transfers

_IN_CORE = np.array([bool(lower(kind).in_core) for kind in ACTIVATIONS])
_STORE, _ACCUMULATE, _ACTIVATE = int(Op.STORE), int(Op.ACCUMULATE), int(Op.ACTIVATE)


def selections(code: Code, layout: Layout, target: Target, partition: RegisterPartition) -> Iterator[Program]:
    """A program for each way to materialise constants, first the one that loads all of them from the pool."""
    graph = code.order.graph
    deferred = _activated_in_stores(code.instructions, _IN_CORE[graph.activation], code.registers)
    instructions = expanded(code, deferred)
    for lines, constants in arithmetic(instructions, graph, target, partition):
        add_activations(lines, instructions, graph, partition, constants.factor)
        add_transfers(lines, instructions, layout, graph, target)
        _add_copies(lines, instructions)
        yield Program(target, code, layout, partition, lines.in_order(), constants.pool.constants)


def _add_copies(lines: Lines, instructions: Instructions) -> None:
    moved = (instructions.op == Op.KEEP) & (instructions.register != instructions.value)
    at = np.flatnonzero(moved)
    lines.add(at, op=Operation.COPY, d=instructions.register[at], a=instructions.value[at])


@njit(cache=True)
def _activated_in_stores(rows, in_core, registers):
    """Marks each ACTIVATE on a core register whose value is only stored from there on, and the stores that do it."""
    marked = np.zeros(len(rows), np.bool_)
    only_stored = np.ones(registers, np.bool_)  # by register: nothing reads it any more but stores
    for at in range(len(rows) - 1, -1, -1):
        op, a, x = rows[at, OP], rows[at, REGISTER], rows[at, VALUE]
        if DEFINES[op]:
            only_stored[a] = True
        elif op == _ACTIVATE:
            marked[at] = in_core[rows[at, WHAT]] and only_stored[a]
        if op in (_ACCUMULATE, _ACTIVATE):
            only_stored[a] = False
        if x >= 0:
            only_stored[x] = False
    pending = np.zeros(registers, np.bool_)  # by register: what it holds is still to be activated
    for at in range(len(rows)):
        if rows[at, OP] == _STORE:
            marked[at] = pending[rows[at, REGISTER]]
        else:
            pending[rows[at, REGISTER]] = rows[at, OP] == _ACTIVATE and marked[at]
    return marked
