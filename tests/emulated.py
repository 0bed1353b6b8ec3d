"""A few instructions in an emulated core, for every test that wants to see what they do."""

from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.isa.thumb.thumb import THUMB
from armlet.simulate.machine import Machine
from armlet.toolchain.image import read_image
from armlet.toolchain.toolchain import find_toolchain

HEAD = ".syntax unified\n.thumb\n.fpu fpv4-sp-d16\n.text\n.global f\n.type f, %function\n.p2align 2\nf:\n"


def machine(body: str) -> Machine:
    """A core that holds the function f with this body."""
    tools = find_toolchain()
    return Machine(
        CORTEX_M4F_CORE,
        read_image(tools.link([tools.assemble(HEAD + body, CORTEX_M4F_CORE)], CORTEX_M4F_CORE, "f"), THUMB),
    )
