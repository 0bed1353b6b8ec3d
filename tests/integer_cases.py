"""Snippets of integer code, one a template and choice of operands, as functions on a file of registers in memory.

Each takes the address of 16 words, the registers by number, and of 32 words of data behind them; it loads all registers
but r0, does one line between two NOPs, and stores the registers back.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from armlet.isa.integer_operation import IntegerOperation as Op
from armlet.isa.integer_target import IntegerTarget, IntegerTemplate
from armlet.select.integer.program import IntegerLine
from oracles.integer_operations import run_operation

DATA = 64  # bytes from the start of the file to the data
SIZE = DATA + 4 * 32
FREE = (*range(1, 13), 14)
_CORNERS = (0, 1, 0xFFFF_FFFF, 0x7FFF_FFFF, 0x8000_0000, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0x00FF_00FF, 0x8000_8000)
_CHOICES = ((1, 2, 3), (1, 1, 2), (2, 3, 2), (4, 4, 4), (5, 9, 6), (9, 5, 7), (12, 8, 14), (14, 14, 10))
_LISTS = (0b0110_0000, 0b1111_1110, 0b0101_0001_0011_0010)
_FOURTH = 11  # the register e, which no choice has
MODIFIED = (
    Op.NOT_CONSTANT,
    Op.NUMBER_LESS,
    Op.LESS_NUMBER,
    Op.MORE_NUMBER,
    Op.OR_NUMBER,
    Op.FLIP,
)  # take modified immediates
_INVERTED = (0, 255, 0xFF00, 0x00FF_00FF, 0x8000_0000)  # modified immediates


@dataclass(frozen=True)
class Case:
    """A line, by a number that names its function."""

    number: int
    line: IntegerLine
    form: IntegerTemplate

    @property
    def op(self) -> Op:
        return Op(self.line.op)

    def text(self, target: IntegerTarget) -> str:
        """The line alone."""
        line, names = self.line, target.names
        listed = ", ".join(names[k] for k in range(16) if line.list >> k & 1)
        registers = {"d": names[line.d], "a": names[line.a], "b": names[line.b], "e": names[line.e], "list": listed}
        return self.form.text.format(
            **registers, by=line.by, number=line.number, symbol="somewhere", label=f".L_{self.number}"
        )


def cases(target: IntegerTarget) -> tuple[Case, ...]:
    """Every template with low and high registers, equal and different ones, and the ends of what its fields hold."""
    lines = [(line, form) for op, form in target.forms() for line in _lines(op, form)]
    return tuple(Case(k, line, form) for k, (line, form) in enumerate(lines))


def _lines(op: Op, template: IntegerTemplate) -> Iterator[IntegerLine]:
    if "list" in op.operands.names:
        for listed in _LISTS:
            if listed < 256 or "list" not in template.low:
                base = 9 if "a" not in template.low else 1 if listed == _LISTS[0] else None
                if base is not None:
                    yield IntegerLine(op, a=base, list=listed)
        return
    for d, a, b in _CHOICES:
        chosen = {"d": d, "a": a, "b": b}
        if all(chosen[name] < 8 for name in template.low) and not _is_open(op, d, a, b):
            for number in _some(_INVERTED if op in MODIFIED else template.numbers):
                for by in _some(template.shifts):
                    yield IntegerLine(op, d, a, b, by, number, e=_FOURTH)


def _is_open(op: Op, d: int, a: int, b: int) -> bool:
    """Whether the examination has no answer: a store of the address, two words into one register, twice an address.

    The stack is the examination's own; what lies there is seen by the programs that use it.
    """
    if "STACK" in op.name:
        return True
    return (op.is_store and d == a) or (op is Op.LOAD_PAIR and d == b) or (op.is_indexed and a == b)


def _some(numbers: range | tuple[int, ...]) -> tuple[int, ...]:
    if isinstance(numbers, tuple):
        return numbers
    reached = [n for n in numbers if n < 4 * 32 - 4 or n == numbers[-1]] if len(numbers) < 1 << 17 else []
    return tuple(sorted({reached[0], reached[len(reached) // 2], reached[-1]})) if reached else (0,)


def source(target: IntegerTarget, chosen: tuple[Case, ...]) -> str:
    """All of them as assembly, labels `from_K` and `to_K` around the line of the function `f_K`."""
    lines = [*target.header, ".text"]
    enter, leave = target.frame(frozenset(FREE))
    for case in chosen:
        k = case.number
        lines += [".p2align 2", f".global f_{k}", f".type f_{k}, %function", ".thumb_func", f"f_{k}:", enter]
        lines += ["push {r0, r1}", *_every("ldr"), "nop", f".global from_{k}", f"from_{k}:", case.text(target)]
        lines += [f".global to_{k}", f"to_{k}:", f".L_{k}:", "nop", *_every("str"), "pop {r0, r1}", leave]
    return "\n".join([*lines, ".data", ".p2align 2", "somewhere: .word 0", ""])


def _every(move: str) -> list[str]:
    """All registers between themselves and their file; r0 holds its address."""
    low = [f"{move} r{k}, [r0, #{4 * k}]" for k in range(1, 8)]
    high = [f"r{k}" for k in range(8, 13)] + ["lr"]
    moved = [("mov {1}, r1" if move == "ldr" else "mov r1, {1}", f"{move} r1, [r0, #{4 * k}]", name)
             for k, name in zip((*range(8, 13), 14), high)]  # fmt: skip
    if move == "ldr":
        return [text for first, then, name in moved for text in (then, first.format(0, name))] + low
    return low + [text for first, then, name in moved for text in (first.format(0, name), then)]


def files(case: Case, base: int, seed: int, count: int) -> Iterator[bytes]:
    """Register files and data to begin with: corners first, then random words."""
    rng = np.random.default_rng(seed)
    for trial in range(count):
        words = rng.choice(_CORNERS, 48) if trial % 2 == 0 else rng.integers(0, 1 << 32, 48)
        words = [int(word) for word in words]
        if case.op.is_load or case.op.is_store:
            words[case.line.a] = base + DATA + (4 * trial if case.line.list else 0)
        if case.op.is_indexed:
            words[case.line.b] = 6 * trial
        yield b"".join(word.to_bytes(4, "little") for word in words)


def reachable(case: Case) -> bool:
    """Whether its access falls into the data."""
    return not (case.op.is_load or case.op.is_store) or case.line.number <= 4 * 32 - 4 * (1 + (case.op is Op.LOAD_PAIR))


def after(case: Case, before: bytes, base: int) -> bytes:
    """The file as the line must leave it; r0 is the address, r13 and r15 are not stored."""
    registers = [int.from_bytes(before[4 * k : 4 * k + 4], "little") for k in range(16)]
    memory = bytearray(before)
    run_operation(case.line, registers, memory, base)
    for k in FREE:
        memory[4 * k : 4 * k + 4] = registers[k].to_bytes(4, "little")
    return bytes(memory)
