"""The trips of a program hold to its contract: each cell is written once, before any read, and no other is touched.

Where tensors share memory one after the other, a word that is read must hold the cell that it is read as. Which tensor
lies where is told by phases of the code (`Call.phases`), which nobody has to believe: of all writes to a word before it
is read, the last must be that of the cell. So must be the last of all, for cells that the caller finds.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from armlet.isa.semantics import RefusalError
from armlet.prove.contract import I64, Call, Contract
from armlet.prove.instances import Instances
from armlet.prove.summary import Access

_NEVER = -1
_TIMES = 1 << 33  # more than any call takes instructions


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


@dataclass(frozen=True, slots=True, eq=False)
class _Writes:
    """All writes to an area, by word and then by time."""

    keys: I64  # word times _TIMES, and the time
    cells: I64

    def before(self, words: I64, times: I64, start: I64) -> I64:
        """The cell that each word holds at a time; `start` has what the caller filled, by word."""
        at = np.searchsorted(self.keys, words * _TIMES + times) - 1
        known = (at >= 0) & (self.keys[at] // _TIMES == words) if len(self.keys) else np.zeros(len(words), bool)
        return np.where(known, self.cells[at] if len(self.keys) else -1, start[words])


def check_held(instances: Instances, contract: Contract, call: Call) -> None:
    """Raise `RefusalError` where a word that is read, or left, holds another cell. `check_cover` comes first."""
    if not call.lives:
        return
    for number, area in enumerate(call.areas, 1):
        names = [tensor for tensor in contract.tensors if call.places[tensor.name][0] == area.what]
        if not names:
            continue
        writes = _writes(instances, number)
        start, found = _filled(contract, call, area.what, area.memory.size // 4)
        for access in instances.summary.accesses:
            if access.area == number and not access.stores:
                words = instances.offsets(access, access.repeat) // 4
                cells, times = instances.cells(access, access.repeat), instances.times(access)
                wrong = writes.before(words, times, start) != cells
                instances.refuse(access, wrong, lambda k, c=cells: f"reads {contract.tell(c[k])}, which is lost,")
        words = np.flatnonzero(found >= 0)
        held = writes.before(words, np.full(len(words), _TIMES - 1), start)
        if (lost := np.flatnonzero(held != found[words])).size:
            raise RefusalError(f"leaves {contract.tell(int(found[words[lost[0]]]))} overwritten")


def _writes(instances: Instances, area: int) -> _Writes:
    keys, cells = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for access in instances.summary.accesses:
        if access.area == area and access.stores:
            words = instances.offsets(access, access.repeat) // 4
            keys.append(words * _TIMES + instances.times(access))
            cells.append(instances.cells(access, access.repeat))
    every = np.concatenate(keys)
    order = np.argsort(every, kind="stable")
    return _Writes(every[order], np.concatenate(cells)[order])


def _filled(contract: Contract, call: Call, what: str, words: int) -> tuple[I64, I64]:
    """The cell that each word of an area holds at the call, and that it must hold behind it; -1 for none."""
    (start, found), given = np.full((2, words), -1, np.int64), contract.given
    for tensor in contract.tensors:
        area, offset = call.places[tensor.name]
        if area != what:
            continue
        cells = contract.cells(tensor.name, np.arange(tensor.words))
        here = offset // 4 + np.arange(tensor.words)
        start[here[given[cells]]] = cells[given[cells]]
        if contract.left is not None and tensor.name in contract.left:
            found[here] = cells
    return start, found
