"""Float programs with loops, linked as one function f of the block, run in the emulator."""

from dataclasses import dataclass

import numpy as np

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.arithmetic.float32 import FLOAT32
from armlet.errors import ToolchainError
from armlet.isa.core import Memory
from armlet.isa.targets import INTEGER_TARGETS, TARGETS
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE as CORE
from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.prove.contract import Call
from armlet.prove.floats.contract import name_of, plane_contract
from armlet.prove.loops import prove_loops
from armlet.prove.prove import Proof
from armlet.select.floats.lines import Line, Machine, label_of
from armlet.select.floats.program import FloatProgram
from armlet.select.floats.select import select_floats
from armlet.select.floats.task import Shape
from armlet.simulate.decoded import decode_program
from armlet.simulate.machine import STACK
from armlet.simulate.machine import Machine as Emulator
from armlet.simulate.runner import MemoryRegion
from armlet.simulate.trace import Trace
from armlet.simulate.watch import trace_call
from armlet.tensors.floats.planes import lifetimes
from armlet.toolchain.image import Image, read_image
from armlet.toolchain.toolchain import find_toolchain

M4F = Machine(TARGETS["cortex-m4f"], INTEGER_TARGETS["cortex-m4f"])
HEAD = ".syntax unified\n.thumb\n.fpu fpv4-sp-d16\n.text\n.global f\n.type f, %function\n.p2align 2\n.thumb_func\nf:\n"
ENTER = "  push {r4-r11}\n  vpush {s16-s31}\n"
LEAVE = "  vpop {s16-s31}\n  pop {r4-r11}\n  bx lr\n"


FRAME_CYCLES = 9 + 17 + 17 + 9 + 3  # of entry and exit


@dataclass(frozen=True, eq=False)
class Emulated:
    """A program and its image."""

    program: FloatProgram
    image: Image

    def trace(self) -> Trace:
        """A call on whatever the block holds."""
        machine = Emulator(CORE, self.image)
        return trace_call(machine, "f", (machine.reserve(self.program.size + 128) + 64,))

    def is_refused(self) -> bool:
        """Whether it does not decode, or is not proved."""
        try:
            return bool(proof(self).problem)
        except ToolchainError:
            return True

    def run(self, rows: F32) -> F32:
        """What the emulator leaves as outputs."""
        program, found = self.program, []
        machine = Emulator(CORE, self.image)
        base = machine.reserve(program.size + 128) + 64
        given, left = program.values[0].places, program.values[max(program.values)].places
        for row in rows:
            machine.poison(base - 64, program.size + 128)
            for at, x in zip(given.tolist(), row):
                machine.write_floats(base + at, np.array([x], np.float32))
            machine.call("f", (base,), 10)
            found.append([machine.read_floats(base + at, 1)[0] for at in left.tolist()])
        return np.array(found, np.float32)


def text_of(line: Line) -> str:
    label = f"{label_of(line.label)}:\n" if line.label else ""
    return label + "  " + line.text.replace("\n", "\n  ")


def linked(program: FloatProgram) -> Image:
    tools = find_toolchain()
    code = "\n".join(map(text_of, program.lines))
    words = "\n".join(f"  .word {word:#x}" for word in program.constants) or "  .word 0"
    end = f".size f, . - f\n.section .rodata\n.global k\n.type k, %object\n.p2align 2\nk:\n{words}\n.size k, . - k\n"
    made = tools.assemble(f"{HEAD}{ENTER}{code}\n{LEAVE}{end}", CORE)
    return read_image(tools.link([made], CORE, "f"), CORE.instruction_set)


def emulated(network: Network, shapes: list[Shape], arithmetic: Arithmetic = FLOAT32) -> Emulated:
    program = select_floats(network, M4F, arithmetic, shapes, "k")
    return Emulated(program, linked(program))


def proof(made: Emulated) -> Proof:
    """What the prover says of f."""
    program, image = made.program, made.image
    block = MemoryRegion("block", Memory(0x2000_8000, program.size), True)
    table = Memory(image.address("k"), image.sizes["k"])
    stack = MemoryRegion("stack", Memory(STACK.end - 96, 96), True)
    areas = (block, stack, MemoryRegion("constants", table, False, image.bytes_at(table)))
    places = {name_of(home): ("block", placed.start) for home, placed in program.values.items()}
    lives = {name_of(home): ends for home, ends in lifetimes(program.network).items()}
    call = Call(areas, {"r0": "block"}, places, CORE.preserved, phases_of(made), lives)
    contract = plane_contract(program.network, program.arithmetic, program.values, None)
    return prove_loops(decode_program(CORE, image), image, "f", call, contract)


def phases_of(made: Emulated) -> tuple[tuple[int, int], ...]:
    """Where the code of each layer begins, in the image."""
    at, found = (made.image.address("f") & ~1) + 8, list[tuple[int, int]]()
    for line in made.program.lines:
        if not found or found[-1][1] != line.layer:
            found.append((at, line.layer))
        at += line.size
    return tuple(found)
