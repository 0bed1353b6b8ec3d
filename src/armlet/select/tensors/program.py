"""The product of selection for networks with windows: lines, and where the tensors lie."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_target import IntegerTarget
from armlet.network.frozen import frozen
from armlet.select.integer.program import IntegerLines, bytes_of, cycles_of
from armlet.select.tensors.rows import PlacedTensor


@dataclass(frozen=True, slots=True, eq=False)
class TensorProgram:
    """Lines for `target` that compute `network` in a block of memory of the caller's."""

    target: IntegerTarget
    network: IntegerNetwork
    lines: IntegerLines
    values: tuple[PlacedTensor | None, ...]  # where each value is made, the input's first; None where it has no place
    taken: tuple[PlacedTensor | None, ...]  # what a layer takes in place of the value, laid out anew
    outputs: int  # where the outputs begin, in bytes from the start of the block
    size: int  # of the block
    bound: int  # bytes that live at one time at least
    constants: NDArray[np.uint8]

    def __post_init__(self) -> None:
        lines = self.lines.copy()
        lines.setflags(write=False)
        object.__setattr__(self, "lines", lines)
        object.__setattr__(self, "constants", frozen(self.constants, np.uint8))

    @property
    def line_bytes(self) -> int:
        """Bytes of code for the lines, without entry and exit."""
        return bytes_of(self.target, self.lines)

    @property
    def line_cycles(self) -> int:
        """Cycles of the lines by the templates' costs, neighbouring loads and stores overlapping."""
        return cycles_of(self.target, self.lines)
