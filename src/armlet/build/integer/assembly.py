"""Writes a program in integers as assembly text that GNU as and LLVM read alike."""

from collections.abc import Iterator
from string import Formatter

import numpy as np
from numpy.typing import NDArray

from armlet.build import names
from armlet.build.integer.frame import IntegerFrame
from armlet.build.skeleton import PER_LINE, block, closing, constants_opening, function_opening, opening
from armlet.integer.network import IntegerNetwork
from armlet.integer.simplify import SimplifiedIntegers
from armlet.isa.integer_operation import IntegerOperation
from armlet.isa.integer_target import IntegerTarget
from armlet.select.integer.program import IntegerLines, IntegerProgram, are_short

COLUMN = 42  # where comments begin
_REGISTERS = 16


def show_integer_assembly(
    program: IntegerProgram, frame: IntegerFrame, name: str, simplified: SimplifiedIntegers
) -> str:
    """NAME.S: the two entry points, the constants, the block of NAME_run. Comments have the numbers of before."""
    target, network = program.target, program.network
    out = [
        *opening(target, name),
        *core_opening(target, name),
        *_text_lines(frame.enter),
        *_lines(program, name, simplified),
        *_text_lines(frame.leave),
        *closing(names.core_symbol(name)),
        *run_opening(target, name, network),
        *_text_lines(frame.run),
        *closing(names.run_symbol(name)),
        *_constants(program, name),
        *block(names.block_symbol(name), program.block.size),
    ]
    return "\n".join(out) + "\n"


def core_opening(target: IntegerTarget, name: str) -> list[str]:
    """Before the instructions of NAME_core."""
    symbol = names.core_symbol(name)
    says = f"void {symbol}(void *block): inputs and outputs as the drivers place them; layer/neuron += weight * source"
    return function_opening(target, symbol, says)


def run_opening(target: IntegerTarget, name: str, network: IntegerNetwork) -> list[str]:
    """Before the instructions of NAME_run."""
    symbol, (taken, given) = names.run_symbol(name), c_types(network)
    return function_opening(target, symbol, f"void {symbol}(const {taken} *input, {given} *output): C arrays")


def c_types(network: IntegerNetwork) -> tuple[str, str]:
    """The C types of an input and of an output."""
    return network.input_format.c_type, network.result_format.c_type


def comment_of(mark: str, layer: int, neuron: int, weight: int, source: int) -> str:
    """What stands behind a line that computes a connection."""
    return f"{mark} {layer}/{neuron} += {weight} * {source}"


def whole_words(constants: bytes) -> bytes:
    """The pool as it is written: zeros fill its last word."""
    return constants + bytes(-len(constants) % 4)


def _text_lines(text: str) -> list[str]:
    return [f"  {line}" for line in text.split("\n")]


def _constants(program: IntegerProgram, name: str) -> Iterator[str]:
    words = np.frombuffer(whole_words(program.constants.tobytes()), "<u4").tolist()
    if not words:
        return
    yield from constants_opening(program.target, name, len(words))
    for begin in range(0, len(words), PER_LINE):
        yield "  .word " + ", ".join(f"{word:#010x}" for word in words[begin : begin + PER_LINE])
    yield from closing(names.constants_symbol(name))


def _lines(program: IntegerProgram, name: str, simplified: SimplifiedIntegers) -> list[str]:
    """The text of all lines, written for all lines of one operation at once."""
    lines = program.lines
    texts = np.empty(len(lines), object)
    for at, text in _forms(program):
        parts = list(Formatter().parse("  " + text.replace("\n", "\n  ")))
        template = "".join(literal.replace("%", "%%") + ("%s" if hole else "") for literal, hole, _, _ in parts)
        holes = [_column(program, name, at, hole) for _, hole, _, _ in parts if hole]
        texts[at] = [template % row for row in zip(*holes)] if holes else template
    commented = np.flatnonzero(lines["source"] >= 0).tolist()
    for at, comment in zip(commented, _comments(program, commented, simplified)):
        texts[at] = f"{texts[at]:<{COLUMN}}{comment}"
    for number, at in enumerate(_labelled(program), 1):
        texts[at] = f"{label_of(number)}:\n{texts[at]}"
    return texts.tolist()


def _forms(program: IntegerProgram) -> Iterator[tuple[NDArray[np.int64], str]]:
    """The numbers of all lines of one form, and its text."""
    ops, short = program.lines["op"], are_short(program.target, program.lines)
    for op in np.unique(ops).tolist():
        template = program.target.templates[IntegerOperation(op)]
        yield np.flatnonzero((ops == op) & ~short), template.text
        if template.short:
            yield np.flatnonzero((ops == op) & short), template.short.text


def label_of(number: int) -> str:
    """The name of a line that is gone back to, from 1 on."""
    return f".L{number}"


def _labelled(program: IntegerProgram) -> list[int]:
    """The lines that are gone back to."""
    return np.unique(_targets(program.lines, np.arange(len(program.lines)))).tolist()


def _targets(lines: IntegerLines, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where the REPEATs among lines go back to, which stand at these numbers."""
    repeats = np.isin(lines["op"], (IntegerOperation.REPEAT, IntegerOperation.REPEAT_UNTIL))
    return numbers[repeats] - lines["number"][repeats]


def _column(program: IntegerProgram, name: str, at: NDArray[np.int64], hole: str) -> list[str] | list[int]:
    """What an operand is written as, for each line."""
    registers, lines = program.target.names, program.lines[at]
    match hole:
        case "d" | "e" | "a" | "b":
            return [registers[k] for k in lines[hole].tolist()]
        case "list":
            bits = lines["list"].tolist()
            return [", ".join(registers[k] for k in range(_REGISTERS) if each >> k & 1) for each in bits]
        case "symbol":
            return [names.constants_symbol(name)] * len(lines)
        case "label":
            number = {line: number for number, line in enumerate(_labelled(program), 1)}
            return [label_of(number[line]) for line in _targets(lines, at).tolist()]
        case _:
            return lines[hole].tolist()


def _comments(program: IntegerProgram, at: list[int], simplified: SimplifiedIntegers) -> Iterator[str]:
    mark, layers, lines = program.target.comment, program.network.dense, program.lines[at]
    numbers = [np.arange(program.network.inputs), *simplified.neurons]
    for layer, neuron, source in zip(*(lines[name].tolist() for name in ("layer", "neuron", "source"))):
        weight = int(layers[layer].weight[neuron, source])
        yield comment_of(mark, layer, int(numbers[layer + 1][neuron]), weight, int(numbers[layer][source]))
