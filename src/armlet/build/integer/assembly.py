"""Writes a program in integers as assembly text that GNU as and LLVM read alike."""

from collections.abc import Iterator

import numpy as np

from armlet.build import names
from armlet.build.integer.frame import IntegerFrame
from armlet.build.integer.lines import Listing
from armlet.build.skeleton import PER_LINE, block, closing, constants_opening, function_opening, opening
from armlet.integer.network import IntegerNetwork
from armlet.integer.simplify import SimplifiedIntegers
from armlet.isa.integer_target import IntegerTarget
from armlet.select.integer.program import IntegerProgram


def show_integer_assembly(
    program: IntegerProgram, frame: IntegerFrame, name: str, simplified: SimplifiedIntegers
) -> str:
    """NAME.S: the two entry points, the constants, the block of NAME_run. Comments have the numbers of before."""
    target, network = program.target, program.network
    out = [
        *opening(target, name),
        *core_opening(target, name),
        *text_lines(frame.enter),
        *_lines(program, name, simplified),
        *text_lines(frame.leave),
        *closing(names.core_symbol(name)),
        *run_opening(target, name, network),
        *text_lines(frame.run),
        *closing(names.run_symbol(name)),
        *constant_lines(target, program.constants.tobytes(), name),
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


def text_lines(text: str) -> list[str]:
    """Instructions as lines of the file."""
    return [f"  {line}" for line in text.split("\n")]


def constant_lines(target: IntegerTarget, constants: bytes, name: str) -> Iterator[str]:
    """The section of the constants; nothing where there are none."""
    words = np.frombuffer(whole_words(constants), "<u4").tolist()
    if not words:
        return
    yield from constants_opening(target, name, len(words))
    for begin in range(0, len(words), PER_LINE):
        yield "  .word " + ", ".join(f"{word:#010x}" for word in words[begin : begin + PER_LINE])
    yield from closing(names.constants_symbol(name))


def _lines(program: IntegerProgram, name: str, simplified: SimplifiedIntegers) -> list[str]:
    """The text of all lines, with the connections that they compute."""
    commented = np.flatnonzero(program.lines["source"] >= 0).tolist()
    comments = dict(zip(commented, _comments(program, commented, simplified)))
    return Listing(program.target, program.lines, names.constants_symbol(name)).show(comments)


def _comments(program: IntegerProgram, at: list[int], simplified: SimplifiedIntegers) -> Iterator[str]:
    mark, layers, lines = program.target.comment, program.network.dense, program.lines[at]
    numbers = [np.arange(program.network.inputs), *simplified.neurons]
    for layer, neuron, source in zip(*(lines[name].tolist() for name in ("layer", "neuron", "source"))):
        weight = int(layers[layer].weight[neuron, source])
        yield comment_of(mark, layer, int(numbers[layer + 1][neuron]), weight, int(numbers[layer][source]))
