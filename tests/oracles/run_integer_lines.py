"""Runs the lines of an integer program on numbers: what a core would do, 32 bits at a time."""

from armlet.isa.integer_operation import IntegerOperation as Op
from armlet.select.integer.program import IntegerLine, IntegerProgram

_MASK = (1 << 32) - 1
_BLOCK, _POOL = 0x2000_0000, 0x0800_0000
_RUBBISH = 0xA5


def run_integer_lines(program: IntegerProgram, stored: list[int]) -> list[int] | None:
    """The outputs for stored inputs; None where a line does what no core does with such memory and registers."""
    block = program.block
    memory = dict.fromkeys(range(_BLOCK, _BLOCK + block.span), 0)
    memory |= dict.fromkeys(range(_BLOCK + block.span, _BLOCK + block.size), _RUBBISH)
    memory |= {_POOL + k: byte for k, byte in enumerate(program.constants.tolist())}
    for offset, value in zip(block.inputs.tolist(), stored):
        if offset >= 0:
            _store(memory, _BLOCK + offset, block.input_bytes, value)
    registers = dict.fromkeys(program.target.free, 0x5A5A_5A5A) | {program.target.base: _BLOCK}
    try:
        for row in program.lines.tolist():
            _step(Op(row[0]), IntegerLine._make(row), registers, memory)
    except (KeyError, ValueError):
        return None
    signed = program.network.layers[-1].stored.low < 0
    return [_load(memory, _BLOCK + at, block.output_bytes, signed) for at in block.outputs.tolist()]


def _store(memory: dict[int, int], at: int, size: int, value: int) -> None:
    for k in range(size):
        if at + k not in memory or at % size:
            raise KeyError(at)
        memory[at + k] = value >> 8 * k & 0xFF


def _load(memory: dict[int, int], at: int, size: int, signed: bool) -> int:
    if at % size:
        raise KeyError(at)
    return int.from_bytes(bytes(memory[at + k] for k in range(size)), "little", signed=signed)


def _signed(a: int, bits: int = 32) -> int:
    return (a + (1 << bits >> 1)) % (1 << bits) - (1 << bits >> 1)


def _step(op: Op, line: IntegerLine, registers: dict[int, int], memory: dict[int, int]) -> None:
    name, at = op.name, registers.get(line.a, 0) + line.number
    if name.startswith("LOAD_MULTIPLE"):
        listed = [k for k in range(16) if line.list >> k & 1]
        words = [_load(memory, registers[line.a] + 4 * k, 4, False) for k in range(len(listed))]
        registers |= dict(zip(listed, words))
        registers[line.a] += 4 * len(listed) * (op is Op.LOAD_MULTIPLE)
    elif op.is_load:
        size = 1 if "BYTE" in name else 2 if "HALF" in name else 4
        registers[line.d] = _load(memory, at, size, op in (Op.LOAD_HALF, Op.LOAD_SIGNED_BYTE)) & _MASK
    elif op.is_store:
        _store(memory, at, 1 if "BYTE" in name else 2 if "HALF" in name else 4, registers[line.d])
    else:
        d = registers.get(line.d, 0)
        a, b = (registers[k] if field in op.operands.reads else 0 for field, k in (("a", line.a), ("b", line.b)))
        registers[line.d] = _made(op, d, a, b, line.by, line.number) & _MASK


def _made(op: Op, d: int, a: int, b: int, by: int, number: int) -> int:
    name = op.name
    onto = name.endswith("_TO") or name in ("ADD_SMALL", "SUBTRACT_SMALL")
    if onto:
        a, b = d, a
    left, right = b << by & _MASK, b >> by
    match name.removesuffix("_TO"):
        case "CONSTANT" | "SMALL_CONSTANT":
            return number
        case "CONSTANT_HIGH":
            return d & 0xFFFF | number << 16
        case "NOT_CONSTANT":
            return ~number
        case "ADDRESS":
            return _POOL
        case "MOVE":
            return a
        case "NEGATE":
            return -a
        case "ADD" | "ADD_LEFT" | "ADD_NUMBER" | "ADD_SMALL":
            return a + (left if name == "ADD_LEFT" else b if name in ("ADD", "ADD_TO") else number)
        case "SUBTRACT" | "SUBTRACT_LEFT" | "SUBTRACT_NUMBER" | "SUBTRACT_SMALL":
            return a - (left if name == "SUBTRACT_LEFT" else b if name == "SUBTRACT" else number)
        case "ADD_RIGHT" | "SUBTRACT_RIGHT":
            return a + (right if name == "ADD_RIGHT" else -right)
        case "REVERSE_SUBTRACT_LEFT" | "NUMBER_LESS":
            return left - a if name == "REVERSE_SUBTRACT_LEFT" else number - a
        case "NOT_LEFT" | "NOT_RIGHT":
            return ~(a << by if name == "NOT_LEFT" else a >> by)
        case "LEFT":
            return a << by
        case "RIGHT" | "RIGHT_SIGNED":
            return (a if name == "RIGHT" else _signed(a)) >> by
        case "AND" | "OR" | "CLEAR":
            return {"AND": a & b, "OR": a | b}.get(name.removesuffix("_TO"), a & ~b)
        case "POSITIVE" | "NEGATIVE":
            return max(_signed(a), 0) if name == "POSITIVE" else min(_signed(a), 0)
        case "SATURATE" | "CLAMP":
            return min(max(_signed(a) >> by, 0), (1 << number) - 1)
        case "SATURATE_SIGNED" | "CLAMP_SIGNED":
            return min(max(_signed(a) >> by, -(1 << number >> 1)), (1 << number >> 1) - 1)
        case _ if "FIELD" in name or name.endswith(("BYTE", "HALF")):
            bits = 8 if "BYTE" in name else 16 if "HALF" in name else by
            return _signed(a, bits) if name.startswith("SIGNED") else a % (1 << bits)
        case _:
            return _products(name, d, a, b)


def _products(name: str, d: int, a: int, b: int) -> int:
    (a0, a1), (b0, b1) = ((_signed(x, 16), _signed(x >> 16, 16)) for x in (a, b))
    kinds = {
        "MULTIPLY": a * b,
        "MULTIPLY_TO": a * b,
        "MULTIPLY_ADD": d + a * b,
        "MULTIPLY_LOW_LOW": d + a0 * b0,
        "MULTIPLY_HIGH_LOW": d + a1 * b0,
        "MULTIPLY_LOW_HIGH": d + a0 * b1,
        "MULTIPLY_HIGH_HIGH": d + a1 * b1,
        "MULTIPLY_BOTH": d + a0 * b0 + a1 * b1,
    }
    return kinds[name]
