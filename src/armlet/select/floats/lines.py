"""Lines of a program in single precision with loops: operations of the floating-point unit and of the core, as text.

Both kinds of templates are the targets' own: those of `Target` for float registers, those of `IntegerTarget` for
counters and addresses. A register is a bit: core registers are 0 to 15, float registers 16 to 47.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from armlet.isa.integer_operation import IntegerOperation
from armlet.isa.integer_target import IntegerTarget, IntegerTemplate
from armlet.isa.operation import Operation
from armlet.isa.target import Target

_CORES = 16
_LOW = 8
_FLOAT_NAMES = ("d", "a", "b")
_CORE_NAMES = ("core", "other", "base", "pointer")
_LATE = frozenset(
    (Operation.MULTIPLY, Operation.ADD, Operation.SUBTRACT, Operation.FUSED, Operation.DIVIDE, Operation.NEGATE)
)
_COMPUTES = frozenset(
    (
        Operation.CLAMP,
        Operation.CLAMP_ABOVE,
        Operation.MAGNITUDE,
        Operation.SIGNED,
        Operation.BITS_UP,
        Operation.BITS_DOWN,
        Operation.STEP_UP,
        Operation.STEP_DOWN,
        Operation.LEA,
        Operation.LEA_FAR,
        Operation.ADDRESS,
    )
)


@dataclass(frozen=True, slots=True)
class Machine:
    """Both descriptions of one core."""

    floats: Target
    cores: IntegerTarget

    @property
    def name(self) -> str:
        return self.floats.name


@dataclass(frozen=True, slots=True)
class Line:
    """An operation with its operands."""

    text: str
    size: int  # bytes
    cycles: int  # where nothing waits
    reads: int  # registers, as bits
    writes: int
    address: int  # registers by which it finds its place in memory
    is_load: bool = False
    is_store: bool = False
    is_late: bool = False  # the next line waits a cycle for what it gives
    late_sum: int = 0  # of what it reads, the register that it wants a cycle later
    computes: bool = False  # the next line waits a cycle for an address that it gives
    pairs: bool = False
    label: int = 0  # that stands before it
    back: int = 0  # label to which it goes back
    layer: int = -1
    runs: int = 1


def float_bit(register: int) -> int:
    """A float register among all registers."""
    return 1 << _CORES + register


def float_line(target: Target, op: Operation, **operands: int | float | str | tuple[int, int]) -> Line:
    """A line of the floating-point unit, or of what goes with it; a list is its first register and how many it has."""
    return _float_line(target.name, op, tuple(sorted(operands.items())), _Held(target))


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """A target, which takes no part in what is remembered."""

    target: Target

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=1 << 16)
def _float_line(_: str, op: Operation, operands: tuple[tuple[str, object], ...], held: _Held) -> Line:
    target, given = held.target, dict(operands)
    template, texts, bits, moved = target.templates[op], dict[str, object](), dict[str, int](), 0
    for name, value in given.items():
        if name in _FLOAT_NAMES and isinstance(value, int):
            texts[name], bits[name] = target.floats[value], float_bit(value)
        elif name in _CORE_NAMES and isinstance(value, int):
            texts[name], bits[name] = f"r{value}", 1 << value
        elif name == "list" and isinstance(value, tuple):
            first, moved = value
            names = target.floats[first : first + moved]
            texts[name] = names[0] if moved == 1 else f"{names[0]}-{names[-1]}"
            bits[name] = sum(float_bit(first + k) for k in range(moved))
        else:
            texts[name] = value
    takes = op.operands
    base = bits.get("base", 0) if takes.access.name != "NONE" or op is Operation.LOAD_CONSTANTS else 0
    return Line(
        text=template.text.format(**texts),
        size=template.size,
        cycles=template.cycles + template.each * moved,
        reads=sum({bits[name] for name in takes.reads if name in bits}),
        writes=sum({bits[name] for name in takes.writes if name in bits}),
        address=base,
        is_load=op.is_load or op is Operation.LOAD_CONSTANTS,
        is_store=op.is_store,
        is_late=op in _LATE,
        late_sum=bits["d"] if op is Operation.FUSED else 0,
        computes=op in _COMPUTES,
        pairs=template.pairs,
    )


@lru_cache(maxsize=1 << 14)
def _text_of(template: IntegerTemplate, operands: tuple[tuple[str, int | str], ...]) -> str:
    return template.text.format(**dict(operands))


def core_line(target: IntegerTarget, op: IntegerOperation, symbol: str = "", **operands: int) -> Line:
    """A line of the core."""
    template = target.templates[op]
    if template.short is not None and _is_short(template.short, operands):
        template = template.short
    texts: dict[str, int | str] = {
        name: target.names[value] if name in ("d", "e", "a", "b") else value for name, value in operands.items()
    }
    if symbol:
        texts["symbol"] = symbol
    bits = {name: 1 << value for name, value in operands.items() if name in ("d", "e", "a", "b")}
    is_memory = op.is_load or op.is_store
    return Line(
        text=_text_of(template, tuple(sorted(texts.items()))),
        size=template.size,
        cycles=template.cycles,
        reads=sum({bits[name] for name in op.operands.reads if name in bits}),
        writes=sum({bits[name] for name in op.operands.writes if name in bits}),
        address=bits.get("a", 0) if is_memory else 0,
        is_load=op.is_load,
        is_store=op.is_store,
        computes=not is_memory,
        pairs=template.pairs,
    )


def _is_short(short: IntegerTemplate, operands: Mapping[str, int]) -> bool:
    low = all(operands[name] < _LOW for name in short.low if name in operands)
    return low and ("number" not in operands or operands["number"] in short.numbers)


@dataclass(slots=True)
class Writer:
    """Lines as they are written, and the constants that they take."""

    machine: Machine
    symbol: str  # of the constants
    lines: list[Line] = field(default_factory=list)
    constants: list[int] = field(default_factory=list)  # words
    layer: int = -1
    runs: int = 1
    labels: int = 0
    waiting: int = 0  # label for the next line
    is_draft: bool = False  # whether lines are only counted, so that their order does not matter

    def put(self, line: Line) -> None:
        """Write a line that is made."""
        self.lines.append(replace(line, layer=self.layer, runs=self.runs, label=self.waiting))
        self.waiting = 0

    def put_all(self, lines: Iterable[Line]) -> None:
        """Write lines that are made."""
        for line in lines:
            self.put(line)

    def add(self, op: Operation, **operands: int | float | str | tuple[int, int]) -> None:
        """Write a line of the floating-point unit."""
        self.put(float_line(self.machine.floats, op, **operands))

    def core(self, op: IntegerOperation, symbol: str = "", **operands: int) -> None:
        """Write a line of the core."""
        self.put(core_line(self.machine.cores, op, symbol, **operands))

    def begin(self, register: int, count: int) -> int:
        """Begin a loop of `count` trips; gives its label. Nothing where it is one trip."""
        if count == 1:
            return 0
        self.number(register, count)
        self.runs *= count
        self.labels += 1
        self.waiting = self.labels
        return self.labels

    def end(self, register: int, label: int, count: int) -> None:
        """Go back until the count is zero."""
        if label:
            template = self.machine.cores.templates[IntegerOperation.REPEAT]
            text = template.text.format(d=self.machine.cores.names[register], label=label_of(label))
            bit = 1 << register
            line = Line(text, template.size, template.cycles, bit, bit, 0, computes=False, back=label)
            self.put(line)
            self.runs //= count

    def number(self, register: int, number: int) -> None:
        """register := a number from 0 on."""
        self.core(IntegerOperation.CONSTANT, d=register, number=number & 0xFFFF)
        if number >> 16:
            self.core(IntegerOperation.CONSTANT_HIGH, d=register, number=number >> 16)

    def move(self, register: int, by: int, source: int | None = None) -> None:
        """register := source and some bytes more or less; the register itself where no source is named."""
        source = register if source is None else source
        if by > 2 * _REACH and source != register:
            self.add(Operation.LEA_FAR, pointer=register, base=source, low=by & 0xFFFF, high=by >> 16)
            return
        if by == 0 and source != register:
            self.core(IntegerOperation.MOVE, d=register, a=source)
        op = IntegerOperation.ADD_NUMBER if by > 0 else IntegerOperation.SUBTRACT_NUMBER
        left = abs(by)
        while left:
            step = min(left, _REACH)
            self.core(op, d=register, a=source, number=step)
            left, source = left - step, register

    def address(self, register: int, symbol: str, offset: int, spare: int) -> None:
        """register := an address in a piece of memory of the program's own; another register may be lost."""
        near = register if offset <= 2 * _REACH else spare
        self.add(Operation.ADDRESS, pointer=near, symbol=symbol)
        self.move(register, offset, near)


_REACH = 4092  # ARM DDI 0403, A7.7.3: ADD T4 holds 12 bits; whole words


def label_of(number: int) -> str:
    """The name of a line that is gone back to, from 1 on."""
    return f".L{number}"
