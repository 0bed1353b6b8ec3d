"""Straight-line code for a machine with R registers and named memory cells.

    LOAD      a cell         register a := cell
    STORE     a cell         cell := register a
    INIT       a x connection register a := bias + weight * register x   (weight * x where the bias is zero)
    ACCUMULATE a x connection register a := a + weight * register x
    ACTIVATE   a node         register a := activation(a)
    BIAS       a node         register a := bias
    KEEP       a x cell       register a := register x, which holds that output to the end

Cells: every node has one, of its own number (an input's is where the caller puts it; a neuron's holds its partial sum
or its value), and output j has cell `nodes + j`. Outputs are all stored in their cells, or all kept in registers: the
KEEPs are then the last instructions; where one output has several, the last of them counts.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from armlet.graph.graph import Index
from armlet.network.frozen import frozen
from armlet.schedule.order import Order
from armlet.schedule.structure import Structure, straight_line, trips_of


class Op(IntEnum):
    """The kinds of instruction."""

    LOAD = 0
    STORE = 1
    INIT = 2
    ACCUMULATE = 3
    ACTIVATE = 4
    BIAS = 5
    KEEP = 6

    @property
    def is_move(self) -> bool:
        """Whether it goes between a register and memory."""
        return self in (Op.LOAD, Op.STORE)

    @property
    def connects(self) -> bool:
        """Whether it multiplies and adds: it serves a connection, and reads a second register."""
        return self in (Op.INIT, Op.ACCUMULATE)

    @property
    def defines(self) -> bool:
        """Whether it writes its register without reading it, so that any free one will do."""
        return self in (Op.LOAD, Op.INIT, Op.BIAS)


OP, REGISTER, VALUE, WHAT = range(4)  # columns of `Code.instructions`
MOVES = np.array([op.is_move for op in Op])  # by operation
DEFINES = np.array([op.defines for op in Op])


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """What to do, in order, on a machine with `registers` registers."""

    order: Order
    registers: int
    instructions: Index  # (instructions, 4): OP, REGISTER, VALUE (a register, or -1), WHAT (cell, connection or node)
    structure: Structure = ()  # of these; left out, one block

    def __post_init__(self) -> None:
        object.__setattr__(self, "structure", self.structure or straight_line(len(self.instructions)))
        object.__setattr__(self, "instructions", frozen(self.instructions, np.int32))

    @property
    def ops(self) -> Index:
        """(instructions,) what each one does, as numbers of `Op`."""
        return self.instructions[:, OP]

    @property
    def served(self) -> Index:
        """(instructions,) the cell, the connection or the node that each one serves."""
        return self.instructions[:, WHAT]

    def count(self, op: Op) -> int:
        """How often an operation runs."""
        return int(trips_of(self.structure)[self.ops == op].sum())

    @property
    def loads(self) -> int:
        return self.count(Op.LOAD)

    @property
    def stores(self) -> int:
        return self.count(Op.STORE)

    @property
    def moves(self) -> int:
        """Activations and partial sums that go between registers and memory."""
        return self.loads + self.stores

    @property
    def kept(self) -> Index:
        """(outputs,) the register in which each output ends; empty where they end in memory."""
        rows = self.instructions[self.ops == Op.KEEP]
        kept = {what: register for _, register, _, what in rows.tolist()}
        return np.array([kept[what] for what in sorted(kept)], np.int32)

    @property
    def batches(self) -> int:
        """Runs of loads, and of stores, that nothing interrupts, as they run: what one transfer could carry."""
        op, moves = self.ops, MOVES[self.ops]
        starts = moves & np.concatenate([[True], op[1:] != op[:-1]]) if len(op) else moves
        return int(trips_of(self.structure)[starts].sum())
