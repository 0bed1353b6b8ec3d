"""Code and layout to a program: choose operations for each instruction.

Instructions of one kind are selected all at once, and their lines fall into place at the end. A ReLU has no branch: its
sign bit clears it on its way through a core register, from where a value that is only stored goes straight to memory.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from armlet.emit.arithmetic import add_arithmetic
from armlet.emit.lines import Lines
from armlet.emit.program import Program
from armlet.emit.rename import rename
from armlet.emit.transfer import add_transfers
from armlet.graph.graph import ACTIVATIONS, Graph, Index
from armlet.layout.layout import Layout
from armlet.network.arithmetic import MultiplyAdd
from armlet.network.network import Activation
from armlet.schedule.code import Code
from armlet.schedule.code import Op as Step
from armlet.target.spec import Op, Split, Target

_RELU = ACTIVATIONS.index(Activation.RELU)
_LOAD, _STORE, _FIRST, _NEXT, _FINISH, _CONSTANT = (int(step) for step in Step)


def select(code: Code, layout: Layout, target: Target, split: Split, how: MultiplyAdd) -> Program:
    """The lines of `code`, each instruction's in its place."""
    graph, lines = code.order.graph, Lines()
    rows = rename(code, layout)
    clamped = _clamped_on_their_way(rows, graph.activation == _RELU, code.registers)
    constants = add_arithmetic(lines, rows, graph, split, how)
    _add_activations(lines, rows, graph, clamped)
    add_transfers(lines, rows, clamped, layout, graph.inputs, target)
    return Program(target, code, layout, how, split, lines.in_order(), constants)


def _add_activations(lines: Lines, rows: Index, graph: Graph, clamped: NDArray[np.bool_]) -> None:
    """Add the lines of each FINISH of a ReLU whose value stays in its register."""
    at = np.flatnonzero((rows[:, 0] == Step.FINISH) & ~clamped)
    at = at[graph.activation[rows[at, 3]] == _RELU]
    register, what = rows[at, 1], rows[at, 3]
    lines.add(at, op=Op.TO_CORE, what=what, d=0, a=register)
    lines.add(at, op=Op.CLAMP, what=what, d=0)
    lines.add(at, op=Op.FROM_CORE, what=what, d=register, a=0)


@njit(cache=True)
def _clamped_on_their_way(rows, relu, registers):
    """Marks each FINISH of a ReLU whose value is only stored from there on, and those stores: they clamp it instead."""
    marked = np.zeros(len(rows), np.bool_)
    only_stored = np.ones(registers, np.bool_)  # by register: nothing reads it any more but stores
    for at in range(len(rows) - 1, -1, -1):
        op, a, x = rows[at, 0], rows[at, 1], rows[at, 2]
        if op in (_LOAD, _FIRST, _CONSTANT):
            only_stored[a] = True
        elif op == _FINISH:
            marked[at] = relu[rows[at, 3]] and only_stored[a]
        if op in (_NEXT, _FINISH):
            only_stored[a] = False
        if x >= 0:
            only_stored[x] = False
    pending = np.zeros(registers, np.bool_)  # by register: what it holds is still to be clamped
    for at in range(len(rows)):
        if rows[at, 0] == _STORE:
            marked[at] = pending[rows[at, 1]]
        else:
            pending[rows[at, 1]] = rows[at, 0] == _FINISH and marked[at]
    return marked
