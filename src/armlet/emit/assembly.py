"""Program to assembly text that GNU as and LLVM read alike."""

from collections.abc import Iterable, Iterator
from string import Formatter

import numpy as np
from numpy.typing import NDArray

from armlet.emit import names
from armlet.emit.entry import Call, Frame, float_list, inputs_are_natural
from armlet.emit.program import POINTERS, WORD, Program
from armlet.graph.graph import Graph, Index
from armlet.target.spec import Op, Target
from armlet.version import __version__

_COLUMN = 42  # where comments begin
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
    if not len(program.constants):
        return
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


def _lines(program: Program) -> list[str]:
    """The text of all lines, written for all lines of one operation at once."""
    texts = np.empty(len(program.lines), object)
    for op in np.unique(program.lines["op"]).tolist():
        at = np.flatnonzero(program.lines["op"] == op)
        texts[at] = _of_one_kind(program, Op(op), program.lines[at])
    return texts.tolist()


def _of_one_kind(program: Program, op: Op, lines: NDArray[np.void]) -> list[str]:
    parts = list(Formatter().parse("  " + program.target.forms[op].text.replace("\n", "\n  ")))
    template = "".join(literal.replace("%", "%%") + ("%s" if hole else "") for literal, hole, _, _ in parts)
    holes = [_hole(program.target, op, lines, hole) for _, hole, _, _ in parts if hole]
    texts = [template % row for row in zip(*holes)]
    if op in (Op.MULTIPLY, Op.FUSED):
        comments = _connections(program.code.order.graph, lines["what"], program.target.comment)
        return [f"{text:<{_COLUMN}}{comment}".rstrip() for text, comment in zip(texts, comments)]
    return texts


def _hole(target: Target, op: Op, lines: NDArray[np.void], hole: str) -> list[str] | list[int]:
    """What fills one hole of a form, for each line."""
    floats, scratch = target.floats, target.roles.scratch
    d, count = lines["d"].tolist(), lines["n"].tolist()
    match hole:
        case "d" | "a" | "b":
            return [floats[k] for k in lines[hole].tolist()]
        case "list":
            return [float_list(target, k, n) for k, n in zip(d, count)]
        case "pair":
            return [f"d{k // 2}" for k in d]
        case "core":
            return [scratch[k] for k in lines["a" if op == Op.FROM_CORE else "d"].tolist()]
        case "other":
            return [scratch[k] for k in lines["a"].tolist()]
        case "cores":
            return [", ".join(scratch[k : k + n]) for k, n in zip(d, count)]
        case "base" | "pointer":
            pointers = [getattr(target.roles, role) for role in POINTERS]
            return [pointers[k] for k in lines[hole].tolist()]
        case "low" | "high":
            return (lines["offset"] & 0xFFFF if hole == "low" else lines["offset"] >> 16).tolist()
        case "number":  # its shortest decimal form is exact
            return [repr(number) for number in lines["offset"].copy().view(np.float32).tolist()]
        case _:
            return lines[hole].tolist()


def _connections(graph: Graph, what: Index, mark: str) -> Iterator[str]:
    """A comment for each connection: what is added to what; none for a number below zero."""
    if graph.connections == 0:
        return iter([""] * len(what))
    columns = graph.target[what].tolist(), graph.weight[what].tolist(), graph.source[what].tolist()
    made = (f"{mark} %{target} += {weight:.6g} * %{source}" for target, weight, source in zip(*columns))
    return (text if connection >= 0 else "" for connection, text in zip(what.tolist(), made))
