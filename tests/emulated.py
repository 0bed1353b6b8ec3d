"""A few instructions in an emulated core, for every test that wants to see what they do."""

from armlet.isa.core import Core
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.isa.thumb.thumb import THUMB
from armlet.simulate.machine import Machine
from armlet.toolchain.image import read_image
from armlet.toolchain.toolchain import find_toolchain

_ENTRY = ".text\n.global f\n.type f, %function\n.p2align 2\nf:\n"
HEAD = f".syntax unified\n.thumb\n.fpu fpv4-sp-d16\n{_ENTRY}"
INTEGER_HEAD = f".syntax unified\n.thumb\n{_ENTRY}"


def machine(body: str, core: Core = CORTEX_M4F_CORE) -> Machine:
    """A core that holds the function f with this body."""
    tools, head = find_toolchain(), HEAD if core is CORTEX_M4F_CORE else INTEGER_HEAD
    return Machine(core, read_image(tools.link([tools.assemble(head + body, core)], core, "f"), THUMB))
