"""NAME.h: how firmware calls the program."""

from armlet.emit import names
from armlet.emit.entry import inputs_are_natural
from armlet.emit.program import Program
from armlet.version import __version__


def show_header(program: Program, name: str) -> str:
    """Declarations in C, for C and C++."""
    graph, layout, upper = program.code.order.graph, program.layout, name.upper()
    natural = inputs_are_natural(program)
    block = (
        "" if natural else f"\nextern float {names.block_symbol(name)}[{upper}_BLOCK_WORDS]; /* used by {name}_run */"
    )
    return f"""\
/* {name}: a neural network for {program.target.title}, by armlet {__version__}.
   Generated code, free of any licence condition. */
#ifndef {upper}_H
#define {upper}_H

#ifdef __cplusplus
extern "C" {{
#endif

#define {upper}_INPUTS {graph.network_inputs}
#define {upper}_OUTPUTS {len(graph.outputs)}
#define {upper}_BLOCK_WORDS {max(1, layout.input_words)}
#define {upper}_WORK_WORDS {max(1, layout.work_words)}

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
