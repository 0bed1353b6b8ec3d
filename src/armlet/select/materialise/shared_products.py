"""Makes products that are alike once: of a value and weights of one size, while the value stays in its register.

A product with -w is the product with w, its sign turned, so sums take it or give it. Where few sizes of weights make
most connections, as powers of two do, those sizes stay in registers of their own from the start: a product takes one
instruction, and each connection one.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.graph.graph import Index
from armlet.kernels import njit
from armlet.network.frozen import F32
from armlet.schedule.code import DEFINES, Op
from armlet.select.instructions import Instructions
from armlet.select.steps import Steps

_ACTIVATE = int(Op.ACTIVATE)


@dataclass(frozen=True, slots=True)
class SharedProducts:
    """By instruction: the slot that holds its product, -1 where it has none, and whether it makes it."""

    slot: Index
    makes: NDArray[np.bool_]
    resident: F32  # sizes of weights that stay in registers, the most used one first

    @property
    def spared(self) -> int:
        """Connections that take a product which another one made."""
        return int(np.count_nonzero((self.slot >= 0) & ~self.makes))


def share_products(
    instructions: Instructions, steps: Steps, numbers: tuple[float, ...], slots: int, residents: int
) -> SharedProducts:
    """Products of weights that instructions of the target can hold, in so many slots, most sizes staying."""
    size = np.abs(steps.weight)
    shared = steps.connects & ~steps.bare & ~steps.unit & np.isin(size, numbers)
    used = Counter(size[shared & (size != 2)].tolist())
    resident = sorted(used, key=lambda each: (-used[each], each))[:residents]
    slot, makes = _shared(instructions.op, instructions.register, steps.value, size.astype(np.float64), shared, slots)
    return SharedProducts(slot, makes, np.array(resident, steps.weight.dtype))


@njit(cache=True)
def _shared(op, register, value, size, shared, slots):
    """Slots in turn; a product stays until its slot's turn comes or its value's register is written."""
    slot = np.full(len(op), -1, np.int64)
    makes = np.zeros(len(op), np.bool_)
    of = np.full(slots, -1, np.int64)  # by slot: the register of the value
    by = np.zeros(slots)  # and the size of the weight
    turn = 0
    for at in range(len(op)):
        if shared[at]:
            found = -1
            for k in range(slots):
                if of[k] == value[at] and by[k] == size[at]:
                    found = k
            if found < 0:
                found, turn = turn, (turn + 1) % slots
                of[found], by[found] = value[at], size[at]
                makes[at] = True
            slot[at] = found
        if DEFINES[op[at]] or op[at] == _ACTIVATE:
            for k in range(slots):
                if of[k] == register[at]:
                    of[k] = -1
    return slot, makes
