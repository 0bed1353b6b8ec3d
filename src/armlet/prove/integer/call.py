"""How a program in integers is called: what the caller places where, and where it reads the outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from armlet.isa.core import Memory
from armlet.isa.semantics import RefusalError
from armlet.prove.execute import MEMORY, RETURN
from armlet.simulate.runner import MemoryRegion


@dataclass(frozen=True, slots=True)
class InputField:
    """The bytes that hold an input."""

    index: int
    bytes: int


@dataclass(frozen=True, slots=True)
class IntegerCall:
    """Memory in pieces: the regions of one piece keep their distances, the pieces may lie anywhere.

    One region is called "stack". Bytes of `zeros` that hold no input are zero at the call, and must be afterwards.
    """

    entry: str
    pieces: tuple[tuple[MemoryRegion, ...], ...]
    arguments: tuple[int, ...]  # addresses, in r0 and what follows
    preserved: tuple[str, ...]
    inputs: Mapping[int, InputField]  # by address
    zeros: tuple[Memory, ...]
    outputs: tuple[int, ...]  # address of each
    output_bytes: int

    def place(self, address: int) -> int:
        """Where an address lies in the proof, each piece in memory of its own."""
        for number, piece in enumerate(self.pieces, 1):
            if any(region.memory.base <= address < region.memory.end for region in piece):
                return address + number * MEMORY
        raise RefusalError(f"is called with {address:#010x}, which lies in no memory that is declared")

    def check(self) -> None:
        """Raise `RefusalError` where the prover cannot tell the pieces of memory apart."""
        if (len(self.pieces) + 1) * MEMORY > RETURN:
            raise RefusalError(f"has {len(self.pieces)} pieces of memory, more than the prover tells apart")
        regions = sorted((region.memory for piece in self.pieces for region in piece), key=lambda one: one.base)
        for one, other in pairwise(regions):
            if one.end > other.base:
                raise RefusalError(f"has two kinds of memory at {other.base:#010x}")
