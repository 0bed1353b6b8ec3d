"""What every integer operation does to registers and memory, in Python's integers: the judge of the templates."""

from collections.abc import Callable

from armlet.isa.integer_operation import IntegerOperation as Op
from armlet.select.integer.program import IntegerLine

_WORD = 0xFFFF_FFFF


def run_operation(line: IntegerLine, registers: list[int], memory: bytearray, base: int) -> None:
    """One line, on words by the number of their register and bytes that lie at `base`. ADDRESS is the linker's."""
    op, list_ = Op(line.op), [k for k in range(16) if line.list >> k & 1]
    if op.is_load or op.is_store:
        _access(op, line, list_, registers, memory, base)
    else:
        d, a, b = registers[line.d], registers[line.a], registers[line.b]
        if op is Op.MULTIPLY_LONG:
            total = (registers[line.e] << 32 | d) + _signed(a) * _signed(b)
            registers[line.d], registers[line.e] = total & _WORD, total >> 32 & _WORD
        elif op in _ADDED:
            registers[line.d] = (registers[line.e] + _VALUES[_ADDED[op]](d, a, b, line)) & _WORD
        else:
            registers[line.d] = _VALUES[op](d, a, b, line) & _WORD


def _access(op: Op, line: IntegerLine, list_: list[int], registers: list[int], memory: bytearray, base: int) -> None:
    at = registers[line.a] - base + _index(op, registers[line.b])
    if op in (Op.LOAD_MULTIPLE, Op.LOAD_MULTIPLE_HERE):
        for k, number in enumerate(list_):
            registers[number] = int.from_bytes(memory[at + 4 * k : at + 4 * k + 4], "little")
        registers[line.a] += 4 * len(list_) * (op is Op.LOAD_MULTIPLE)
        return
    at += 0 if op.is_indexed else line.number
    if op is Op.LOAD_PAIR:
        for k, number in enumerate((line.d, line.b)):
            registers[number] = int.from_bytes(memory[at + 4 * k : at + 4 * k + 4], "little")
        return
    size = 2 if "HALF" in op.name else 1 if "BYTE" in op.name else 4
    if op.is_store:
        memory[at : at + size] = (registers[line.d] & _WORD).to_bytes(4, "little")[:size]
    else:
        signed = ("HALF" in op.name or "SIGNED" in op.name) and "UNSIGNED" not in op.name
        registers[line.d] = int.from_bytes(memory[at : at + size], "little", signed=signed) & _WORD


def _index(op: Op, b: int) -> int:
    return 0 if not op.is_indexed else 4 * b if op is Op.LOAD_ENTRY else b


def _signed(x: int, bits: int = 32) -> int:
    x &= (1 << bits) - 1
    return x - (x >> (bits - 1) << bits)


def _within(x: int, low: int, high: int) -> int:
    return max(low, min(x, high))


def _high(x: int) -> int:
    return _signed(x >> 16, 16)


def _low(x: int) -> int:
    return _signed(x, 16)


