"""NAME.h of a build for tensors: how firmware calls it, what numbers it takes and gives. docs/firmware.md has more."""

from armlet.build import names
from armlet.build.integer.assembly import c_types
from armlet.build.integer.header import number_macro, output_meaning
from armlet.build.tensors.arrays import array_order, dimensions
from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_target import IntegerTarget
from armlet.network.shapes import Shape
from armlet.version import __version__


def show_tensor_header(network: IntegerNetwork, target: IntegerTarget, block: int, stack: int, name: str) -> str:
    """Declarations for C from C99 and C++; `block` and `stack` are bytes."""
    run, core, own, guard = names.run_symbol(name), names.core_symbol(name), names.block_symbol(name), names.guard(name)
    (taken, given), macros = c_types(network), _macros(network, block, name)
    size, domain, meaning = names.macro(name, "BLOCK_BYTES"), network.domain.describe(), output_meaning(network)
    return f"""\
/* {name}: a neural network in integers for {target.title}, by armlet {__version__}.
   Generated code, free of any licence condition. No floating-point unit is used.

   A real input x is stored as round(x / scale) + zero, kept between low and high; {meaning}. Real inputs: {domain}.
   Nothing is claimed of inputs outside low to high.

   RAM: {block} bytes of {own}, {stack} of stack. */
#ifndef {guard}
#define {guard}

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

{macros}

/* `input` is {dimensions(network.shape)},
   `output` is {dimensions(network.result_shape)}; the extent named last varies fastest.
   They may be one array, or overlap: all inputs are read first. They lie apart from {own}.
   No call may begin before the one before it has ended: {own} is shared by all calls. */
void {run}(const {taken} *input, {given} *output);

/* The same program without copies. `block` has {size} bytes at an address that 4 divides. Before each call the
   inputs lie where {name}_input_driver.json says, each with its `lift` added; the other bytes of their words are zero.
   They do not outlive the call; the outputs are left where {name}_output_driver.json says. No other memory is used but
   the stack, so that calls with blocks of their own may interrupt each other. */
void {core}(void *block);

extern uint32_t {own}[{size} / 4]; /* used by {run} */

#ifdef __cplusplus
}}
#endif

#endif
"""


def _macros(network: IntegerNetwork, block: int, name: str) -> str:
    """Sizes, scales, zero points and ends: one number where all are equal, else the initialiser of an array.

    Arrays are in the order of the C arrays that they speak of.
    """
    order = array_order(network.shape)
    low, high = network.input_ends
    sizes = {"INPUTS": network.inputs, "OUTPUTS": network.results, "BLOCK_BYTES": block}
    sizes |= _extents("INPUT", network.shape) | _extents("OUTPUT", network.result_shape)
    sizes |= {} if network.argmax is None else {"CLASSES": network.outputs}
    numbers = {
        "INPUT_SCALE": network.input_scale[order],
        "INPUT_ZERO": network.input_zero[order],
        "INPUT_LOW": low[order],
        "INPUT_HIGH": high[order],
    }
    if network.argmax is None:
        left = array_order(network.shapes[-1])
        numbers |= {"OUTPUT_SCALE": network.output_scale[left], "OUTPUT_ZERO": network.output_zero[left]}
    lines = [f"#define {names.macro(name, what)} {size}" for what, size in sizes.items()]
    return "\n".join([*lines, *(number_macro(names.macro(name, what), values) for what, values in numbers.items())])


def _extents(what: str, shape: Shape) -> dict[str, int]:
    """The extents of planes, by name."""
    if len(shape) != 3:
        return {}
    return {f"{what}_HEIGHT": shape[1], f"{what}_WIDTH": shape[2], f"{what}_CHANNELS": shape[0]}
