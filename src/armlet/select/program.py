"""The product of selection: what NAME_core does, operation by operation, and the constants that it streams."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.isa.target import Op, Split, Target
from armlet.layout.layout import Layout
from armlet.network.frozen import F32, frozen
from armlet.schedule.code import Code


class Line(NamedTuple):
    """One line of a program; d, a and b are scratch registers where the operation moves through the core."""

    op: int
    d: int  # float register, the first of a list
    a: int
    b: int
    n: int  # length of a list
    pointer: int  # position in POINTERS
    base: int  # the same
    offset: int  # bytes; what BITS_UP and BITS_DOWN add; the bits of the number that IMMEDIATE holds
    what: int  # the connection or node that it serves; -1 inside an activation


LINE = np.dtype([(name, np.int32) for name in Line._fields])  # a row a line

POINTERS = ("inputs", "pool", "inputs_walk", "work", "work_walk")  # fields of Roles


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Lines for `target`, that compute `code` with values where `layout` puts them."""

    target: Target
    code: Code
    layout: Layout
    split: Split
    lines: NDArray[np.void]  # of LINE
    constants: F32  # in the order in which they are streamed

    def __post_init__(self) -> None:
        lines = self.lines.copy()
        lines.setflags(write=False)
        object.__setattr__(self, "lines", lines)
        object.__setattr__(self, "constants", frozen(self.constants, np.float32))

    @property
    def arithmetic(self) -> Arithmetic:
        """How the program computes: its graph's."""
        return self.code.order.graph.arithmetic

    @property
    def word(self) -> int:
        """Bytes of a value in memory."""
        return self.arithmetic.format.bytes

    @property
    def line_bytes(self) -> int:
        """Bytes of code for the lines, without entry and exit."""
        sizes = np.array([self.target.forms[op].size for op in Op])
        return int(sizes[self.lines["op"] - 1].sum())

    @property
    def line_cycles(self) -> int:
        """Cycles of the lines by the forms' costs, without waits between them and without entry and exit."""
        return cycles_of(self.lines, self.target)

    def with_lines(self, lines: NDArray[np.void]) -> "Program":
        return replace(self, lines=lines)

    @property
    def highest_float(self) -> int:
        """The highest float register that any line writes, -1 if none."""
        listed = np.isin(self.lines["op"], (Op.STREAM, Op.LOAD_LIST, Op.LOAD_PAIR))
        top = np.where(listed, self.lines["d"] + self.lines["n"] - 1, self.lines["d"])
        written = ~np.isin(self.lines["op"], NO_FLOAT_WRITTEN)
        return int(top[written].max(initial=-1))


def cycles_of(lines: NDArray[np.void], target: Target) -> int:
    """Cycles of lines by the forms' costs, without waits between them."""
    forms = [target.forms[op] for op in Op]
    fixed, each = np.array([f.cycles for f in forms]), np.array([f.each for f in forms])
    kind = lines["op"] - 1
    return int((fixed[kind] + each[kind] * lines["n"]).sum())


NO_FLOAT_WRITTEN = (
    Op.STORE,
    Op.STORE_LIST,
    Op.TO_CORE,
    Op.CLAMP,
    Op.CLAMP_ABOVE,
    Op.MAGNITUDE,
    Op.SIGNED,
    Op.BITS_UP,
    Op.BITS_DOWN,
    Op.CORE_STORE,
    Op.CORE_STORE_LIST,
    Op.STEP_UP,
    Op.STEP_DOWN,
    Op.POINT,
    Op.POINT_FAR,
)

MOVES = (  # of activations and partial sums, between registers and memory
    Op.LOAD,
    Op.LOAD_PAIR,
    Op.LOAD_LIST,
    Op.STORE,
    Op.STORE_LIST,
    Op.CORE_STORE,
    Op.CORE_STORE_LIST,
)
