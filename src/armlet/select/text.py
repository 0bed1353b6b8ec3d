"""Prints a program as text, and parses it back.

    program target=cortex-m4f values=20 constants=12
      load_pair pair=s0-s1 base=inputs offset=0
      immediate d=s10 number=0x1p-2
      multiply d=s10 a=s10 b=s1 for %1 -> %2
      pool 0x1.8p+1, 0x1p-1

A line for each operation, with the operands that `armlet.isa.operation` gives it, and behind `for` the connection that
it computes, where it is one; then the constants of the pool, eight a line.
"""

import re
from collections.abc import Callable, Mapping

import numpy as np

from armlet.graph.text_reader import HEX, NUMBER, TextReader, read_float, show_float
from armlet.isa.operation import Operation
from armlet.isa.target import RegisterPartition, Target
from armlet.isa.targets import TARGETS
from armlet.layout.layout import Layout
from armlet.schedule.code import Code
from armlet.schedule.text.order_text import connection_numbers
from armlet.schedule.text.structure_text import check_rows, structure_lines, take_structure
from armlet.select.program import COLUMNS, LINE, POINTERS, Line, Program

_PER_LINE = 8  # constants
_HEAD = rf"program target=({'|'.join(TARGETS)}) values=({NUMBER}) constants=({NUMBER})"
_LINE = rf"  ([a-z_]+)((?: [a-z]+=[\w.+-]+)+)(?: for %({NUMBER}) -> %({NUMBER}))?"
_POOL = rf"  pool ({HEX}(?:, {HEX}){{0,{_PER_LINE - 1}}})"


def show_program(program: Program) -> str:
    """The text of a program."""
    target, partition, graph = program.target, program.partition, program.code.order.graph
    out = [f"program target={target.name} values={partition.values} constants={partition.constants}"]
    out += structure_lines(program.structure, len(program.lines))
    for line in map(Line._make, program.lines.tolist()):
        op = Operation(line.op)
        text = " ".join((op.name.lower(), *(f"{name}={_shown(name, line, target)}" for name in _operands(op))))
        at = line.connection
        out.append(f"  {text}" + (f" for %{graph.source[at]} -> %{graph.target[at]}" if at >= 0 else ""))
    shown = [show_float(constant) for constant in program.constants.tolist()]
    out += ["  pool " + ", ".join(shown[k : k + _PER_LINE]) for k in range(0, len(shown), _PER_LINE)]
    return "\n".join(out) + "\n"


def _operands(op: Operation) -> list[str]:
    """The operands of a line in the order of its columns; both halves of a far offset are one number."""
    names = {"offset" if name in ("low", "high") else name for name in op.operands.names}
    return sorted(names, key=lambda name: (Line._fields.index(COLUMNS[name][0]), name))


def _shown(name: str, line: Line, target: Target) -> str:
    value, floats, scratch = getattr(line, COLUMNS[name][0]), target.floats, target.roles.scratch
    match name:
        case "list" | "cores":
            names = floats if name == "list" else scratch
            return f"{names[value]}-{names[value + line.length - 1]}"
        case "pair":
            return f"{floats[value]}-{floats[value + 1]}"
        case "d" | "a" | "b":
            return floats[value]
        case "core" | "other":
            return scratch[value]
        case "base" | "pointer":
            return POINTERS[value]
        case "number":
            return show_float(float(np.int32(value).view(np.float32)))
        case _:
            return str(value)


def parse_program(text: str, code: Code, layout: Layout) -> Program:
    """The program of a text about `code` and `layout`, not yet checked. Raises `InputError` with the line."""
    reader, numbers = TextReader(text, "program"), connection_numbers(code.order.graph)
    name, *counts = reader.expect(_HEAD, "program target=NAME values=N constants=N").groups()
    target, lines, constants = TARGETS[name], [], []
    structure = take_structure(reader)
    while (found := reader.take(_LINE)) is not None:
        line = _line(found, target)
        if line is None:
            raise reader.wrong(f"is {found[0].strip()!r}, no operation of {name} with its operands", _hint(found[1]))
        if found[3] is not None:
            pair = int(found[3]), int(found[4])
            if pair not in numbers:
                raise reader.wrong(f"serves %{pair[0]} -> %{pair[1]}", "name a connection of the graph")
            line = line._replace(connection=numbers[pair])
        lines.append(line)
    for found in reader.rest(_POOL, "an operation such as add d=s0 a=s1 b=s2, or pool and its constants"):
        if len(constants) % _PER_LINE:
            raise reader.wrong("goes on behind a line of few constants", f"write {_PER_LINE} to each line but the last")
        constants += [read_float(constant) for constant in found[1].split(", ")]
    check_rows(reader, structure, len(lines))
    partition = RegisterPartition(*map(int, counts))
    with np.errstate(over="ignore"):
        pool = np.array(constants, np.float64).astype(code.order.graph.weight.dtype)
    program = Program(target, code, layout, partition, np.array(lines, LINE), pool, structure)
    reader.confirm(show_program(program))
    return program


_NAMES = {op.name.lower(): op for op in Operation if op <= Operation.LEA_FAR}


def _hint(name: str) -> str:
    if name not in _NAMES:
        return f"choose from: {', '.join(_NAMES)}"
    return f"write {name} " + " ".join(f"{operand}=..." for operand in _operands(_NAMES[name]))


def _line(found: re.Match[str], target: Target) -> Line | None:
    """The line of a text; None where its operation does not exist or takes other operands."""
    op = _NAMES.get(found[1])
    given = dict(part.split("=") for part in found[2].split())
    if op is None or list(given) != _operands(op):
        return None
    columns: dict[str, int] = {}
    try:
        for name, value in given.items():
            columns |= _READERS.get(name, _whole)(name, value, target)
    except (ValueError, KeyError):
        return None
    return Line(op, **columns)


def _whole(name: str, value: str, _: Target) -> Mapping[str, int]:
    if not re.fullmatch(r"-?[0-9]{1,10}", value) or not -(1 << 31) <= int(value) < 1 << 31:
        raise ValueError(value)
    return {COLUMNS[name][0]: int(value)}


def _register(name: str, value: str, target: Target) -> Mapping[str, int]:
    names = target.roles.scratch if name in ("core", "other", "cores") else target.floats
    first, dash, last = value.partition("-")
    begin, listed = names.index(first), name in ("list", "cores", "pair")
    length = names.index(last) + 1 - begin if dash else 1
    if listed != bool(dash) or length < 1 or (name == "pair" and length != 2):
        raise ValueError(value)
    return dict(zip(COLUMNS[name], (begin, length)))


def _pointer(name: str, value: str, _: Target) -> Mapping[str, int]:
    return {name: POINTERS.index(value)}


def _number(_: str, value: str, __: Target) -> Mapping[str, int]:
    if not re.fullmatch(HEX, value):
        raise ValueError(value)
    with np.errstate(over="ignore"):
        return {"bits": int(np.float32(read_float(value)).view(np.int32))}


_READERS: Mapping[str, Callable[[str, str, Target], Mapping[str, int]]] = {
    **dict.fromkeys(("d", "a", "b", "list", "pair", "core", "other", "cores"), _register),
    **dict.fromkeys(("base", "pointer"), _pointer),
    "number": _number,
}
