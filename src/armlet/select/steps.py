"""What each instruction computes with, as columns, so that multiply-adds of one kind are selected at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from armlet.graph.graph import Graph, Index
from armlet.network.frozen import F32
from armlet.schedule.code import Op
from armlet.select.instructions import Instructions
from armlet.select.lines import Lines


@dataclass(frozen=True, slots=True)
class Steps:
    """By instruction; zeros where it is no arithmetic."""

    accumulator: Index
    value: Index
    connection: Index  # -1 where it is none
    weight: F32
    bias: F32
    connects: NDArray[np.bool_]
    biased: NDArray[np.bool_]  # begins a neuron with its bias
    bare: NDArray[np.bool_]  # begins a neuron without one
    constant: NDArray[np.bool_]

    @classmethod
    def of(cls, instructions: Instructions, graph: Graph) -> "Steps":
        """What `instructions` compute with."""
        op, what = instructions.op, instructions.what
        first, constant = op == Op.INIT, op == Op.BIAS
        connects = first | (op == Op.ACCUMULATE)
        weight, bias = np.zeros(len(op), graph.weight.dtype), np.zeros(len(op), graph.weight.dtype)
        weight[connects] = graph.weight[what[connects]]
        bias[first] = graph.bias[graph.target[what[first]]]
        bias[constant] = graph.bias[what[constant]]
        biased = first & (bias != 0)
        connection = np.where(connects, what, -1)
        registers = instructions.register, instructions.value
        return cls(*registers, connection, weight, bias, connects, biased, first & ~biased, constant)

    @property
    def unit(self) -> NDArray[np.bool_]:
        """Where a connection is an addition or a subtraction."""
        return self.connects & (np.abs(self.weight) == 1)

    def put(
        self, lines: Lines, where: NDArray[np.bool_], op: ArrayLike, d: Index, a: Index, b: Index | None = None
    ) -> None:
        """Add a line for each instruction marked in `where`: one operation for all, or one of each."""
        at = np.flatnonzero(where)
        ops = np.broadcast_to(op, len(where))[at]
        lines.add(at, op=ops, connection=self.connection[at], d=d[at], a=a[at], **({} if b is None else {"b": b[at]}))
