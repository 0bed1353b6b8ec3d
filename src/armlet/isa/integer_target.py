"""Describes a machine to the integer compiler as data: core registers by role, and templates for what it can do.

The description checks itself when it is made, so a bad table fails at import, not in silicon.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Formatter

from armlet.errors import TargetError
from armlet.isa.core import Core
from armlet.isa.integer_operation import OPERANDS, IntegerOperation
from armlet.isa.timing import CycleTable, Flash


@dataclass(frozen=True, slots=True)
class IntegerTemplate:
    """How one operation is written, and what it costs."""

    text: str  # assembly
    size: int  # bytes
    cycles: int
    each: int = 0  # cycles more for each register of a list
    pairs: bool = False  # takes a cycle less, but never less than one, where the operation before pairs too
    numbers: range = range(0)  # that its field `number` holds
    shifts: range = range(0)  # that its field `by` holds
    low: frozenset[str] = frozenset()  # operands that must be r0 to r7
    short: "IntegerTemplate | None" = None  # the same in fewer bytes, for operands that it holds


@dataclass(frozen=True, slots=True)
class IntegerTarget:
    """A machine that armlet can emit integer programs for."""

    name: str
    title: str
    core: Core
    cycles: CycleTable
    flash: Flash
    comment: str
    header: tuple[str, ...]
    base: int  # register that holds the address of the block, argument 0
    free: tuple[int, ...]  # registers that a program may use for anything, in the order in which they are given out
    preserved: tuple[int, ...]  # of these, those that a call must give back
    link: int  # the register that holds the way back; entry and exit save it and return by it
    enter: str  # saves registers: those named {saved}, or all that are preserved
    leave: str  # gives them back and returns; {restored} has the program counter where {saved} has `link`
    call: str  # calls {symbol}, a function
    names: tuple[str, ...]  # of the registers, by number; the program counter is the last
    templates: Mapping[IntegerOperation, IntegerTemplate]
    enter_low: str = ""  # as `enter`, where it is another for lines that write no register from r8 on but `link`
    leave_low: str = ""

    def __post_init__(self) -> None:
        if self.base in self.free or len({*self.free}) != len(self.free):
            raise TargetError(f"{self.name}: a register has two jobs")
        if not {*self.preserved} <= {*self.free} or max(self.free) >= len(self.names):
            raise TargetError(f"{self.name}: a register that is named nowhere else is preserved or free")
        enter, leave = (self.enter, self.enter_low), (self.leave, self.leave_low)
        texts = *((text, "saved") for text in enter), *((text, "restored") for text in leave), (self.call, "symbol")
        for text, hole in texts:
            if not _holes(text) <= {hole}:
                raise TargetError(f"{self.name}: entry or exit or call has {sorted(_holes(text))}, knows {hole}")
        for op, template in self.forms():
            if (holes := _holes(template.text)) != OPERANDS[op].names:
                raise TargetError(f"{self.name}: {op.name} has {sorted(holes)}, wants {sorted(OPERANDS[op].names)}")
            if template.size < 2 or template.cycles < 1 or template.each < 0:
                raise TargetError(f"{self.name}: {op.name} takes no room or no time")
            if not template.low <= OPERANDS[op].names:
                raise TargetError(f"{self.name}: {op.name} has no such operand as {sorted(template.low)}")
            if any(getattr(template, field) and name not in holes for field, name in _FIELDS):
                raise TargetError(f"{self.name}: {op.name} has no field for its numbers")

            if (short := template.short) and (short.size >= template.size or short.cycles != template.cycles):
                raise TargetError(f"{self.name}: the short form of {op.name} is not shorter, or takes other time")

    def forms(self) -> Iterator[tuple[IntegerOperation, IntegerTemplate]]:
        """Every template, and its short form where it has one."""
        for op, template in self.templates.items():
            yield from ((op, form) for form in (template, template.short) if form)

    def can(self, op: IntegerOperation) -> bool:
        """Whether the core has an instruction for it."""
        return op in self.templates

    def frame(self, used: frozenset[int]) -> tuple[str, str]:
        """What stands before and behind lines that write the registers `used`."""
        saved = {self.preserved[0]} | {number for number in self.preserved if number in used} - {self.link}
        names = ", ".join(self.names[number] for number in sorted(saved))  # a list of one has no such encoding
        is_low = bool(self.enter_low) and max(saved) < LOW
        enter, leave = (self.enter_low, self.leave_low) if is_low else (self.enter, self.leave)
        return (
            enter.format(saved=f"{names}, {self.names[self.link]}"),
            leave.format(restored=f"{names}, {self.names[-1]}"),
        )


LOW = 8  # registers below have short instructions
_FIELDS = (("numbers", "number"), ("shifts", "by"))


def _holes(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}
