"""What it takes to describe a machine to the emitter.

A target is data: registers by role, reaches, and one template for each operation. The description checks itself when
it is made, so a bad table fails at import, not in silicon.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, auto
from string import Formatter
from struct import pack, unpack

from armlet.arithmetic.float32 import MultiplyAdd
from armlet.errors import CapacityError, TargetError
from armlet.isa.core import Core
from armlet.isa.timing import CycleTable, Flash


class Operation(IntEnum):
    """The operations that emitted code is made of. d, a, b are float registers; a list is n of them from d on.

    Those up to LEA_FAR make the lines of a program; the rest enter and leave it.
    """

    LOAD_CONSTANTS = auto()  # list d := next n constants of the pool
    LOAD = auto()  # d := memory at base + offset
    LOAD_PAIR = auto()  # d, d + 1 := two words at base + offset; d even
    LOAD_MULTIPLE = auto()  # list d := n words at pointer; pointer += 4 n
    STORE = auto()  # memory at base + offset := d
    STORE_MULTIPLE = auto()  # n words at pointer := list d; pointer += 4 n
    MULTIPLY = auto()  # d := a * b
    ADD = auto()  # d := a + b
    SUBTRACT = auto()  # d := a - b
    FUSED = auto()  # d := d + a * b, rounded once
    DIVIDE = auto()  # d := a / b
    COPY = auto()  # d := a
    NEGATE = auto()  # d := -a
    IMMEDIATE = auto()  # d := a number that the instruction holds
    TO_GPR = auto()  # core register := bits of a
    CLAMP = auto()  # core register := 0 where its sign is set
    CLAMP_ABOVE = auto()  # core register := 0 where its sign is clear
    MAGNITUDE = auto()  # core register d := core register a with its sign cleared
    SIGNED = auto()  # core register d := its own sign, and the rest of core register a
    BITS_UP = auto()  # core register += a number
    BITS_DOWN = auto()  # core register -= a number
    FROM_GPR = auto()  # d := bits of core register
    GPR_STORE = auto()  # memory at base + offset := core register
    GPR_STORE_MULTIPLE = auto()  # n words at pointer := core registers; pointer += 4 n
    STEP_UP = auto()  # pointer += offset, small
    STEP_DOWN = auto()  # pointer -= offset, small
    LEA = auto()  # pointer := base + offset, within reach
    LEA_FAR = auto()  # pointer := base + offset, any
    ADDRESS = auto()  # pointer := address of symbol
    GPR_LOAD = auto()  # core register := memory at base + offset
    SAVE = auto()  # push core registers
    SAVE_FLOATS = auto()  # push float registers
    RESTORE = auto()  # pop core registers
    RESTORE_FLOATS = auto()  # pop float registers
    RETURN = auto()  # from NAME_core
    RUN_ENTER = auto()  # push the output pointer, the scratch registers and the way back
    RUN_OUTPUT = auto()  # pointer := the output pointer that RUN_ENTER pushed
    RUN_LEAVE = auto()  # undo RUN_ENTER and return
    CALL = auto()  # symbol, a function


_LARGEST = (2 - 2.0**-23) * 2.0**127  # of float32

OPERANDS: Mapping[Operation, frozenset[str]] = {
    Operation.LOAD_CONSTANTS: frozenset({"list", "base"}),
    Operation.LOAD: frozenset({"d", "base", "offset"}),
    Operation.LOAD_PAIR: frozenset({"pair", "base", "offset"}),
    Operation.LOAD_MULTIPLE: frozenset({"list", "base"}),
    Operation.STORE: frozenset({"d", "base", "offset"}),
    Operation.STORE_MULTIPLE: frozenset({"list", "base"}),
    Operation.MULTIPLY: frozenset({"d", "a", "b"}),
    Operation.ADD: frozenset({"d", "a", "b"}),
    Operation.SUBTRACT: frozenset({"d", "a", "b"}),
    Operation.FUSED: frozenset({"d", "a", "b"}),
    Operation.DIVIDE: frozenset({"d", "a", "b"}),
    Operation.COPY: frozenset({"d", "a"}),
    Operation.NEGATE: frozenset({"d", "a"}),
    Operation.IMMEDIATE: frozenset({"d", "number"}),
    Operation.TO_GPR: frozenset({"core", "a"}),
    Operation.CLAMP: frozenset({"core"}),
    Operation.CLAMP_ABOVE: frozenset({"core"}),
    Operation.MAGNITUDE: frozenset({"core", "other"}),
    Operation.SIGNED: frozenset({"core", "other"}),
    Operation.BITS_UP: frozenset({"core", "offset"}),
    Operation.BITS_DOWN: frozenset({"core", "offset"}),
    Operation.FROM_GPR: frozenset({"d", "core"}),
    Operation.GPR_STORE: frozenset({"core", "base", "offset"}),
    Operation.GPR_STORE_MULTIPLE: frozenset({"cores", "base"}),
    Operation.STEP_UP: frozenset({"base", "offset"}),
    Operation.STEP_DOWN: frozenset({"base", "offset"}),
    Operation.LEA: frozenset({"pointer", "base", "offset"}),
    Operation.LEA_FAR: frozenset({"pointer", "base", "low", "high"}),
    Operation.ADDRESS: frozenset({"pointer", "symbol"}),
    Operation.GPR_LOAD: frozenset({"core", "base", "offset"}),
    Operation.SAVE: frozenset({"cores"}),
    Operation.SAVE_FLOATS: frozenset({"list"}),
    Operation.RESTORE: frozenset({"cores"}),
    Operation.RESTORE_FLOATS: frozenset({"list"}),
    Operation.RETURN: frozenset(),
    Operation.RUN_ENTER: frozenset(),
    Operation.RUN_OUTPUT: frozenset({"pointer"}),
    Operation.RUN_LEAVE: frozenset(),
    Operation.CALL: frozenset({"symbol"}),
}


@dataclass(frozen=True, slots=True)
class Template:
    """How one operation is written, and what it costs."""

    text: str  # assembly; lines apart by newline
    size: int  # bytes
    cycles: int
    each: int = 0  # cycles more for each register of a list
    pairs: bool = False  # takes a cycle less, but never less than one, where the operation before pairs too
    late: bool = False  # its result costs the next operation a cycle if that uses it at once
    offsets: range = range(0)  # that its field holds: what lies outside, each assembler makes something else of


@dataclass(frozen=True, slots=True)
class Roles:
    """Core registers by what they do in NAME_core. No register has two jobs."""

    inputs: str  # the input block, argument 0; stays
    pool: str  # runs through the constants
    inputs_cursor: str  # runs through the input block
    work: str  # the work block; stays
    work_cursor: str  # runs through the work block
    scratch: tuple[str, ...]  # ascending, for values on their way through the core


@dataclass(frozen=True, slots=True)
class RegisterPartition:
    """How the float registers are shared out: the first hold values, those after them constants on their way."""

    values: int  # activations and accumulators: R
    constants: int


@dataclass(frozen=True, slots=True)
class Target:
    """A machine armlet can emit float32 programs for."""

    name: str
    title: str
    core: Core
    cycles: CycleTable
    flash: Flash
    comment: str
    header: tuple[str, ...]
    floats: tuple[str, ...]  # all float registers, in the order of register lists
    preserved_floats: int  # those from this number on belong to the caller
    partitions: tuple[RegisterPartition, ...]  # ways to share the float registers out, the usual one first
    batch: int  # values that a batch of loads aims at
    roles: Roles
    float_reach: int  # bytes from a pointer that a load or store of a float register spans
    core_reach: int  # and one of a core register
    point_reach: int  # and one addition to a pointer
    step_reach: int  # and a short one
    multiply_add: tuple[MultiplyAdd, ...]  # what it can do, the cheaper first
    immediates: tuple[float, ...]  # the numbers that IMMEDIATE can hold, all float32
    templates: Mapping[Operation, Template]

    def __post_init__(self) -> None:
        names = (self.roles.inputs, self.roles.pool, self.roles.inputs_cursor, self.roles.work, self.roles.work_cursor)
        jobs = (*names, *self.roles.scratch)
        if len(set(jobs)) != len(jobs):
            raise TargetError(f"{self.name}: a core register has two jobs")
        if len(set(self.floats)) != len(self.floats):
            raise TargetError(f"{self.name}: a float register is named twice")
        for partition in self.partitions:
            if min(partition.values, partition.constants) < 2 or partition.values + partition.constants > len(
                self.floats
            ):
                raise TargetError(
                    f"{self.name}: {partition} leaves too few registers for one of them, or asks for too many"
                )
        if min(self.float_reach, self.core_reach, self.point_reach, self.step_reach) < 4:
            raise TargetError(f"{self.name}: a reach is less than a word")
        if not (self.multiply_add and self.roles.scratch and self.partitions):
            raise TargetError(f"{self.name}: no multiply-add, no scratch register or no partition")
        if lost := sorted(x for x in self.immediates if not _is_float32(x)):
            raise TargetError(f"{self.name}: {lost} cannot be immediates")
        if missing := set(Operation) - set(self.templates):
            raise TargetError(f"{self.name}: no template for {sorted(op.name for op in missing)}")
        for op, template in self.templates.items():
            self._check_template(op, template)

    def _check_template(self, op: Operation, template: Template) -> None:
        holes = {name for _, name, _, _ in Formatter().parse(template.text) if name}
        if holes != OPERANDS[op]:
            raise TargetError(f"{self.name}: {op.name} has {sorted(holes)}, wants {sorted(OPERANDS[op])}")
        if template.size < 2 or template.cycles < 1 or template.each < 0:
            raise TargetError(f"{self.name}: {op.name} takes no room or no time")

    def grant(self, wanted: int | None) -> tuple[RegisterPartition, ...]:
        """The partitions to choose from: one with the registers for values that a caller wants, or the target's own.

        Raises `CapacityError`.
        """
        if wanted is None:
            return self.partitions
        most = len(self.floats) - 2
        if not 2 <= wanted <= most:
            raise CapacityError(f"{self.name} has 2 to {most} registers for values, not {wanted}")
        return (RegisterPartition(wanted, len(self.floats) - wanted),)


def _is_float32(x: float) -> bool:
    """Whether float32 has this number, one that is finite and not zero."""
    return 0 < abs(x) <= _LARGEST and unpack("f", pack("f", x))[0] == x
