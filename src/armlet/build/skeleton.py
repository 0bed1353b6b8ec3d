"""Writes the lines of assembly around the instructions: what a build holds, and what the verifier expects."""

from armlet.build import names
from armlet.isa.integer_target import IntegerTarget
from armlet.isa.target import Target
from armlet.version import __version__

PER_LINE = 8  # constants


def opening(target: Target | IntegerTarget, name: str) -> list[str]:
    """Comments on what it is, and what the assembler must know."""
    mark = target.comment
    return [
        f"{mark} {name}: a neural network for {target.title}, by armlet {__version__}.",
        f"{mark} Generated code, free of any licence condition.",
        f"{mark} No branch depends on data, no instruction is privileged, nothing is allocated.",
        *target.header,
        "",
    ]


def core_opening(target: Target, name: str) -> list[str]:
    """Before the instructions of NAME_core."""
    symbol = names.core_symbol(name)
    return function_opening(
        target, symbol, f"void {symbol}(const float *block): inputs as the input driver places them"
    )


def run_opening(target: Target, name: str) -> list[str]:
    """Before the instructions of NAME_run."""
    symbol = names.run_symbol(name)
    return function_opening(
        target, symbol, f"void {symbol}(const float *input, float *output): C arrays in natural order"
    )


def closing(symbol: str) -> list[str]:
    """After the instructions, or the constants, of `symbol`."""
    return [f"  .size {symbol}, . - {symbol}", ""]


def constants_opening(target: Target | IntegerTarget, name: str, count: int) -> list[str]:
    """Before the constants."""
    symbol = names.constants_symbol(name)
    says = f"{target.comment} {count} biases and weights, in the order of their use"
    return [says, f'.section .rodata.{symbol}, "a", %progbits', "  .p2align 2", f"  .type {symbol}, %object",
            f"{symbol}:"]  # fmt: skip


def block(symbol: str, size: int) -> list[str]:
    """A block of variables of `size` bytes."""
    return [f'.section .bss.{symbol}, "aw", %nobits', "  .p2align 2", f"  .global {symbol}",
            f"  .type {symbol}, %object", f"{symbol}:", f"  .space {size}",
            *closing(symbol)]  # fmt: skip


def function_opening(target: Target | IntegerTarget, symbol: str, says: str) -> list[str]:
    """Before the instructions of a function; `says` what it is for."""
    section = f'.section .text.{symbol}, "ax", %progbits'
    directives = [f"  {line}" for line in target.core.instruction_set.function_directives]
    return [f"{target.comment} {says}", section, "  .p2align 2", f"  .global {symbol}", *directives,
            f"  .type {symbol}, %function", f"{symbol}:"]  # fmt: skip