_VALUES: dict[Op, Callable[[int, int, int, IntegerLine], int]] = {
    Op.MOVE: lambda d, a, b, n: a,
    Op.CONSTANT: lambda d, a, b, n: n.number,
    Op.SMALL_CONSTANT: lambda d, a, b, n: n.number,
    Op.CONSTANT_HIGH: lambda d, a, b, n: d & 0xFFFF | n.number << 16,
    Op.NOT_CONSTANT: lambda d, a, b, n: ~n.number,
    Op.ADD: lambda d, a, b, n: a + b,
    Op.ADD_TO: lambda d, a, b, n: d + a,
    Op.ADD_LOW_BYTE: lambda d, a, b, n: a + (b & 0xFF),
    Op.ADD_BYTE: lambda d, a, b, n: a + (b >> n.by & 0xFF),
    Op.ADD_LEFT: lambda d, a, b, n: a + (b << n.by),
    Op.ADD_RIGHT: lambda d, a, b, n: a + (b >> n.by),
    Op.SUBTRACT: lambda d, a, b, n: a - b,
    Op.SUBTRACT_LEFT: lambda d, a, b, n: a - (b << n.by),
    Op.SUBTRACT_RIGHT: lambda d, a, b, n: a - (b >> n.by),
    Op.REVERSE_SUBTRACT_LEFT: lambda d, a, b, n: (b << n.by) - a,
    Op.NOT_LEFT: lambda d, a, b, n: ~(a << n.by),
    Op.NOT_RIGHT: lambda d, a, b, n: ~(a >> n.by),
    Op.ADD_SIGN: lambda d, a, b, n: a + (_signed(a) >> 31),
    Op.NEGATE: lambda d, a, b, n: -a,
    Op.NUMBER_LESS: lambda d, a, b, n: n.number - a,
    Op.ADD_NUMBER: lambda d, a, b, n: a + n.number,
    Op.SUBTRACT_NUMBER: lambda d, a, b, n: a - n.number,
    Op.ADD_SMALL: lambda d, a, b, n: d + n.number,
    Op.SUBTRACT_SMALL: lambda d, a, b, n: d - n.number,
    Op.LEFT: lambda d, a, b, n: a << n.by,
    Op.RIGHT: lambda d, a, b, n: a >> n.by,
    Op.RIGHT_SIGNED: lambda d, a, b, n: _signed(a) >> n.by,
    Op.AND: lambda d, a, b, n: a & b,
    Op.AND_TO: lambda d, a, b, n: d & a,
    Op.OR_TO: lambda d, a, b, n: d | a,
    Op.CLEAR: lambda d, a, b, n: a & ~b,
    Op.CLEAR_TO: lambda d, a, b, n: d & ~a,
    Op.POSITIVE: lambda d, a, b, n: max(_signed(a), 0),
    Op.CLEAR_BY_SIGN: lambda d, a, b, n: 0 if _signed(b) < 0 else a,
    Op.NEGATIVE: lambda d, a, b, n: min(_signed(a), 0),
    Op.SIGNED_FIELD: lambda d, a, b, n: _signed(a, n.by),
    Op.UNSIGNED_FIELD: lambda d, a, b, n: a & ((1 << n.by) - 1),
    Op.UNSIGNED_BYTE: lambda d, a, b, n: a & 0xFF,
    Op.SIGNED_BYTE: lambda d, a, b, n: _signed(a, 8),
    Op.UNSIGNED_HALF: lambda d, a, b, n: a & 0xFFFF,
    Op.SIGNED_HALF: lambda d, a, b, n: _signed(a, 16),
    Op.ODD_BYTES: lambda d, a, b, n: (_signed(a >> 8, 8) & 0xFFFF) | _signed(a >> 24, 8) << 16,
    Op.SATURATE: lambda d, a, b, n: _within(_signed(a), 0, (1 << n.number) - 1),
    Op.SATURATE_SIGNED: lambda d, a, b, n: _within(_signed(a), -1 << n.number - 1, (1 << n.number - 1) - 1),
    Op.CLAMP: lambda d, a, b, n: _within(_signed(a) >> n.by, 0, (1 << n.number) - 1),
    Op.CLAMP_SIGNED: lambda d, a, b, n: _within(_signed(a) >> n.by, -1 << n.number - 1, (1 << n.number - 1) - 1),
    Op.MULTIPLY: lambda d, a, b, n: a * b,
    Op.MULTIPLY_HIGH: lambda d, a, b, n: _signed(a) * _signed(b) + (1 << 31) >> 32,
    Op.MULTIPLY_UPPER: lambda d, a, b, n: _signed(a) * _signed(b) >> 32,
    Op.MULTIPLY_TO: lambda d, a, b, n: d * a,
    Op.MULTIPLY_ADD: lambda d, a, b, n: d + a * b,
    Op.MULTIPLY_LOW_LOW: lambda d, a, b, n: d + _low(a) * _low(b),
    Op.MULTIPLY_HIGH_LOW: lambda d, a, b, n: d + _high(a) * _low(b),
    Op.MULTIPLY_LOW_HIGH: lambda d, a, b, n: d + _low(a) * _high(b),
    Op.MULTIPLY_HIGH_HIGH: lambda d, a, b, n: d + _high(a) * _high(b),
    Op.MULTIPLY_BOTH: lambda d, a, b, n: d + _low(a) * _low(b) + _high(a) * _high(b),
    Op.REPEAT: lambda d, a, b, n: d - 1,
    Op.REPEAT_UNTIL: lambda d, a, b, n: d,
    Op.OR_LEFT: lambda d, a, b, n: a | b << n.by,
    Op.OR_RIGHT: lambda d, a, b, n: a | b >> n.by,
    Op.OR_NUMBER: lambda d, a, b, n: a | n.number,
    Op.FLIP: lambda d, a, b, n: a ^ n.number,
    Op.LESS_NUMBER: lambda d, a, b, n: a - n.number,
    Op.MORE_NUMBER: lambda d, a, b, n: a + n.number,
    Op.ADD_SIGNED_RIGHT: lambda d, a, b, n: a + (_signed(b) >> n.by),
}
_ADDED = {Op.MULTIPLY_UPPER_ADD: Op.MULTIPLY_UPPER, Op.MULTIPLY_HIGH_ADD: Op.MULTIPLY_HIGH}  # a register e and that
