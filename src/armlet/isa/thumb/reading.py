"""How Thumb code is read: what `armlet.isa.instruction_set.Reading` asks for."""

from armlet.isa.thumb.counting import branch_of, repeats_from
from armlet.isa.thumb.decode import ThumbDecoder, mnemonics, register_names
from armlet.isa.thumb.integer.semantics import compile_integer_step
from armlet.isa.thumb.relocations import relocate, relocation_problem
from armlet.isa.thumb.semantics import compile_step

decoder = ThumbDecoder

__all__ = [
    "branch_of",
    "compile_integer_step",
    "compile_step",
    "decoder",
    "mnemonics",
    "register_names",
    "relocate",
    "relocation_problem",
    "repeats_from",
]
