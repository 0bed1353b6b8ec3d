"""The product of selection for integers: what NAME_core does, line by line, and where inputs and outputs lie.

All of it happens in one block of memory whose address the caller gives: inputs, values of the layers between, outputs.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_operation import IntegerOperation
from armlet.isa.integer_target import LOW, IntegerTarget, IntegerTemplate
from armlet.network.frozen import frozen

IntegerLines: TypeAlias = NDArray[np.void]  # (lines,) of INTEGER_LINE


class IntegerLine(NamedTuple):
    """One line of a program; its operation says which columns count. Registers by their number in the machine.

    The label of a REPEAT is the line that stands `number` lines before it.
    """

    op: int
    d: int = 0
    a: int = 0
    b: int = 0
    by: int = 0  # bits
    number: int = 0  # a constant, or an offset in bytes
    list: int = 0  # registers as bits
    layer: int = -1  # what the line serves, for people and counts
    source: int = -1  # the connection that it computes: of the layer's input
    neuron: int = -1  # to its neuron
    runs: int = 1  # how often it runs
    e: int = 0  # a fourth register


INTEGER_LINE = np.dtype([(name, np.int64 if name == "number" else np.int32) for name in IntegerLine._fields])


@dataclass(frozen=True, slots=True, eq=False)
class BlockLayout:
    """Where values lie in the block, in bytes from its start. Bytes of the inputs' part that hold none are zero."""

    inputs: NDArray[np.int32]  # (inputs,) -1 for an input that is not used
    input_bytes: int  # of each input's field
    span: int  # bytes of the inputs' part; the program only reads it
    outputs: NDArray[np.int32]  # (outputs,)
    output_bytes: int  # of each output
    size: int  # bytes of the block

    def __post_init__(self) -> None:
        for name in ("inputs", "outputs"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int32))


@dataclass(frozen=True, slots=True, eq=False)
class IntegerProgram:
    """Lines for `target` that compute `network`."""

    target: IntegerTarget
    network: IntegerNetwork
    lines: IntegerLines
    block: BlockLayout
    constants: NDArray[np.uint8]  # bytes of the pool, read where the lines load from its address

    def __post_init__(self) -> None:
        lines = self.lines.copy()
        lines.setflags(write=False)
        object.__setattr__(self, "lines", lines)
        object.__setattr__(self, "constants", frozen(self.constants, np.uint8))

    @property
    def line_bytes(self) -> int:
        """Bytes of code for the lines, without entry and exit."""
        return bytes_of(self.target, self.lines)

    @property
    def line_cycles(self) -> int:
        """Cycles of the lines by the templates' costs, neighbouring loads and stores overlapping."""
        return cycles_of(self.target, self.lines)

    @property
    def used_registers(self) -> frozenset[int]:
        """The registers that any line writes."""
        return registers_written(self.lines)

    def with_lines(self, lines: IntegerLines) -> "IntegerProgram":
        """The same with other lines in place of these."""
        return replace(self, lines=lines)


def registers_written(lines: IntegerLines) -> frozenset[int]:
    """The registers that any of the lines writes."""
    found: set[int] = set()
    for op in map(IntegerOperation, np.unique(lines["op"]).tolist()):
        mine = lines[lines["op"] == op]
        for name in op.operands.writes:
            column = mine[name].tolist()
            found |= {k for bits in column for k in range(16) if bits >> k & 1} if name == "list" else {*column}
    return frozenset(found)


def bytes_of(target: IntegerTarget, lines: IntegerLines) -> int:
    """Bytes of code for lines."""
    short = are_short(target, lines).tolist()
    forms = ((target.templates[IntegerOperation(op)], narrow) for op, narrow in zip(lines["op"].tolist(), short))
    return sum(form.short.size if form.short and narrow else form.size for form, narrow in forms)


def are_short(target: IntegerTarget, lines: IntegerLines) -> NDArray[np.bool_]:
    """Which lines are written in the short form of their operation, since it holds their operands."""
    found = np.zeros(len(lines), np.bool_)
    for op in np.unique(lines["op"]).tolist():
        short = target.templates[IntegerOperation(op)].short
        if short is not None:
            at = np.flatnonzero(lines["op"] == op)
            found[at] = _holds(short, lines[at])
    return found


def _holds(form: IntegerTemplate, lines: IntegerLines) -> NDArray[np.bool_]:
    fits = np.ones(len(lines), np.bool_)
    for name in form.low:
        fits &= lines[name] < (1 << LOW if name == "list" else LOW)
    for name, values in (("number", form.numbers), ("by", form.shifts)):
        if values:
            fits &= np.isin(lines[name], values)
    return fits


def cycles_of(target: IntegerTarget, lines: IntegerLines) -> int:
    """Cycles of lines, each as often as it runs."""
    if not len(lines):
        return 0
    ops, at = np.unique(lines["op"], return_inverse=True)
    forms = [target.templates[IntegerOperation(op)] for op in ops.tolist()]
    cycles, each, pairs = (np.array(column)[at] for column in zip(*((f.cycles, f.each, f.pairs) for f in forms)))
    runs = np.append(lines["runs"], 1).astype(np.int64)
    listed = np.bitwise_count(lines["list"]) * each
    cycles = cycles + listed - (np.append(False, pairs[:-1]) & pairs & (cycles > 1))
    again = np.isin(lines["op"], (IntegerOperation.REPEAT, IntegerOperation.REPEAT_UNTIL))
    return int(runs[:-1] @ cycles + target.cycles.refill * (runs[:-1] - runs[1:])[again].sum())


def lines_of(rows: list[IntegerLine]) -> IntegerLines:
    """Lines as one array."""
    return np.array(rows, INTEGER_LINE)
