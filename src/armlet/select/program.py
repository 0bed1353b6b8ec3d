"""The product of selection: what NAME_core does, line by line, and the constants that it loads out of its pool."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.isa.operation import Operation
from armlet.isa.target import RegisterPartition, Target
from armlet.layout.layout import Layout
from armlet.network.frozen import F32, frozen
from armlet.schedule.code import Code
from armlet.schedule.structure import Structure, straight_line, trips_of

LineArray: TypeAlias = NDArray[np.void]  # (lines,) of LINE


class Line(NamedTuple):
    """One line of a program. Its operation says which of the columns count (`COLUMNS`); the others are as here."""

    op: int
    d: int = 0  # float register, the first of a list or of a pair
    a: int = 0  # float register
    b: int = 0  # float register
    core: int = 0  # position in Roles.scratch, the first of a list
    other: int = 0  # position in Roles.scratch
    length: int = 0  # registers of a list
    pointer: int = 0  # position in POINTERS
    base: int = 0  # position in POINTERS
    offset: int = 0  # bytes
    addend: int = 0  # what is added to bits, or taken off them
    bits: int = 0  # of the number that an instruction holds
    connection: int = -1  # that the line computes; -1 for none in particular


LINE = np.dtype([(name, np.int32) for name in Line._fields])  # a row a line

POINTERS = ("inputs", "pool", "inputs_cursor", "work", "work_cursor")  # fields of Roles

COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(  # that hold an operand, by its name in `Operands`
    {
        **{name: (name,) for name in ("d", "a", "b", "core", "other", "pointer", "base", "offset", "addend")},
        "list": ("d", "length"),
        "pair": ("d",),
        "cores": ("core", "length"),
        "number": ("bits",),
        "low": ("offset",),
        "high": ("offset",),
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Lines for `target`, that compute `code` with values where `layout` puts them."""

    target: Target
    code: Code
    layout: Layout
    partition: RegisterPartition
    lines: LineArray
    constants: F32  # in the order in which they are loaded
    structure: Structure = ()  # of the lines; left out, one block

    def __post_init__(self) -> None:
        object.__setattr__(self, "structure", self.structure or straight_line(len(self.lines)))
        lines = self.lines.copy()
        lines.setflags(write=False)
        object.__setattr__(self, "lines", lines)
        object.__setattr__(self, "constants", frozen(self.constants, self.arithmetic.format.dtype))

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
        return int(by_operation(self.lines, lambda op: self.target.templates[op].size).sum())

    @property
    def line_cycles(self) -> int:
        """Cycles of the lines by the templates' costs, without waits between them and without entry and exit."""
        return int((trips_of(self.structure) * cycles_of(self.lines, self.target)).sum())

    def with_lines(self, lines: LineArray) -> "Program":
        """The same with other lines in place of these, in one block where their number is another."""
        same = len(lines) == len(self.lines)
        return replace(self, lines=lines, structure=self.structure if same else ())

    @property
    def highest_float(self) -> int:
        """The highest float register that any line writes, -1 if none."""
        written = self.lines[by_operation(self.lines, lambda op: op.writes_float)]
        return int((written["d"] + registers_of(written)).max(initial=0)) - 1


def cycles_of(lines: LineArray, target: Target) -> NDArray[np.int64]:
    """Cycles of each line by the templates' costs, without waits between them, (lines,)."""
    fixed = by_operation(lines, lambda op: target.templates[op].cycles)
    each = by_operation(lines, lambda op: target.templates[op].each)
    return fixed + each * lines["length"].astype(np.int64)


def by_operation(lines: LineArray, fact: Callable[[Operation], int]) -> NDArray[np.int64 | np.bool_]:
    """A fact of each line's operation, (lines,)."""
    return np.array([fact(op) for op in Operation])[lines["op"] - 1]


def registers_of(lines: LineArray) -> NDArray[np.int64]:
    """How many neighbouring registers each line moves, (lines,)."""
    pair = by_operation(lines, lambda op: "pair" in op.operands.names)
    return np.where(by_operation(lines, lambda op: op.is_list), lines["length"], 1 + pair)
