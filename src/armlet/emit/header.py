"""NAME.h: how firmware calls the program."""

from dataclasses import dataclass

from armlet.emit import names
from armlet.emit.entry import inputs_are_natural
from armlet.emit.program import Program
from armlet.version import __version__


@dataclass(frozen=True, slots=True)
class Facts:
    """What a header tells of a program, besides its name."""

    title: str  # of the target
    inputs: int
    outputs: int
    block_words: int
    work_words: int
    has_block: bool  # whether NAME_run has an input block of its own


def facts_of(program: Program) -> Facts:
    """The facts of a program."""
    graph, layout = program.code.order.graph, program.layout
    sizes = max(1, layout.input_words), max(1, layout.work_words)
    has_block = not inputs_are_natural(program)
    return Facts(program.target.title, graph.network_inputs, len(graph.outputs), *sizes, has_block)


def show_header(facts: Facts, name: str) -> str:
    """Declarations in C, for C and C++."""
    upper = name.upper()
    block = (
        ""
        if not facts.has_block
        else f"\nextern float {names.block_symbol(name)}[{upper}_BLOCK_WORDS]; /* used by {name}_run */"
    )
    return f"""\
/* {name}: a neural network for {facts.title}, by armlet {__version__}.
   Generated code, free of any licence condition. */
#ifndef {upper}_H
#define {upper}_H

#ifdef __cplusplus
extern "C" {{
#endif

#define {upper}_INPUTS {facts.inputs}
#define {upper}_OUTPUTS {facts.outputs}
#define {upper}_BLOCK_WORDS {facts.block_words}
#define {upper}_WORK_WORDS {facts.work_words}

/* C arrays in natural order. Inputs are finite and inside their declared interval. Not reentrant: uses {name}_work. */
void {names.run_symbol(name)}(const float *input, float *output);

/* The same program without copies: `block` holds the inputs where {name}_input_driver.json says, the outputs are left
   in {name}_work where {name}_output_driver.json says. */
void {names.core_symbol(name)}(const float *block);

extern float {names.work_symbol(name)}[{upper}_WORK_WORDS];{block}

#ifdef __cplusplus
}}
#endif

#endif
"""
