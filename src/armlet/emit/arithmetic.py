"""Multiply-adds to lines, all of one kind at once.

A weight of one or minus one needs no constant: it is an addition or subtraction. Any other comes out of the pool, and
the product takes its place. A neuron's first multiply-add begins with its bias, unless that is zero.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from armlet.emit.lines import Lines
from armlet.emit.program import POINTERS
from armlet.emit.recipe import temporaries
from armlet.emit.stream import Stream, plan_stream
from armlet.graph.graph import Graph, Index
from armlet.network.arithmetic import MultiplyAdd
from armlet.network.network import F32
from armlet.schedule.code import Op as Step
from armlet.target.spec import Op, Split

_POOL = POINTERS.index("pool")


@dataclass(frozen=True, slots=True)
class _Steps:
    """What each instruction computes with; zeros where it is no arithmetic."""

    accumulator: Index
    value: Index
    what: Index
    weight: F32
    bias: F32
    connects: NDArray[np.bool_]
    biased: NDArray[np.bool_]  # begins a neuron with its bias
    bare: NDArray[np.bool_]  # begins a neuron without one
    constant: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: Index, graph: Graph) -> "_Steps":
        op, accumulator, value, what = np.ascontiguousarray(rows.T)
        first, constant = op == Step.FIRST, op == Step.CONSTANT
        connects = first | (op == Step.NEXT)
        weight, bias = np.zeros(len(rows), np.float32), np.zeros(len(rows), np.float32)
        weight[connects] = graph.weight[what[connects]]
        bias[first] = graph.bias[graph.target[what[first]]]
        bias[constant] = graph.bias[what[constant]]
        biased = first & (bias != 0)
        return cls(accumulator, value, what, weight, bias, connects, biased, first & ~biased, constant)

    def put(
        self, lines: Lines, where: NDArray[np.bool_], op: ArrayLike, d: Index, a: Index, b: Index | None = None
    ) -> None:
        """Add a line for each instruction marked in `where`: one operation for all, or one of each."""
        at = np.flatnonzero(where)
        ops = np.broadcast_to(op, len(where))[at]
        lines.add(at, op=ops, what=self.what[at], d=d[at], a=a[at], b=0 if b is None else b[at])


def add_arithmetic(
    lines: Lines, rows: Index, graph: Graph, split: Split, how: MultiplyAdd, others: tuple[NDArray[np.int64], F32]
) -> Stream:
    """Add the transfers of constants and the lines of FIRST, NEXT and CONSTANT.

    `others` are constants that other rows want, one each, and those rows.
    """
    steps = _Steps.of(rows, graph)
    unit = np.abs(steps.weight) == 1
    biased, weighed = np.flatnonzero(steps.biased | steps.constant), np.flatnonzero(steps.connects & ~unit)
    wanted = [(biased, steps.bias[biased]), (weighed, steps.weight[weighed]), others]
    stream = plan_stream(wanted, len(rows), split.constants - temporaries(graph))
    lines.add(stream.opens, op=Op.STREAM, d=split.values, n=stream.sizes, base=_POOL)

    a, x, constant = steps.accumulator, steps.value, split.values + stream.first
    start, factor = np.where(steps.biased, constant, a), constant + steps.biased
    bare, adds = steps.bare, steps.connects & ~steps.bare
    steps.put(lines, steps.constant, Op.COPY, a, constant)
    steps.put(lines, bare & unit, np.where(steps.weight > 0, Op.COPY, Op.NEGATE), a, x)
    steps.put(lines, bare & ~unit, Op.MULTIPLY, a, factor, x)
    steps.put(lines, adds & unit, np.where(steps.weight > 0, Op.ADD, Op.SUBTRACT), a, start, x)
    if how is MultiplyAdd.FUSED:
        steps.put(lines, steps.biased & ~unit, Op.COPY, a, start)
        steps.put(lines, adds & ~unit, Op.FUSED, a, factor, x)
    else:
        steps.put(lines, adds & ~unit, Op.MULTIPLY, factor, factor, x)
        steps.put(lines, adds & ~unit, Op.ADD, a, start, factor)
    return stream
