"""Describes a machine to the compiler as data: registers by role, reaches, and one template for each operation.

The description checks itself when it is made, so a bad table fails at import, not in silicon.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from struct import pack, unpack

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.arithmetic.number_format import FLOAT32_FORMAT
from armlet.errors import CapacityError, TargetError
from armlet.isa.core import Core
from armlet.isa.operation import OPERANDS, Operation
from armlet.isa.timing import CycleTable, Flash


@dataclass(frozen=True, slots=True)
class Template:
    """How one operation is written, and what it costs."""

    text: str  # assembly; lines apart by newline
    size: int  # bytes
    cycles: int
    each: int = 0  # cycles more for each register of a list
    pairs: bool = False  # takes a cycle less, but never less than one, where the operation before pairs too
    latency: int = 0  # cycles after its own until its result can be used without a wait
    numbers: range = range(0)  # that its field for an offset or addend holds; assemblers disagree on others

    def cost(self, count: int = 0) -> int:
        """Cycles with a list of so many registers."""
        return self.cycles + self.each * count


@dataclass(frozen=True, slots=True)
class Roles:
    """Core registers by what they do in NAME_core. No register has two jobs."""

    inputs: str  # base of the input block, argument 0
    pool: str  # cursor of the constants
    inputs_cursor: str  # of the input block
    work: str  # base of the work block
    work_cursor: str  # of the work block
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
    arithmetics: tuple[Arithmetic, ...]  # what it can do, the cheapest first
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
        if not (self.arithmetics and self.roles.scratch and self.partitions):
            raise TargetError(f"{self.name}: no arithmetic, no scratch register or no partition")
        if lost := sorted(x for x in self.immediates if not _is_float32(x)):
            raise TargetError(f"{self.name}: {lost} cannot be immediates")
        if missing := set(Operation) - set(self.templates):
            raise TargetError(f"{self.name}: no template for {sorted(op.name for op in missing)}")
        for op, template in self.templates.items():
            self._check_template(op, template)

    def _check_template(self, op: Operation, template: Template) -> None:
        holes = {name for _, name, _, _ in Formatter().parse(template.text) if name}
        if holes != OPERANDS[op].names:
            raise TargetError(f"{self.name}: {op.name} has {sorted(holes)}, wants {sorted(OPERANDS[op].names)}")
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
    return 0 < abs(x) <= FLOAT32_FORMAT.largest and unpack("f", pack("f", x))[0] == x
