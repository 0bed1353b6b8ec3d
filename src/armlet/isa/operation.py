"""The operations that programs are made of, and what each reads and writes.

One table, `OPERANDS`, says it for all who ask: the templates of a target must have exactly these operands, the columns
of a program's line that count are theirs, and instruction scheduling works out from them which lines depend on others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum, auto


class Operation(IntEnum):
    """What one instruction does. d, a and b are float registers, a list is some of them from d on.

    Those up to LEA_FAR make the lines of a program; the rest enter and leave it.
    """

    LOAD_CONSTANTS = auto()  # list := the next constants of the pool
    LOAD = auto()  # d := memory at base + offset
    LOAD_PAIR = auto()  # d, d + 1 := two words at base + offset; d even
    LOAD_MULTIPLE = auto()  # list := the words at a cursor, which moves on behind them
    STORE = auto()  # memory at base + offset := d
    STORE_MULTIPLE = auto()  # the words at a cursor, which moves on, := list
    MULTIPLY = auto()  # d := a * b
    ADD = auto()  # d := a + b
    SUBTRACT = auto()  # d := a - b
    FUSED = auto()  # d := d + a * b, rounded once
    DIVIDE = auto()  # d := a / b
    COPY = auto()  # d := a
    NEGATE = auto()  # d := -a
    IMMEDIATE = auto()  # d := number
    TO_GPR = auto()  # core register := bits of a
    CLAMP = auto()  # core register := 0 where its sign is set
    CLAMP_ABOVE = auto()  # core register := 0 where its sign is clear
    MAGNITUDE = auto()  # core register := another one with its sign cleared
    SIGNED = auto()  # core register := its own sign, and the rest of another one
    BITS_UP = auto()  # core register += addend
    BITS_DOWN = auto()  # core register -= addend
    FROM_GPR = auto()  # d := bits of core register
    GPR_STORE = auto()  # memory at base + offset := core register
    GPR_STORE_MULTIPLE = auto()  # the words at a cursor, which moves on, := core registers
    STEP_UP = auto()  # base += offset, small
    STEP_DOWN = auto()  # base -= offset, small
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

    @property
    def operands(self) -> "Operands":
        """What it reads and writes."""
        return OPERANDS[self]

    @property
    def is_load(self) -> bool:
        """Whether it reads a block of values; the pool of constants is none."""
        return self.operands.access is Access.LOAD

    @property
    def is_store(self) -> bool:
        """Whether it writes a block of values."""
        return self.operands.access is Access.STORE

    @property
    def is_move(self) -> bool:
        """Whether it moves values between registers and memory."""
        return self.is_load or self.is_store

    @property
    def is_list(self) -> bool:
        """Whether it takes as many registers as its line says."""
        return bool(self.operands.names & {"list", "cores"})

    @property
    def writes_float(self) -> bool:
        """Whether a float register holds its result."""
        return not {"d", "list", "pair"}.isdisjoint(self.operands.writes)


class Access(Enum):
    """What an operation does to a block of values in memory."""

    NONE = auto()
    LOAD = auto()
    STORE = auto()


@dataclass(frozen=True, slots=True)
class Operands:
    """The operands of an operation by the names that templates have for them.

    Float registers: `d`, `a`, `b`, a `list` of them, a `pair`. General-purpose registers: `core`, `other`, several
    `cores`, the pointers `base` and `pointer`. Numbers that the instruction holds: `offset` in bytes, `addend`, a
    `number`, the `low` and `high` half of an offset, the address of a `symbol`.
    """

    writes: tuple[str, ...]
    reads: tuple[str, ...]
    numbers: tuple[str, ...]
    access: Access

    @property
    def names(self) -> frozenset[str]:
        """All of them."""
        return frozenset((*self.writes, *self.reads, *self.numbers))


def _takes(writes: str = "", reads: str = "", numbers: str = "", access: Access = Access.NONE) -> Operands:
    return Operands(tuple(writes.split()), tuple(reads.split()), tuple(numbers.split()), access)


OPERANDS: Mapping[Operation, Operands] = {
    Operation.LOAD_CONSTANTS: _takes("list base", "base"),
    Operation.LOAD: _takes("d", "base", "offset", Access.LOAD),
    Operation.LOAD_PAIR: _takes("pair", "base", "offset", Access.LOAD),
    Operation.LOAD_MULTIPLE: _takes("list base", "base", access=Access.LOAD),
    Operation.STORE: _takes("", "d base", "offset", Access.STORE),
    Operation.STORE_MULTIPLE: _takes("base", "list base", access=Access.STORE),
    Operation.MULTIPLY: _takes("d", "a b"),
    Operation.ADD: _takes("d", "a b"),
    Operation.SUBTRACT: _takes("d", "a b"),
    Operation.FUSED: _takes("d", "d a b"),
    Operation.DIVIDE: _takes("d", "a b"),
    Operation.COPY: _takes("d", "a"),
    Operation.NEGATE: _takes("d", "a"),
    Operation.IMMEDIATE: _takes("d", "", "number"),
    Operation.TO_GPR: _takes("core", "a"),
    Operation.CLAMP: _takes("core", "core"),
    Operation.CLAMP_ABOVE: _takes("core", "core"),
    Operation.MAGNITUDE: _takes("core", "other"),
    Operation.SIGNED: _takes("core", "core other"),
    Operation.BITS_UP: _takes("core", "core", "addend"),
    Operation.BITS_DOWN: _takes("core", "core", "addend"),
    Operation.FROM_GPR: _takes("d", "core"),
    Operation.GPR_STORE: _takes("", "core base", "offset", Access.STORE),
    Operation.GPR_STORE_MULTIPLE: _takes("base", "cores base", access=Access.STORE),
    Operation.STEP_UP: _takes("base", "base", "offset"),
    Operation.STEP_DOWN: _takes("base", "base", "offset"),
    Operation.LEA: _takes("pointer", "base", "offset"),
    Operation.LEA_FAR: _takes("pointer", "base", "low high"),
    Operation.ADDRESS: _takes("pointer", "", "symbol"),
    Operation.GPR_LOAD: _takes("core", "base", "offset", Access.LOAD),
    Operation.SAVE: _takes("", "cores"),
    Operation.SAVE_FLOATS: _takes("", "list"),
    Operation.RESTORE: _takes("cores"),
    Operation.RESTORE_FLOATS: _takes("list"),
    Operation.RETURN: _takes(),
    Operation.RUN_ENTER: _takes(),
    Operation.RUN_OUTPUT: _takes("pointer"),
    Operation.RUN_LEAVE: _takes(),
    Operation.CALL: _takes("", "", "symbol"),
}
