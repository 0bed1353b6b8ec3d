"""The product of selection: what NAME_core does, operation by operation, and the constants that it streams."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from armlet.arithmetic.float32 import MultiplyAdd
from armlet.isa.target import Operation, RegisterPartition, Target
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

POINTERS = ("inputs", "pool", "inputs_cursor", "work", "work_cursor")  # fields of Roles


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Lines for `target`, that compute `code` with values where `layout` puts them."""

    target: Target
    code: Code
    layout: Layout
    how: MultiplyAdd
    partition: RegisterPartition
    lines: NDArray[np.void]  # of LINE
    constants: F32  # in the order in which they are streamed

    def __post_init__(self) -> None:
        lines = self.lines.copy()
        lines.setflags(write=False)
        object.__setattr__(self, "lines", lines)
        object.__setattr__(self, "constants", frozen(self.constants, np.float32))

    @property
    def line_bytes(self) -> int:
        """Bytes of code for the lines, without entry and exit."""
        sizes = np.array([self.target.templates[op].size for op in Operation])
        return int(sizes[self.lines["op"] - 1].sum())

    @property
    def line_cycles(self) -> int:
        """Cycles of the lines by the templates' costs, without waits between them and without entry and exit."""
        return cycles_of(self.lines, self.target)

    def with_lines(self, lines: NDArray[np.void]) -> "Program":
        return replace(self, lines=lines)

    @property
    def highest_float(self) -> int:
        """The highest float register that any line writes, -1 if none."""
        listed = np.isin(self.lines["op"], (Operation.LOAD_CONSTANTS, Operation.LOAD_MULTIPLE, Operation.LOAD_PAIR))
        top = np.where(listed, self.lines["d"] + self.lines["n"] - 1, self.lines["d"])
        written = ~np.isin(self.lines["op"], NO_FLOAT_WRITTEN)
        return int(top[written].max(initial=-1))


def cycles_of(lines: NDArray[np.void], target: Target) -> int:
    """Cycles of lines by the templates' costs, without waits between them."""
    templates = [target.templates[op] for op in Operation]
    fixed, each = np.array([f.cycles for f in templates]), np.array([f.each for f in templates])
    kind = lines["op"] - 1
    return int((fixed[kind] + each[kind] * lines["n"]).sum())


NO_FLOAT_WRITTEN = (
    Operation.STORE,
    Operation.STORE_MULTIPLE,
    Operation.TO_GPR,
    Operation.CLAMP,
    Operation.CLAMP_ABOVE,
    Operation.MAGNITUDE,
    Operation.SIGNED,
    Operation.BITS_UP,
    Operation.BITS_DOWN,
    Operation.GPR_STORE,
    Operation.GPR_STORE_MULTIPLE,
    Operation.STEP_UP,
    Operation.STEP_DOWN,
    Operation.LEA,
    Operation.LEA_FAR,
)

MOVES = (  # of activations and partial sums, between registers and memory
    Operation.LOAD,
    Operation.LOAD_PAIR,
    Operation.LOAD_MULTIPLE,
    Operation.STORE,
    Operation.STORE_MULTIPLE,
    Operation.GPR_STORE,
    Operation.GPR_STORE_MULTIPLE,
)
