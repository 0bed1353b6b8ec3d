"""The operations that integer programs are made of, and what each reads and writes.

d, e, a and b are core registers, `list` several of them. One table, `OPERANDS`, says it for all who ask, as in
`armlet.isa.operation`. A target has templates for those that its core can do; selection asks which.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, auto


class IntegerOperation(IntEnum):
    """What one instruction does. `by` is a number of bits, `number` a constant or an offset in bytes."""

    LOAD = auto()  # d := the word at a + number
    LOAD_HALF = auto()  # d := the halfword at a + number, its sign kept
    LOAD_BYTE = auto()  # d := the byte at a + number, no sign
    LOAD_SIGNED_BYTE = auto()  # d := the byte at a + number, its sign kept
    LOAD_UNSIGNED_HALF = auto()  # d := the halfword at a + number, no sign
    LOAD_ENTRY = auto()  # d := the word at a + 4 b
    LOAD_HALF_AT = auto()  # d := the halfword at a + b, its sign kept
    LOAD_BYTE_AT = auto()  # d := the byte at a + b, no sign
    LOAD_SIGNED_BYTE_AT = auto()  # d := the byte at a + b, its sign kept
    LOAD_MULTIPLE = auto()  # list := the words at a, which moves on behind them
    LOAD_MULTIPLE_HERE = auto()  # list := the words at a, which stays
    LOAD_PAIR = auto()  # d := the word at a + number, b := the word behind it
    LOAD_STACK = auto()  # d := the word of the stack at number
    LOAD_STACK_PAIR = auto()  # d := the word of the stack at number, b := the word behind it
    STORE_STACK = auto()  # the word of the stack at number := d
    STORE = auto()  # the word at a + number := d
    STORE_HALF = auto()  # the halfword at a + number := d
    STORE_BYTE = auto()  # the byte at a + number := d
    MOVE = auto()  # d := a
    CONSTANT = auto()  # d := number, 0 to 65535
    SMALL_CONSTANT = auto()  # d := number, 0 to 255; d low
    CONSTANT_HIGH = auto()  # the upper half of d := number
    NOT_CONSTANT = auto()  # d := not number, a modified immediate
    ADD = auto()  # d := a + b
    ADD_TO = auto()  # d := d + a; any registers
    ADD_LOW_BYTE = auto()  # d := a + the lowest byte of b, no sign
    ADD_BYTE = auto()  # d := a + the byte of b that begins at bit `by`, no sign
    ADD_LEFT = auto()  # d := a + (b << by)
    ADD_RIGHT = auto()  # d := a + (b >> by), no sign
    SUBTRACT = auto()  # d := a - b
    SUBTRACT_LEFT = auto()  # d := a - (b << by)
    SUBTRACT_RIGHT = auto()  # d := a - (b >> by), no sign
    REVERSE_SUBTRACT_LEFT = auto()  # d := (b << by) - a
    NOT_LEFT = auto()  # d := not (a << by)
    NOT_RIGHT = auto()  # d := not (a >> by), no sign
    ADD_SIGN = auto()  # d := a, or a - 1 where it is negative
    NEGATE = auto()  # d := -a
    ADD_NUMBER = auto()  # d := a + number, 0 to 4095
    SUBTRACT_NUMBER = auto()  # d := a - number, 0 to 4095
    LESS_NUMBER = auto()  # d := a - number, a modified immediate
    MORE_NUMBER = auto()  # d := a + number, a modified immediate
    ADD_SIGNED_RIGHT = auto()  # d := a + (b >> by), its sign kept
    NUMBER_LESS = auto()  # d := number - a, a modified immediate
    ADD_SMALL = auto()  # d := d + number, 0 to 255; d low
    SUBTRACT_SMALL = auto()  # d := d - number, 0 to 255; d low
    LEFT = auto()  # d := a << by
    RIGHT = auto()  # d := a >> by, no sign
    RIGHT_SIGNED = auto()  # d := a >> by, its sign kept
    AND = auto()  # d := a and b
    AND_TO = auto()  # d := d and a
    OR_TO = auto()  # d := d or a
    OR_LEFT = auto()  # d := a or (b << by)
    OR_RIGHT = auto()  # d := a or (b >> by), no sign
    OR_NUMBER = auto()  # d := a or number, a modified immediate
    FLIP = auto()  # d := a, the bits turned that number has, a modified immediate
    CLEAR = auto()  # d := a and not b
    CLEAR_TO = auto()  # d := d and not a
    POSITIVE = auto()  # d := a, or 0 where it is negative
    NEGATIVE = auto()  # d := a, or 0 where it is positive
    CLEAR_BY_SIGN = auto()  # d := a, or 0 where b is negative
    SIGNED_FIELD = auto()  # d := the lowest `by` bits of a, as a signed number
    UNSIGNED_FIELD = auto()  # d := the lowest `by` bits of a
    UNSIGNED_BYTE = auto()  # d := the lowest byte of a
    SIGNED_BYTE = auto()  # d := the lowest byte of a, as a signed number
    UNSIGNED_HALF = auto()  # d := the lower half of a
    SIGNED_HALF = auto()  # d := the lower half of a, as a signed number
    ODD_BYTES = auto()  # d := the second and the fourth byte of a as two signed halves
    SATURATE = auto()  # d := a, between 0 and 2^number - 1
    SATURATE_SIGNED = auto()  # d := a, between -2^(number - 1) and 2^(number - 1) - 1
    CLAMP = auto()  # d := a >> by, 1 at least, between 0 and 2^number - 1
    CLAMP_SIGNED = auto()  # d := a >> by, 1 at least, between -2^(number - 1) and 2^(number - 1) - 1
    MULTIPLY = auto()  # d := a * b
    MULTIPLY_HIGH = auto()  # d := the upper word of a * b + 2^31, signed
    MULTIPLY_UPPER = auto()  # d := the upper word of a * b, signed
    MULTIPLY_TO = auto()  # d := d * a; low registers
    MULTIPLY_ADD = auto()  # d := d + a * b
    MULTIPLY_LOW_LOW = auto()  # d := d + lower half of a * lower half of b, signed halves
    MULTIPLY_HIGH_LOW = auto()  # d := d + upper half of a * lower half of b
    MULTIPLY_LOW_HIGH = auto()  # d := d + lower half of a * upper half of b
    MULTIPLY_HIGH_HIGH = auto()  # d := d + upper half of a * upper half of b
    MULTIPLY_BOTH = auto()  # d := d + lower halves' product + upper halves' product
    MULTIPLY_LONG = auto()  # the long number with the lower word d and the upper word e := itself + a * b, signed
    MULTIPLY_UPPER_ADD = auto()  # d := e + the upper word of a * b, signed
    MULTIPLY_HIGH_ADD = auto()  # d := e + the upper word of a * b + 2^31, signed
    ADDRESS = auto()  # d := the address of `symbol`
    REPEAT_UNTIL = auto()  # as long as a is not b, what stands from `label` on runs again
    REPEAT = auto()  # d := d - 1, and as long as that is not 0, what stands from `label` on runs again; d low

    @property
    def operands(self) -> "IntegerOperands":
        """What it reads and writes."""
        return OPERANDS[self]

    @property
    def is_load(self) -> bool:
        """Whether it reads memory."""
        return self.name.startswith("LOAD")

    @property
    def is_indexed(self) -> bool:
        """Whether it loads from where two registers together point."""
        return self.is_load and "b" in self.operands.reads

    @property
    def is_store(self) -> bool:
        """Whether it writes memory."""
        return self.name.startswith("STORE")


@dataclass(frozen=True, slots=True)
class IntegerOperands:
    """The operands of an operation by the names that templates have for them."""

    writes: tuple[str, ...]
    reads: tuple[str, ...]
    numbers: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """All of them."""
        return frozenset((*self.writes, *self.reads, *self.numbers))


def _takes(writes: str, reads: str = "", numbers: str = "") -> IntegerOperands:
    return IntegerOperands(tuple(writes.split()), tuple(reads.split()), tuple(numbers.split()))


_O = IntegerOperation
OPERANDS: Mapping[IntegerOperation, IntegerOperands] = {
    _O.LOAD: _takes("d", "a", "number"),
    _O.LOAD_HALF: _takes("d", "a", "number"),
    _O.LOAD_BYTE: _takes("d", "a", "number"),
    _O.LOAD_SIGNED_BYTE: _takes("d", "a", "number"),
    _O.LOAD_UNSIGNED_HALF: _takes("d", "a", "number"),
    _O.LOAD_ENTRY: _takes("d", "a b"),
    _O.LOAD_HALF_AT: _takes("d", "a b"),
    _O.LOAD_BYTE_AT: _takes("d", "a b"),
    _O.LOAD_SIGNED_BYTE_AT: _takes("d", "a b"),
    _O.LOAD_MULTIPLE: _takes("list a", "a"),
    _O.LOAD_MULTIPLE_HERE: _takes("list", "a"),
    _O.LOAD_PAIR: _takes("d b", "a", "number"),
    _O.LOAD_STACK: _takes("d", "", "number"),
    _O.LOAD_STACK_PAIR: _takes("d b", "", "number"),
    _O.STORE_STACK: _takes("", "d", "number"),
    _O.STORE: _takes("", "d a", "number"),
    _O.STORE_HALF: _takes("", "d a", "number"),
    _O.STORE_BYTE: _takes("", "d a", "number"),
    _O.MOVE: _takes("d", "a"),
    _O.CONSTANT: _takes("d", "", "number"),
    _O.SMALL_CONSTANT: _takes("d", "", "number"),
    _O.CONSTANT_HIGH: _takes("d", "d", "number"),
    _O.NOT_CONSTANT: _takes("d", "", "number"),
    _O.ADD: _takes("d", "a b"),
    _O.ADD_TO: _takes("d", "d a"),
    _O.ADD_LOW_BYTE: _takes("d", "a b"),
    _O.ADD_BYTE: _takes("d", "a b", "by"),
    _O.ADD_LEFT: _takes("d", "a b", "by"),
    _O.ADD_RIGHT: _takes("d", "a b", "by"),
    _O.SUBTRACT: _takes("d", "a b"),
    _O.SUBTRACT_LEFT: _takes("d", "a b", "by"),
    _O.SUBTRACT_RIGHT: _takes("d", "a b", "by"),
    _O.REVERSE_SUBTRACT_LEFT: _takes("d", "a b", "by"),
    _O.NOT_LEFT: _takes("d", "a", "by"),
    _O.NOT_RIGHT: _takes("d", "a", "by"),
    _O.ADD_SIGN: _takes("d", "a"),
    _O.NEGATE: _takes("d", "a"),
    _O.ADD_NUMBER: _takes("d", "a", "number"),
    _O.SUBTRACT_NUMBER: _takes("d", "a", "number"),
    _O.LESS_NUMBER: _takes("d", "a", "number"),
    _O.MORE_NUMBER: _takes("d", "a", "number"),
    _O.ADD_SIGNED_RIGHT: _takes("d", "a b", "by"),
    _O.NUMBER_LESS: _takes("d", "a", "number"),
    _O.ADD_SMALL: _takes("d", "d", "number"),
    _O.SUBTRACT_SMALL: _takes("d", "d", "number"),
    _O.LEFT: _takes("d", "a", "by"),
    _O.RIGHT: _takes("d", "a", "by"),
    _O.RIGHT_SIGNED: _takes("d", "a", "by"),
    _O.AND: _takes("d", "a b"),
    _O.AND_TO: _takes("d", "d a"),
    _O.OR_TO: _takes("d", "d a"),
    _O.OR_LEFT: _takes("d", "a b", "by"),
    _O.OR_RIGHT: _takes("d", "a b", "by"),
    _O.OR_NUMBER: _takes("d", "a", "number"),
    _O.FLIP: _takes("d", "a", "number"),
    _O.CLEAR: _takes("d", "a b"),
    _O.CLEAR_TO: _takes("d", "d a"),
    _O.POSITIVE: _takes("d", "a"),
    _O.NEGATIVE: _takes("d", "a"),
    _O.CLEAR_BY_SIGN: _takes("d", "a b"),
    _O.SIGNED_FIELD: _takes("d", "a", "by"),
    _O.UNSIGNED_FIELD: _takes("d", "a", "by"),
    _O.UNSIGNED_BYTE: _takes("d", "a"),
    _O.SIGNED_BYTE: _takes("d", "a"),
    _O.UNSIGNED_HALF: _takes("d", "a"),
    _O.SIGNED_HALF: _takes("d", "a"),
    _O.ODD_BYTES: _takes("d", "a"),
    _O.SATURATE: _takes("d", "a", "number"),
    _O.SATURATE_SIGNED: _takes("d", "a", "number"),
    _O.CLAMP: _takes("d", "a", "number by"),
    _O.CLAMP_SIGNED: _takes("d", "a", "number by"),
    _O.MULTIPLY: _takes("d", "a b"),
    _O.MULTIPLY_HIGH: _takes("d", "a b"),
    _O.MULTIPLY_UPPER: _takes("d", "a b"),
    _O.MULTIPLY_TO: _takes("d", "d a"),
    _O.MULTIPLY_ADD: _takes("d", "d a b"),
    _O.MULTIPLY_LOW_LOW: _takes("d", "d a b"),
    _O.MULTIPLY_HIGH_LOW: _takes("d", "d a b"),
    _O.MULTIPLY_LOW_HIGH: _takes("d", "d a b"),
    _O.MULTIPLY_HIGH_HIGH: _takes("d", "d a b"),
    _O.MULTIPLY_BOTH: _takes("d", "d a b"),
    _O.MULTIPLY_LONG: _takes("d e", "d e a b"),
    _O.MULTIPLY_UPPER_ADD: _takes("d", "a b e"),
    _O.MULTIPLY_HIGH_ADD: _takes("d", "a b e"),
    _O.ADDRESS: _takes("d", "", "symbol"),
    _O.REPEAT_UNTIL: _takes("", "a b", "label"),
    _O.REPEAT: _takes("d", "d", "label"),
}
