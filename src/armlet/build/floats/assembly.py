"""Writes a program in single precision with windows as assembly text that GNU as and LLVM read alike."""

from collections.abc import Iterable, Iterator

from armlet.build import names
from armlet.build.floats.frame import FloatFrame
from armlet.build.integer.lines import COLUMN
from armlet.build.skeleton import PER_LINE, block, closing, constants_opening, function_opening, opening
from armlet.isa.target import Target
from armlet.network.layers import kind_of
from armlet.network.network import Network
from armlet.select.floats.lines import Line, label_of
from armlet.select.floats.program import FloatProgram


def show_float_assembly(program: FloatProgram, frame: FloatFrame, name: str) -> str:
    """NAME.S: the two entry points, the constants, the block of NAME_run. Comments say where each layer begins."""
    target = program.machine.floats
    out = [
        *opening(target, name),
        *float_core_opening(target, name),
        *(f"  {text}" for text in frame.enter),
        *_listing(target, program.network, program.lines),
        *(f"  {text}" for text in frame.leave),
        *closing(names.core_symbol(name)),
        *float_run_opening(target, name),
        *_listing(target, program.network, (*frame.before, *frame.after)),
        *closing(names.run_symbol(name)),
        *_constant_lines(target, program.constants, name),
        *block(names.block_symbol(name), program.size),
    ]
    return "\n".join(out) + "\n"


def float_core_opening(target: Target, name: str) -> list[str]:
    """Before the instructions of NAME_core."""
    symbol = names.core_symbol(name)
    return function_opening(target, symbol, f"void {symbol}(float *block): inputs and outputs as the drivers say")


def float_run_opening(target: Target, name: str) -> list[str]:
    """Before the instructions of NAME_run."""
    symbol = names.run_symbol(name)
    return function_opening(target, symbol, f"void {symbol}(const float *input, float *output): C arrays")


def float_layer_comment(target: Target, network: Network, layer: int) -> str:
    """What stands behind the first line of a layer."""
    return f"{target.comment} layer {layer}: {kind_of(network.layers[layer])}"


def _listing(target: Target, network: Network, lines: Iterable[Line]) -> Iterator[str]:
    last = -1
    for line in lines:
        if line.label:
            yield f"{label_of(line.label)}:"
        first, *rest = line.text.split("\n")
        text = f"  {first}"
        if line.layer != last:
            text = f"{text:<{COLUMN}}{float_layer_comment(target, network, line.layer)}"
            last = line.layer
        yield text
        yield from (f"  {other}" for other in rest)


def _constant_lines(target: Target, words: tuple[int, ...], name: str) -> Iterator[str]:
    if not words:
        return
    yield from constants_opening(target, name, len(words))
    for begin in range(0, len(words), PER_LINE):
        yield "  .word " + ", ".join(f"{word:#010x}" for word in words[begin : begin + PER_LINE])
    yield from closing(names.constants_symbol(name))
