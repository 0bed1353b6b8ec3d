"""The loops of a linked program, recognised from its decoded bytes: from where each branch back leads, to the branch.

Only natural loops are taken: one way in, at the start; one way back and out, at the end; each inside another or apart.
Whether control really stays inside is seen when the code is executed (`prove/record.py`).
"""

from dataclasses import dataclass
from functools import reduce
from operator import or_

import numpy as np
from numpy.typing import NDArray

from armlet.isa.semantics import RefusalError
from armlet.simulate.decoded import DecodedProgram

MOST_DEPTH = 8  # loops inside each other


@dataclass(frozen=True, slots=True)
class Loop:
    """Instructions that are repeated, those of the loops inside among them."""

    head: int  # address of the first
    branch: int  # address of the last, which leads back
    outer: int  # number of the loop around it, -1 where there is none
    depth: int  # 1 for one that lies in no other
    writes: int  # registers that its instructions change, as the decoder reads them

    def holds(self, address: int) -> bool:
        """Whether an instruction lies inside."""
        return self.head <= address <= self.branch


@dataclass(frozen=True, slots=True, eq=False)
class Nest:
    """All loops of a program; outer ones before those inside."""

    loops: tuple[Loop, ...]
    owner: NDArray[np.int32]  # (halfwords of .text,) number of the innermost loop around each, -1 outside


def find_nest(program: DecodedProgram) -> Nest:
    """The loops of `program`. Raises `RefusalError` where branches back are not nested."""
    owner = np.full(len(program.form_at), -1, np.int32)
    loops: list[Loop] = []
    for head, branch in sorted(_branches(program), key=lambda ends: (ends[0], -ends[1])):
        inside = slice((head - program.base) // 2, (branch - program.base) // 2 + 1)
        around = np.unique(owner[inside])
        outer = int(around[0])
        if len(around) > 1 or (outer >= 0 and (loops[outer].head == head or not loops[outer].holds(branch))):
            raise RefusalError(f"the branch back at {branch:#010x} crosses another one")
        depth = loops[outer].depth + 1 if outer >= 0 else 1
        if depth > MOST_DEPTH:
            raise RefusalError(f"the branch back at {branch:#010x} is one of more than {MOST_DEPTH} inside each other")
        forms = (program.forms[k] for k in np.unique(program.form_at[inside]).tolist() if k >= 0)
        owner[inside] = len(loops)
        loops.append(Loop(head, branch, outer, depth, reduce(or_, (form.writes for form in forms), 0)))
    return Nest(tuple(loops), owner)


def _branches(program: DecodedProgram) -> list[tuple[int, int]]:
    """The start and the end of each loop."""
    repeats_from = program.isa.reading.repeats_from
    heads = {number: head for number, form in enumerate(program.forms) if (head := repeats_from(form)) is not None}
    slots = np.flatnonzero(np.isin(program.form_at, list(heads)))
    ends = ((heads[int(program.form_at[slot])], program.base + 2 * int(slot)) for slot in slots)
    return [(head, branch) for head, branch in ends if program.base <= head <= branch]
