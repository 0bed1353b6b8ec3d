"""NAME.h: how firmware calls the program, and what it must see to. docs/firmware.md says it at length."""

from dataclasses import dataclass

from armlet.build import names
from armlet.build.prologue import inputs_are_natural
from armlet.select.program import Program
from armlet.version import __version__


@dataclass(frozen=True, slots=True)
class Interface:
    """All that the header tells."""

    target: str  # the core, for people
    inputs: int
    outputs: int
    block_words: int
    work_words: int
    has_block: bool  # whether NAME_run copies its inputs into a block of its own
    registers: tuple[str, ...]  # in which NAME_core leaves its outputs; none: in the work block
    c_type: str  # of a value
    domain: str  # the inputs' intervals, and who declared them, for people


def interface(program: Program, domain: str) -> Interface:
    """What the header tells of `program`, whose inputs `domain` describes."""
    graph, layout = program.code.order.graph, program.layout
    return Interface(
        target=program.target.title,
        inputs=graph.network_inputs,
        outputs=len(graph.outputs),
        block_words=max(1, layout.input_words),
        work_words=layout.work_words,
        has_block=not inputs_are_natural(program),
        registers=tuple(program.target.floats[k] for k in program.code.kept.tolist()),
        c_type=program.arithmetic.format.c_type,
        domain=domain,
    )


def show_header(told: Interface, name: str) -> str:
    """Declarations for C from C99 and C++ from C++98."""
    run, core, guard, c = names.run_symbol(name), names.core_symbol(name), names.guard(name), told.c_type
    blocks = _blocks(told, name)
    apart = f"\n   They lie apart from {' and '.join(blocks)}." if blocks else ""
    words = "".join(f"\n#define {macro} {count}" for _, macro, count in _sizes(told, name))
    own = "".join(f"\nextern {c} {symbol}[{macro}];" for symbol, macro, _ in _sizes(told, name) if symbol in blocks)
    return f"""\
/* {name}: a neural network for {told.target}, by armlet {__version__}.
   Generated code, free of any licence condition.

   Before the first call the floating-point unit must be enabled (CPACR), FPSCR be as at reset: rounding to nearest,
   no flush to zero. Arrays lie at addresses that 4 divides, as those of float do. {_shared(blocks)} */
#ifndef {guard}
#define {guard}

#if defined(__ARM_ARCH) && !(defined(__ARM_FP) && (__ARM_FP & 4))
#error "{name} needs single-precision floating point: compile with -mfpu=fpv4-sp-d16 -mfloat-abi=hard (or softfp)"
#endif

#ifdef __cplusplus
extern "C" {{
#endif

#define {names.macro(name, "INPUTS")} {told.inputs}
#define {names.macro(name, "OUTPUTS")} {told.outputs}{words}

/* C arrays in natural order. Inputs are raw and finite; their intervals: {told.domain}.
   Input and output may be one array, or overlap: all inputs are read first.{apart} */
void {run}(const {c} *input, {c} *output);

/* The same program without copies: `block` holds the inputs where {name}_input_driver.json says, and is only read.
   {_left(told, name)} */
void {core}(const {c} *block);
{own}
#ifdef __cplusplus
}}
#endif

#endif
"""


def _sizes(told: Interface, name: str) -> list[tuple[str, str, int]]:
    """Symbol, macro and words of the blocks; that of the inputs is the caller's where NAME_run has none."""
    pieces = [(names.block_symbol(name), "BLOCK_WORDS", told.block_words)]
    pieces += [(names.work_symbol(name), "WORK_WORDS", told.work_words)] if told.work_words else []
    return [(symbol, names.macro(name, what), count) for symbol, what, count in pieces]


def _blocks(told: Interface, name: str) -> list[str]:
    """The variables of the program."""
    work = [names.work_symbol(name)] if told.work_words else []
    return work + ([names.block_symbol(name)] if told.has_block else [])


def _shared(blocks: list[str]) -> str:
    if not blocks:
        return "No memory is used\n   but the stack, so that calls may interrupt each other."
    used = " and ".join(blocks)
    before = "No call may begin before the one\n   before it has ended, not from an interrupt either:"
    return f"{before} the memory {used} is shared by all calls."


def _left(told: Interface, name: str) -> str:
    """Where NAME_core leaves its outputs."""
    work = names.work_symbol(name)
    if not told.registers:
        return f"It lies apart from {work}, where the outputs are left, as {name}_output_driver.json says."
    held = ", ".join(told.registers)
    apart = f" `block` lies apart from {work}." if told.work_words else ""
    how = "docs/firmware.md says how C reads them"
    return f"The outputs are left in registers, one after another; {how}.{apart}\n   {held}"
