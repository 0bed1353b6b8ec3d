"""Writes a program as assembly text that GNU as and LLVM read alike."""

from collections.abc import Iterable, Iterator
from string import Formatter

import numpy as np

from armlet.arithmetic.number_format import patterns
from armlet.build import names
from armlet.build.prologue import Call, Frame, float_list, inputs_are_natural
from armlet.build.skeleton import PER_LINE, block, closing, constants_opening, core_opening, opening, run_opening
from armlet.graph.graph import Graph, Index
from armlet.isa.operation import Operation
from armlet.isa.target import Target
from armlet.select.program import COLUMNS, POINTERS, LineArray, Program

COLUMN = 42  # where comments begin


def show_assembly(program: Program, frame: Frame, name: str) -> str:
    """NAME.S: the two entry points, the constants, the blocks."""
    target = program.target
    out = [
        *opening(target, name),
        *core_opening(target, name),
        *_calls(target, frame.enter),
        *_lines(program),
        *_calls(target, frame.leave),
        *closing(names.core_symbol(name)),
        *run_opening(target, name),
        *_calls(target, frame.run),
        *closing(names.run_symbol(name)),
        *_constants(program, name),
    ]
    if program.layout.work_words:
        out += block(names.work_symbol(name), program.word * program.layout.work_words)
    if not inputs_are_natural(program):
        out += block(names.block_symbol(name), program.word * max(1, program.layout.input_words))
    return "\n".join(out) + "\n"


def _constants(program: Program, name: str) -> Iterator[str]:
    if not len(program.constants):
        return
    yield from constants_opening(program.target, name, len(program.constants))
    bits, numbers = patterns(program.constants), program.arithmetic.format
    for begin in range(0, len(bits), PER_LINE):
        yield f"  {numbers.directive} " + ", ".join(map(numbers.hexadecimal, bits[begin : begin + PER_LINE]))
    yield from closing(names.constants_symbol(name))


def _calls(target: Target, calls: Iterable[Call]) -> Iterator[str]:
    for op, operands in calls:
        yield from (f"  {text}" for text in target.templates[op].text.format(**operands).split("\n"))


def _lines(program: Program) -> list[str]:
    """The text of all lines, written for all lines of one operation at once."""
    texts = np.empty(len(program.lines), object)
    for op in np.unique(program.lines["op"]).tolist():
        at = np.flatnonzero(program.lines["op"] == op)
        texts[at] = _of_one_kind(program, Operation(op), program.lines[at])
    return texts.tolist()


def _of_one_kind(program: Program, op: Operation, lines: LineArray) -> list[str]:
    parts = list(Formatter().parse("  " + program.target.templates[op].text.replace("\n", "\n  ")))
    template = "".join(literal.replace("%", "%%") + ("%s" if operand else "") for literal, operand, _, _ in parts)
    operands = [_written(program.target, lines, operand) for _, operand, _, _ in parts if operand]
    texts = [template % row for row in zip(*operands)]
    if op in (Operation.MULTIPLY, Operation.FUSED):
        comments = _connections(program.code.order.graph, lines["connection"], program.target.comment)
        return [f"{text:<{COLUMN}}{comment}".rstrip() for text, comment in zip(texts, comments)]
    return texts


def _written(target: Target, lines: LineArray, operand: str) -> list[str] | list[int]:
    """What an operand is written as, for each line."""
    floats, scratch = target.floats, target.roles.scratch
    first, count = lines[COLUMNS[operand][0]].tolist(), lines["length"].tolist()
    match operand:
        case "d" | "a" | "b":
            return [floats[k] for k in first]
        case "list":
            return [float_list(target, k, n) for k, n in zip(first, count)]
        case "pair":
            return [f"d{k // 2}" for k in first]
        case "core" | "other":
            return [scratch[k] for k in first]
        case "cores":
            return [", ".join(scratch[k : k + n]) for k, n in zip(first, count)]
        case "base" | "pointer":
            pointers = [getattr(target.roles, role) for role in POINTERS]
            return [pointers[k] for k in first]
        case "low" | "high":
            return [k & 0xFFFF if operand == "low" else k >> 16 for k in first]
        case "number":  # its shortest decimal form is exact
            return [repr(number) for number in lines["bits"].copy().view(np.float32).tolist()]
        case _:
            return first


def _connections(graph: Graph, connections: Index, mark: str) -> Iterator[str]:
    """A comment for each connection: what is added to what; none for a number below zero."""
    if graph.connections == 0:
        return iter([""] * len(connections))
    columns = (column[connections].tolist() for column in (graph.target, graph.weight, graph.source))
    made = (f"{mark} %{target} += {weight:.6g} * %{source}" for target, weight, source in zip(*columns))
    return (text if connection >= 0 else "" for connection, text in zip(connections.tolist(), made))
