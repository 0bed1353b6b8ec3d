"""NAME.h of a build in single precision with windows: how firmware calls it. docs/firmware.md has more."""

from armlet.build import names
from armlet.build.tensors.arrays import dimensions
from armlet.isa.target import Target
from armlet.network.network import Network
from armlet.network.shapes import Shape
from armlet.version import __version__


def show_float_header(network: Network, target: Target, block: int, stack: int, name: str) -> str:
    """Declarations for C from C99 and C++; `block` and `stack` are bytes."""
    guard, shapes = names.guard(name), network.shapes
    return f"""\
/* {name}: a neural network for {target.title}, by armlet {__version__}.
   Generated code, free of any licence condition.

   Before the first call the floating-point unit must be enabled (CPACR), FPSCR be as at reset: rounding to nearest,
   no flush to zero. Arrays lie at addresses that 4 divides, as those of float do.

   RAM: {block} bytes of {names.block_symbol(name)}, {stack} of stack. */
#ifndef {guard}
#define {guard}

#if defined(__ARM_ARCH) && !(defined(__ARM_FP) && (__ARM_FP & 4))
#error "{name} needs single-precision floating point: compile with -mfpu=fpv4-sp-d16 -mfloat-abi=hard (or softfp)"
#endif

#ifdef __cplusplus
extern "C" {{
#endif

{_macros(shapes, block, name)}

{_declarations(network, shapes, name)}
#ifdef __cplusplus
}}
#endif

#endif
"""


def _declarations(network: Network, shapes: tuple[Shape, ...], name: str) -> str:
    """Both entries and the block, with what their callers must see to."""
    run, core, own = names.run_symbol(name), names.core_symbol(name), names.block_symbol(name)
    size = names.macro(name, "BLOCK_BYTES")
    return f"""\
/* `input` is {dimensions(shapes[0])},
   `output` is {dimensions(shapes[-1])}; the extent named last varies fastest.
   Inputs are raw and finite; their intervals: {network.domain.describe()}.
   They may be one array, or overlap: all inputs are read first. They lie apart from {own}.
   No call may begin before the one before it has ended: {own} is shared by all calls. */
void {run}(const float *input, float *output);

/* The same program without copies. `block` has {size} bytes at an address that 4 divides. Before each call the
   inputs lie where {name}_input_driver.json says. They do not outlive the call; the outputs are left where
   {name}_output_driver.json says. No other memory is used but the stack, so that calls with blocks of their own may
   interrupt each other. */
void {core}(float *block);

extern float {own}[{size} / 4]; /* used by {run} */
"""


def _macros(shapes: tuple[Shape, ...], block: int, name: str) -> str:
    """Sizes, and the extents of planes."""
    sizes: dict[str, int] = {}
    for what, shape in (("INPUT", shapes[0]), ("OUTPUT", shapes[-1])):
        count = 1
        for extent in shape:
            count *= extent
        sizes[f"{what}S"] = count
        if len(shape) == 3:
            sizes |= {f"{what}_HEIGHT": shape[1], f"{what}_WIDTH": shape[2], f"{what}_CHANNELS": shape[0]}
    sizes["BLOCK_BYTES"] = block
    return "\n".join(f"#define {names.macro(name, what)} {size}" for what, size in sizes.items())
