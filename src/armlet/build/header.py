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
        work_words=max(1, layout.work_words),
        has_block=not inputs_are_natural(program),
        c_type=program.arithmetic.format.c_type,
        domain=domain,
    )


def show_header(told: Interface, name: str) -> str:
    """Declarations for C from C99 and C++ from C++98."""
    run, work, guard, c = names.run_symbol(name), names.work_symbol(name), names.guard(name), told.c_type
    words = {part: names.macro(name, f"{part}_WORDS") for part in ("BLOCK", "WORK")}
    used = f"{work} and {names.block_symbol(name)}" if told.has_block else work
    own = f"\nextern {c} {names.block_symbol(name)}[{words['BLOCK']}]; /* used by {run} */" if told.has_block else ""
    return f"""\
/* {name}: a neural network for {told.target}, by armlet {__version__}.
   Generated code, free of any licence condition.

   Before the first call the floating-point unit must be enabled (CPACR), FPSCR be as at reset: rounding to nearest,
   no flush to zero. Arrays lie at addresses that 4 divides, as those of float do. No call may begin before the one
   before it has ended, not from an interrupt either: the memory {used} is shared by all calls. */
#ifndef {guard}
#define {guard}

#if defined(__ARM_ARCH) && !(defined(__ARM_FP) && (__ARM_FP & 4))
#error "{name} needs single-precision floating point: compile with -mfpu=fpv4-sp-d16 -mfloat-abi=hard (or softfp)"
#endif

#ifdef __cplusplus
extern "C" {{
#endif

#define {names.macro(name, "INPUTS")} {told.inputs}
#define {names.macro(name, "OUTPUTS")} {told.outputs}
#define {words["BLOCK"]} {told.block_words}
#define {words["WORK"]} {told.work_words}

/* C arrays in natural order. Inputs are raw and finite; their intervals: {told.domain}.
   Input and output may be one array, or overlap: all inputs are read first. They lie apart from {used}. */
void {run}(const {c} *input, {c} *output);

/* The same program without copies: `block` holds the inputs where {name}_input_driver.json says, the outputs are left
   in {work} where {name}_output_driver.json says. `block` is only read, and must lie apart from {work}. */
void {names.core_symbol(name)}(const {c} *block);

extern {c} {work}[{words["WORK"]}];{own}

#ifdef __cplusplus
}}
#endif

#endif
"""
