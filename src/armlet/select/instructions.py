"""Expands each ACTIVATE of a code into pseudo-instructions, and gives all instructions as columns.

A pseudo-instruction takes one constant at most, so that constants can be planned before registers are given to them:
an ACTIVATE whose program wants k constants becomes k of them (`select/lowering.py`), in place of one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.graph.graph import ACTIVATIONS, Index
from armlet.schedule.code import Code, Op
from armlet.select.lowering import lower

_PARTS = np.array([len(lower(kind).parts) for kind in ACTIVATIONS])


@dataclass(frozen=True, slots=True, eq=False)
class Instructions:
    """Columns as in `Code.instructions`, and two more; by pseudo-instruction."""

    op: Index
    register: Index
    value: Index
    what: Index
    part: Index  # which of its parts an ACTIVATE stands for; 0 for all others
    deferred: NDArray[np.bool_]  # an ACTIVATE that the stores of its value carry out; and those stores

    def __len__(self) -> int:
        return len(self.op)


def expanded(code: Code, deferred: NDArray[np.bool_]) -> Instructions:
    """The instructions of `code`, each ACTIVATE once for each of its parts."""
    op, _, _, what = code.instructions.T
    times = np.ones(len(op), np.int64)
    activates = op == Op.ACTIVATE
    times[activates] = _PARTS[code.order.graph.activation[what[activates]]]
    op, register, value, what = np.ascontiguousarray(np.repeat(code.instructions, times, axis=0).T)
    first = np.repeat(np.cumsum(times) - times, times)
    return Instructions(op, register, value, what, np.arange(len(first)) - first, np.repeat(deferred, times))
