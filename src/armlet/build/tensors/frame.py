"""Enters and leaves a program for tensors: what the calling convention asks, words of the stack, and NAME_run."""

from dataclasses import dataclass

from armlet.build import names
from armlet.build.integer.frame import saved_in, width_of
from armlet.build.integer.lines import Listing
from armlet.build.tensors.run import RUN_REGISTERS, input_lines, output_lines
from armlet.isa.integer_target import IntegerTarget
from armlet.select.integer.program import bytes_of, registers_written
from armlet.select.tensors.frame import STACK_BYTES
from armlet.select.tensors.program import TensorProgram

RUN_LABEL = ".Lrun"  # of the loops of NAME_run, which pack
LEFT_LABEL = ".Lout"  # and of those behind the call


@dataclass(frozen=True, slots=True)
class TensorFrame:
    """What NAME_core does before and after its lines, and all of NAME_run: texts of instructions."""

    enter: str
    leave: str
    run: tuple[str, ...]  # lines of the file
    stack_bytes: int  # of NAME_run and the NAME_core that it calls
    code_bytes: int  # of both entries, each in whole words


def tensor_frame(program: TensorProgram, name: str) -> TensorFrame:
    """Save what the program uses and the caller owns; pack inputs and unpack outputs for NAME_run."""
    target, own = program.target, names.block_symbol(name)
    enter, leave = core_frame(target, registers_written(program.lines))
    outer_enter, outer_leave = target.frame(RUN_REGISTERS)
    before, after = input_lines(program), output_lines(program)
    call = target.call.format(symbol=names.core_symbol(name))
    run = (
        f"  {outer_enter}",
        *Listing(target, before, own, RUN_LABEL).show({}),
        f"  {call}",
        *Listing(target, after, own, LEFT_LABEL).show({}),
        f"  {outer_leave}",
    )
    around = width_of(f"{outer_enter}\n{call}\n{outer_leave}")
    parts = (
        width_of(enter) + program.line_bytes + width_of(leave),
        around + bytes_of(target, before) + bytes_of(target, after),
    )
    word = target.core.word
    stack = word * (saved_in(enter) + saved_in(outer_enter)) + STACK_BYTES
    return TensorFrame(enter, leave, run, stack, sum(part + (-part) % word for part in parts))


def core_frame(target: IntegerTarget, written: frozenset[int]) -> tuple[str, str]:
    """Entry and exit of NAME_core, around lines that write such registers."""
    enter, leave = target.frame(written)
    return f"{enter}\nsub.w sp, sp, #{STACK_BYTES}", f"add.w sp, sp, #{STACK_BYTES}\n{leave}"
