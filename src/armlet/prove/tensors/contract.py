"""What a program on tensors must compute, and what the prover is told of it: where values lie, for whom, and how.

Only where the inputs and the outputs lie is part of what is proved. Where the other values lie is a hint: a value that
does not lie there is not found, and nothing wrong is believed by it.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from armlet.errors import InvariantError
from armlet.integer.formats import I64
from armlet.integer.network import IntegerNetwork
from armlet.isa.core import Memory
from armlet.isa.semantics import RefusalError
from armlet.network.frozen import frozen
from armlet.prove.execute import MEMORY, RETURN
from armlet.simulate.runner import MemoryRegion


@dataclass(frozen=True, slots=True, eq=False)
class PlacedValues:
    """Bytes that hold values of a tensor, each with something more, modulo 256."""

    value: int  # 0 is the network's input, k what its k-th layer gives; behind them is the number of the largest
    cells: I64  # (n,) numbers of the values in the tensor
    addresses: I64  # (n,) of the lowest byte
    added: I64  # (n,) 0 to 255, what the byte has more than the value

    def __post_init__(self) -> None:
        for name in ("cells", "addresses", "added"):
            array = frozen(getattr(self, name), np.int64)
            object.__setattr__(self, name, array)
            if array.shape != (len(self.cells),):
                raise InvariantError(f"{name} of value {self.value} has shape {array.shape}")
        if ((self.added < 0) | (self.added > 255)).any():
            raise InvariantError(f"value {self.value} has more than a byte added")


@dataclass(frozen=True, slots=True, eq=False)
class TensorContract:
    """The network, and where its values lie in a call."""

    network: IntegerNetwork
    inputs: tuple[PlacedValues, ...]  # what the caller has placed
    outputs: PlacedValues  # of the last value, or the number of the largest; as many bytes each as its format has
    places: tuple[PlacedValues, ...] = ()  # hints: of values on the way
    zeros: tuple[Memory, ...] = ()  # bytes that are zero at the call, where no input lies


@dataclass(frozen=True, slots=True)
class TensorCall:
    """Memory in pieces: the regions of one piece keep their distances, the pieces may lie anywhere.

    One region is called "stack". Regions that cannot be written are constants where they have content, and inputs.
    """

    entry: str
    pieces: tuple[tuple[MemoryRegion, ...], ...]
    arguments: tuple[int, ...]  # addresses, in r0 and what follows
    preserved: tuple[str, ...] = field(default=())

    def piece(self, address: int) -> int:
        """The number of the piece that holds an address, from 1 on."""
        for number, piece in enumerate(self.pieces, 1):
            if any(region.memory.base <= address < region.memory.end for region in piece):
                return number
        raise RefusalError(f"is called with {address:#010x}, which lies in no memory that is declared")

    def check(self) -> None:
        """Raise `RefusalError` where the prover cannot tell the pieces of memory apart."""
        if (len(self.pieces) + 1) * MEMORY > RETURN:
            raise RefusalError(f"has {len(self.pieces)} pieces of memory, more than the prover tells apart")
        regions = sorted((region.memory for piece in self.pieces for region in piece), key=lambda one: one.base)
        for one, other in pairwise(regions):
            if one.end > other.base:
                raise RefusalError(f"has two kinds of memory at {other.base:#010x}")
