"""NAME.h of a build in integers: how firmware calls it, what numbers it takes and gives. docs/firmware.md has more."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from armlet.build import names
from armlet.build.integer.assembly import c_types
from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_target import IntegerTarget
from armlet.version import __version__

_PER_LINE = 8  # numbers


def show_integer_header(network: IntegerNetwork, target: IntegerTarget, block: tuple[int, int], name: str) -> str:
    """Declarations for C from C99 and C++; `block` is the bytes of the block and of the inputs' part of it."""
    run, core, own, guard = names.run_symbol(name), names.core_symbol(name), names.block_symbol(name), names.guard(name)
    domain, meaning = network.domain.describe(), output_meaning(network)
    (taken, given), macros = c_types(network), _macros(network, block, name)
    size, part = names.macro(name, "BLOCK_BYTES"), names.macro(name, "INPUTS_BYTES")
    return f"""\
/* {name}: a neural network in integers for {target.title}, by armlet {__version__}.
   Generated code, free of any licence condition. No floating-point unit is used.

   A real input x is stored as round(x / scale) + zero, kept between low and high; {meaning}. Real inputs: {domain}.
   Nothing is claimed of inputs outside low to high. */
#ifndef {guard}
#define {guard}

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

{macros}

/* C arrays in natural order. They may be one array, or overlap: all inputs are read first. They lie apart from {own}.
   No call may begin before the one before it has ended: {own} is shared by all calls. */
void {run}(const {taken} *input, {given} *output);

/* The same program without copies. `block` has {size} bytes at an address that 4 divides. Its first
   {part} hold the inputs where {name}_input_driver.json says, zeros elsewhere, and are only read; the outputs are
   left where {name}_output_driver.json says. No other memory is used but the stack, so that calls with blocks of their
   own may interrupt each other. */
void {core}(void *block);

extern uint32_t {own}[{size} / 4]; /* used by {run} */

#ifdef __cplusplus
}}
#endif

#endif
"""


def output_meaning(network: IntegerNetwork) -> str:
    """What an output is, with an end of line where the comment has one."""
    if network.argmax is None:
        return "a stored output y is the real number\n   scale * (y - zero)"
    return f"the output is the number of\n   the largest of {network.outputs} scores, from 0 on, of equals the first"


def _macros(network: IntegerNetwork, block: tuple[int, int], name: str) -> str:
    """Sizes, scales, zero points and ends: one number where all are equal, else the initialiser of an array."""
    low, high = network.input_ends
    sizes = {"INPUTS": network.inputs, "OUTPUTS": network.results, "BLOCK_BYTES": block[0], "INPUTS_BYTES": block[1]}
    sizes |= {} if network.argmax is None else {"CLASSES": network.outputs}
    numbers = {
        "INPUT_SCALE": network.input_scale,
        "INPUT_ZERO": network.input_zero,
        "INPUT_LOW": low,
        "INPUT_HIGH": high,
    }
    if network.argmax is None:
        numbers |= {"OUTPUT_SCALE": network.output_scale, "OUTPUT_ZERO": network.output_zero}
    lines = [f"#define {names.macro(name, what)} {size}" for what, size in sizes.items()]
    return "\n".join([*lines, *(number_macro(names.macro(name, what), values) for what, values in numbers.items())])


def number_macro(macro: str, values: NDArray[np.generic]) -> str:
    """One number where all are equal, else the initialiser of an array."""
    if (values == values[0]).all():
        return f"#define {macro} {_literal(values[0].item())}"
    return f"#define {macro}S {{ \\\n  {', '.join(_broken(values.tolist()))} }}"


def _literal(number: float) -> str:
    """A number as C reads it back to the bit; in brackets where it is negative."""
    return f"({number!r})" if number < 0 else repr(number)


def _broken(numbers: Iterable[float]) -> Iterable[str]:
    """Numbers with an end of line that the macro goes on behind before every eighth."""
    return (f"\\\n  {number!r}" if k and k % _PER_LINE == 0 else repr(number) for k, number in enumerate(numbers))
