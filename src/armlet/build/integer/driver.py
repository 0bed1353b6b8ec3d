"""The two pseudodrivers of a build in integers: where in the block each input goes, and where each output is left."""

from typing import Literal

import msgspec

from armlet.integer.formats import IntegerFormat
from armlet.isa.integer_target import IntegerTarget
from armlet.select.integer.program import BlockLayout, IntegerProgram

FORMAT = 2


class IntegerValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One input or output: little-endian in the block, in `bytes` bytes at `offset`, its sign kept; or unused."""

    index: int
    place: Literal["memory", "unused"]
    offset: int | None = None
    bytes: int | None = None


class IntegerDriver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A driver file. `base` is the register that holds the block's address when NAME_core is called.

    The first `inputs` bytes of the block are the inputs' part, which the program only reads: all its bytes that hold
    no input must be zero. The rest is the program's until the call returns, and the outputs lie there.
    """

    format: int
    name: str
    direction: Literal["input", "output"]
    dtype: str
    base: str
    block: int  # bytes; at an address that 4 divides
    inputs: int
    values: list[IntegerValue]


def integer_drivers(program: IntegerProgram, name: str) -> tuple[IntegerDriver, IntegerDriver]:
    """The drivers of the inputs and of the outputs."""
    network, block = program.network, program.block
    inputs = [IntegerValue(i, "memory", at, block.input_bytes) if at >= 0 else IntegerValue(i, "unused")
              for i, at in enumerate(block.inputs.tolist())]  # fmt: skip
    outputs = [IntegerValue(j, "memory", at, block.output_bytes) for j, at in enumerate(block.outputs.tolist())]
    return (
        _driver("input", name, network.input_format, program.target, block, inputs),
        _driver("output", name, network.result_format, program.target, block, outputs),
    )


def _driver(
    direction: Literal["input", "output"],
    name: str,
    format: IntegerFormat,
    target: IntegerTarget,
    block: BlockLayout,
    values: list[IntegerValue],
) -> IntegerDriver:
    base = target.names[target.base]
    return IntegerDriver(FORMAT, name, direction, format.name, base, block.size, block.span, values)
