"""Memory of the caller's between guards that must come through every call unchanged."""

from armlet.isa.core import Memory
from armlet.simulate.machine import Machine, MachineError
from armlet.simulate.runner import GUARD

_WORD = 4
_MARK = b"\xa5"


class Guarded:
    """Pieces of one machine's memory. Reserved once, checked after each call."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.pieces: list[Memory] = []

    def reserve(self, size: int, alignment: int) -> Memory:
        """Guarded memory, aligned to so many bytes and no more."""
        address = self.machine.reserve(size + 2 * GUARD + _WORD) + GUARD + alignment
        self.machine.write(address - GUARD, _MARK * GUARD)
        self.machine.write(address + size, _MARK * GUARD)
        self.pieces.append(Memory(address, size))
        return self.pieces[-1]

    def check(self) -> None:
        """Raise `MachineError` where a guard does not hold what it held."""
        for memory in self.pieces:
            for start in (memory.base - GUARD, memory.end):
                if self.machine.read(start, GUARD) != _MARK * GUARD:
                    raise MachineError(f"the memory beside {memory.base:#010x} is changed")
