"""A word that is read holds the cell that it is read as, where tensors share memory one after the other.

Which tensor lies where is told by phases of the code (`Call.phases`), which nobody has to believe: of all writes to a
word before it is read, the last must be that of the cell. So must be the last of all, for cells that the caller finds.
"""

from dataclasses import dataclass

import numpy as np

from armlet.isa.semantics import RefusalError
from armlet.prove.contract import I64, Call, Contract
from armlet.prove.instances import Instances

_TIMES = 1 << 33  # more than any call takes instructions


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
