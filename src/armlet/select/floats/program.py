"""The product of selection for networks with windows in single precision: lines, and where the tensors lie."""

from collections.abc import Mapping
from dataclasses import dataclass

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.network.network import Network
from armlet.select.floats.cycles import line_cycles
from armlet.select.floats.lines import Line, Machine
from armlet.tensors.floats.planes import PlacedPlanes


@dataclass(frozen=True, slots=True, eq=False)
class FloatProgram:
    """Lines that compute `network` in a block of memory of the caller's."""

    machine: Machine
    arithmetic: Arithmetic
    network: Network
    lines: tuple[Line, ...]
    values: Mapping[int, PlacedPlanes]  # where each value lies that has a place of its own, the input's first
    size: int  # of the block, in bytes
    bound: int  # bytes that live at one time at least
    constants: tuple[int, ...]  # words

    @property
    def line_bytes(self) -> int:
        """Bytes of code for the lines, without entry and exit."""
        return sum(line.size for line in self.lines)

    @property
    def cycles(self) -> list[int]:
        """Of each line in all its runs, without entry and exit."""
        return line_cycles(self.machine, self.lines)
