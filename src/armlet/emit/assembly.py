"""Program to assembly text that GNU as and LLVM read alike."""

from collections.abc import Iterable, Iterator

import numpy as np

from armlet.emit import names
from armlet.emit.entry import Call, Frame, float_list, inputs_are_natural
from armlet.emit.program import POINTERS, WORD, Program
from armlet.target.spec import Op, Target
from armlet.version import __version__

_COLUMN = 40  # where comments begin
_PER_LINE = 8  # constants


def show_assembly(program: Program, frame: Frame, name: str) -> str:
    """NAME.S: the two entry points, the constants, the blocks."""
    target, mark = program.target, program.target.comment
    core, run = names.core_symbol(name), names.run_symbol(name)
    out = [
        f"{mark} {name}: a neural network for {target.title}, by armlet {__version__}.",
        f"{mark} Generated code, free of any licence condition.",
        f"{mark} No branch depends on data, no instruction is privileged, nothing is allocated.",
        *target.header,
        "",
        *_function(target, core, f"void {core}(const float *block): inputs as the input driver places them"),
        *_calls(target, frame.enter),
        *_lines(program),
        *_calls(target, frame.leave),
        f"  .size {core}, . - {core}",
        "",
        *_function(target, run, f"void {run}(const float *input, float *output): C arrays in natural order"),
        *_calls(target, frame.run),
        f"  .size {run}, . - {run}",
        "",
        *_constants(program, name),
        *_block(target, names.work_symbol(name), program.layout.work_words),
    ]
    if not inputs_are_natural(program):
        out += _block(target, names.block_symbol(name), program.layout.input_words)
    return "\n".join(out) + "\n"


def _function(target: Target, symbol: str, says: str) -> list[str]:
    section = f'.section .text.{symbol}, "ax", %progbits'
    return [f"{target.comment} {says}", section, "  .p2align 2", f"  .global {symbol}", "  .thumb_func",
            f"  .type {symbol}, %function", f"{symbol}:"]  # fmt: skip


def _block(target: Target, symbol: str, words: int) -> list[str]:
    return [f'.section .bss.{symbol}, "aw", %nobits', "  .p2align 2", f"  .global {symbol}",
            f"  .type {symbol}, %object", f"{symbol}:", f"  .space {WORD * max(1, words)}",
            f"  .size {symbol}, . - {symbol}", ""]  # fmt: skip


def _constants(program: Program, name: str) -> Iterator[str]:
    symbol = names.constants_symbol(name)
    yield f"{program.target.comment} {len(program.constants)} biases and weights, in the order of their use"
    yield f'.section .rodata.{symbol}, "a", %progbits'
    yield "  .p2align 2"
    yield f"  .type {symbol}, %object"
    yield f"{symbol}:"
    bits = program.constants.view(np.uint32)
    for begin in range(0, len(bits), _PER_LINE):
        yield "  .word " + ", ".join(f"{b:#010x}" for b in bits[begin : begin + _PER_LINE].tolist())
    yield f"  .size {symbol}, . - {symbol}"
    yield ""


def _calls(target: Target, calls: Iterable[Call]) -> Iterator[str]:
    for op, holes in calls:
        yield from (f"  {text}" for text in target.forms[op].text.format(**holes).split("\n"))


def _lines(program: Program) -> Iterator[str]:
    target, mark = program.target, program.target.comment
    graph = program.code.order.graph
    pointer = [getattr(target.roles, role) for role in POINTERS]
    for op, d, a, b, n, to, base, offset, what in program.lines.tolist():
        holes: dict[str, object] = {"base": pointer[base], "pointer": pointer[to], "offset": offset}
        match op:
            case Op.MULTIPLY | Op.ADD | Op.SUBTRACT | Op.FUSED | Op.COPY | Op.NEGATE:
                holes |= {"d": target.floats[d], "a": target.floats[a], "b": target.floats[b]}
            case Op.STREAM | Op.LOAD_LIST | Op.STORE_LIST:
                holes["list"] = float_list(target, d, n)
            case Op.LOAD_PAIR:
                holes["pair"] = f"d{d // 2}"
            case Op.LOAD | Op.STORE:
                holes["d"] = target.floats[d]
            case Op.TO_CORE:
                holes |= {"core": target.roles.scratch[d], "a": target.floats[a]}
            case Op.FROM_CORE:
                holes |= {"core": target.roles.scratch[a], "d": target.floats[d]}
            case Op.CLAMP | Op.CORE_STORE:
                holes["core"] = target.roles.scratch[d]
            case Op.CORE_STORE_LIST:
                holes["cores"] = ", ".join(target.roles.scratch[d : d + n])
            case _:
                holes |= {"low": offset & 0xFFFF, "high": offset >> 16}
        text = target.forms[op].text.format(**holes)
        if op in (Op.MULTIPLY, Op.FUSED):
            text = f"{text:<{_COLUMN}}{mark} %{graph.target[what]} += {graph.weight[what]:.6g} * %{graph.source[what]}"
        yield from (f"  {part}" for part in text.split("\n"))
