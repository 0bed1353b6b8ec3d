"""Runs the lines of an integer program on numbers, each as `oracles/integer_operations.py` says."""

from armlet.isa.integer_operation import IntegerOperation as Op
from armlet.select.integer.program import IntegerLine, IntegerProgram
from oracles.integer_operations import run_operation

_BASE, _APART = 0x2000_0000, 64  # of the block, and bytes between it and the pool
_RUBBISH = b"\xa5"


def run_integer_lines(program: IntegerProgram, stored: list[int]) -> list[int] | None:
    """The outputs for stored inputs; None where a line does what no core does with such memory and registers."""
    block, pool = program.block, program.constants.tobytes()
    memory = bytearray(bytes(block.span) + _RUBBISH * (block.size - block.span + _APART) + pool)
    for offset, value in zip(block.inputs.tolist(), stored):
        if offset >= 0:
            content = (value & 0xFFFF_FFFF).to_bytes(4, "little")
            memory[offset : offset + block.input_bytes] = content[: block.input_bytes]
    registers = [0x5A5A_5A5A] * 16
    registers[program.target.base] = _BASE
    held = [(0, block.size), (block.size + _APART, len(memory))]
    lines, at = [IntegerLine._make(row) for row in program.lines.tolist()], 0
    while at < len(lines):
        line = lines[at]
        if line.op not in [*Op] or not _is_possible(line, registers, held):
            return None
        if line.op == Op.ADDRESS:
            registers[line.d] = _BASE + block.size + _APART
        else:
            run_operation(line, registers, memory, _BASE)
        at += -line.number if line.op == Op.REPEAT and registers[line.d] else 1
    signed = program.network.result_format.low < 0
    outputs = (memory[at : at + block.output_bytes] for at in block.outputs.tolist())
    return [int.from_bytes(content, "little", signed=signed) for content in outputs]


def _is_possible(line: IntegerLine, registers: list[int], held: list[tuple[int, int]]) -> bool:
    op = Op(line.op)
    names = op.operands.names
    if any(name in names and not 0 <= getattr(line, name) < 16 for name in ("d", "a", "b")):
        return False
    if "by" in names and not 0 <= line.by <= 32:
        return False
    if not (op.is_load or op.is_store):
        return "number" not in names or not op.name.startswith(("CLAMP", "SATURATE")) or 0 <= line.number <= 32
    size = 2 if "HALF" in op.name else 1 if "BYTE" in op.name else 4
    words = line.list.bit_count() if "LOAD_MULTIPLE" in op.name else 1 + (op is Op.LOAD_PAIR)
    index = 4 * registers[line.b] if op is Op.LOAD_ENTRY else registers[line.b] if op.is_indexed else line.number
    at = registers[line.a] + index - _BASE
    end = at + size * words
    return at % size == 0 and any(low <= at and end <= high for low, high in held)
