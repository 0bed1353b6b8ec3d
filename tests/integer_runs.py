"""A program in integers as assembly in an emulated core: its outputs on stored inputs, and its cycles."""

import numpy as np
from numpy.typing import NDArray

from armlet.isa.integer_operation import IntegerOperation as Op
from armlet.isa.thumb.thumb import THUMB
from armlet.select.integer.program import IntegerLine, IntegerProgram
from armlet.simulate.cycles import step_cycles
from armlet.simulate.decoded import decode_program
from armlet.simulate.machine import Machine
from armlet.simulate.watch import trace_call
from armlet.toolchain.image import read_image
from armlet.toolchain.toolchain import find_toolchain

_BLOCK = 0x2800_0000


class Running:
    """The core with the program in it."""

    def __init__(self, program: IntegerProgram) -> None:
        self.program, tools, target = program, find_toolchain(), program.target
        made = tools.assemble(_source(program), target.core)
        self.core = Machine(target.core, read_image(tools.link([made], target.core, "f"), THUMB))
        self.core.reserve(program.block.size)

    def outputs(self, stored: NDArray[np.int64]) -> NDArray[np.int64]:
        """For stored inputs (samples, inputs); what lies behind the inputs is rubbish before each call."""
        return np.array([self._call(each) for each in stored])

    def cycles(self, stored: NDArray[np.int64]) -> tuple[int, int]:
        """Those of the lines, and all that the call takes."""
        self._fill(stored)
        image = self.core.image
        trace = trace_call(self.core, "f", (_BLOCK,), program=decode_program(self.core.core, image))
        steps = step_cycles(trace, self.program.target.cycles)
        inside = (trace.address >= image.address("lines")) & (trace.address < image.address("lines_end"))
        return int(steps[inside].sum()), int(steps.sum())

    def _call(self, stored: NDArray[np.int64]) -> NDArray[np.int64]:
        block = self.program.block
        self._fill(stored)
        self.core.call("f", (_BLOCK,))
        after = self.core.read(_BLOCK, block.size)
        signed = self.program.network.result_format.low < 0
        size = block.output_bytes
        return np.array([int.from_bytes(after[k : k + size], "little", signed=signed) for k in block.outputs.tolist()])

    def _fill(self, stored: NDArray[np.int64]) -> None:
        block = self.program.block
        memory = bytearray(block.span) + bytearray(b"\xa5" * (block.size - block.span))
        for value, offset in zip(stored.tolist(), block.inputs.tolist()):
            if offset >= 0:
                memory[offset : offset + block.input_bytes] = value.to_bytes(
                    block.input_bytes, "little", signed=value < 0
                )
        self.core.write(_BLOCK, bytes(memory))


def _source(program: IntegerProgram) -> str:
    target = program.target
    enter, leave = target.frame(program.used_registers)
    lines = [_text(program, IntegerLine._make(row)) for row in program.lines.tolist()]
    head = [*target.header, ".text", ".p2align 2", ".global f", ".type f, %function", ".thumb_func", "f:", enter]
    marked = [".global lines", "lines:", *lines, ".global lines_end", "lines_end:"]
    pool = [".p2align 2", "f_constants:", *(f".byte {byte}" for byte in program.constants.tolist())]
    return "\n".join([*head, *marked, leave, *pool, ""])


def _text(program: IntegerProgram, line: IntegerLine) -> str:
    names = program.target.names
    listed = ", ".join(names[k] for k in range(16) if line.list >> k & 1)
    registers = {"d": names[line.d], "a": names[line.a], "b": names[line.b], "list": listed}
    text = program.target.templates[Op(line.op)].text
    return text.format(**registers, by=line.by, number=line.number, symbol="f_constants")
