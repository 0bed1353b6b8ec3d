"""Plans the constant pool: groups of constants in the order of their use, each loaded right before its first use."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.kernels import njit
from armlet.network.frozen import F32


@dataclass(frozen=True, slots=True)
class ConstantPool:
    """Constants by instruction: its first one lies `first[i]` registers into the latest group."""

    constants: F32  # in the order of their loads
    first: NDArray[np.int64]  # by instruction
    opens: NDArray[np.int64]  # instructions before which a group is loaded
    sizes: NDArray[np.int64]  # constants of each group


def plan_pool(wanted: list[tuple[NDArray[np.int64], F32]], instructions: int, room: int) -> ConstantPool:
    """Share constants out into groups of at most `room`; those of one instruction never part.

    `wanted` lists instructions and a constant for each; an instruction in several lists wants several, in their order.
    """
    at = np.concatenate([np.zeros(0, np.int64), *(rows for rows, _ in wanted)])
    values = np.concatenate([values for _, values in wanted])
    need = np.bincount(at, minlength=instructions)
    first, opens, sizes = _groups(need, room)
    return ConstantPool(values[np.argsort(at, kind="stable")], first, opens, sizes)


@njit(cache=True)
def _groups(need, room):
    first = np.zeros(len(need), np.int64)
    opens, sizes = np.empty(len(need), np.int64), np.empty(len(need), np.int64)
    groups, used = 0, room
    for at in range(len(need)):
        if need[at] == 0:
            continue
        if used + need[at] > room:
            opens[groups] = at
            groups, used = groups + 1, 0
        first[at] = used
        used += need[at]
        sizes[groups - 1] = used
    return first, opens[:groups].copy(), sizes[:groups].copy()
