"""The trips of a program hold to its contract: each cell is written once, before any read, and no other is touched."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from armlet.isa.semantics import RefusalError
from armlet.prove.contract import I64, Contract
from armlet.prove.instances import Instances
from armlet.prove.summary import Access

_NEVER = -1


@dataclass(slots=True)
class _Seen:
    """What became of each cell so far."""

    instances: Instances
    contract: Contract
    given: NDArray[np.bool_]  # (cells,) filled by the caller
    declared: NDArray[np.bool_]  # (cells,) made by a stencil
    written: I64 = field(init=False)  # (cells,) after how many instructions
    last: int = _NEVER  # when a given cell is read last

    def __post_init__(self) -> None:
        self.written = np.full(self.contract.size, _NEVER, np.int64)

    def write(self, access: Access) -> None:
        cells, times = self.instances.cells(access, access.repeat), self.instances.times(access)
        tell, refuse = self.contract.tell, self.instances.refuse
        refuse(access, ~self.declared[cells], lambda k: f"writes {tell(cells[k])}, which is not declared to be made,")
        refuse(access, self.written[cells] != _NEVER, lambda k: f"writes {tell(cells[k])} for the second time")
        self.written[cells] = times
        refuse(access, self.written[cells] != times, lambda k: f"writes {tell(cells[k])} more than once, also")

    def read(self, access: Access) -> None:
        cells, times = self.instances.cells(access, access.repeat), self.instances.times(access)
        if cells[0] >= self.contract.size:
            return  # constants
        early = ~self.given[cells] & ((self.written[cells] == _NEVER) | (self.written[cells] >= times))
        tell = self.contract.tell
        self.instances.refuse(access, early, lambda k: f"reads {tell(cells[k])} before it is written,")
        self.last = max(self.last, int(times.max(where=self.given[cells], initial=_NEVER)))


def check_cover(instances: Instances, contract: Contract) -> bool:
    """Whether a given cell is read after the first of those that the caller finds is written.

    Raises `RefusalError` where a cell is misused.
    """
    given, declared = contract.given, np.zeros(contract.size, bool)
    for stencil in contract.stencils:
        declared[contract.cells(stencil.tensor, stencil.cells)] = True
    seen, accesses = _Seen(instances, contract, given, declared), instances.summary.accesses
    for access in accesses:
        if access.stores:
            seen.write(access)
    missing = np.flatnonzero(declared & (seen.written == _NEVER))
    if missing.size:
        raise RefusalError(f"never writes {contract.tell(int(missing[0]))}: {missing.size} declared cells are not made")
    for access in accesses:
        if not access.stores:
            seen.read(access)
    left = declared & _found(contract)
    return bool(left.any()) and seen.last > int(seen.written[left].min())


def _found(contract: Contract) -> NDArray[np.bool_]:
    """(cells,) whether the caller finds it when the call has returned."""
    kept = [contract.left is None or tensor.name in contract.left for tensor in contract.tensors]
    return np.repeat(kept, [tensor.words for tensor in contract.tensors])
