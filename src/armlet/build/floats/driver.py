"""The two pseudodrivers of a build in single precision with windows: where each value lies in the block."""

from typing import Literal

import msgspec

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.isa.target import Target
from armlet.network.network import Network
from armlet.tensors.floats.planes import PlacedPlanes
from armlet.tensors.rows import WORD

FORMAT = 1


class FloatDriver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A driver file. `base` is the register that holds the block's address when NAME_core is called.

    Each value has a word of the block, at its offset in bytes; they are in the network's own order: channel by channel,
    row by row. Before each call all inputs are written. All else in the block may hold anything, and after the call
    only the outputs are there.
    """

    format: int
    name: str
    direction: Literal["input", "output"]
    dtype: str
    base: str
    block: int  # bytes; at an address that 4 divides
    shape: list[int]  # channels, height, width; or the number of values
    offsets: list[int]


def float_drivers(
    network: Network,
    target: Target,
    arithmetic: Arithmetic,
    name: str,
    ends: tuple[PlacedPlanes, PlacedPlanes],
    block: int,
) -> tuple[FloatDriver, FloatDriver]:
    """The drivers of inputs and outputs that lie so."""
    shapes, dtype, base = network.shapes, arithmetic.format.name, "r0"
    assert (arithmetic.format.bytes, target.roles.inputs) == (WORD, base)
    given, left = (tensor.places.tolist() for tensor in ends)
    return (
        FloatDriver(FORMAT, name, "input", dtype, base, block, [*shapes[0]], given),
        FloatDriver(FORMAT, name, "output", dtype, base, block, [*shapes[-1]], left),
    )
