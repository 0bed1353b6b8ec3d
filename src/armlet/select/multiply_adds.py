"""Multiply-adds to lines, all of one kind at once.

A weight of one or minus one needs no constant: it is an addition or subtraction. Any other comes as the supply says,
and the product takes its place. A neuron's first multiply-add begins with its bias, unless that is zero.
"""

from collections.abc import Iterator

import numpy as np

from armlet.graph.graph import Graph, Index
from armlet.isa.target import Op, Split, Target
from armlet.schedule.code import Code
from armlet.select.activations import constants_of, with_room_for_constants
from armlet.select.constants import Supply, supplies
from armlet.select.lines import Lines
from armlet.select.lowering import temporaries
from armlet.select.program import POINTERS, cycles_of
from armlet.select.steps import Steps

_POOL = POINTERS.index("pool")


def arithmetic(rows: Index, graph: Graph, target: Target, split: Split) -> Iterator[tuple[Lines, Supply]]:
    """The lines of FIRST, NEXT and CONSTANT and those that bring constants: for each supply that there is."""
    steps = Steps.of(rows, graph)
    registers = range(split.values, split.values + split.constants - temporaries(graph))
    for supply in supplies(steps, constants_of(rows, graph), target.immediates, graph.arithmetic.is_fused, registers):
        lines = Lines()
        _add_constants(lines, supply)
        _add_multiply_adds(lines, steps, supply, graph.arithmetic.is_fused)
        yield lines, supply


def least_cycles(code: Code, target: Target, split: Split) -> int:
    """Cycles of these lines with the cheapest supply, without waits between them."""
    graph, rows = code.order.graph, code.instructions
    rows, _ = with_room_for_constants(rows, np.zeros(len(rows), np.bool_), graph)
    return min(cycles_of(lines.in_order(), target) for lines, _ in arithmetic(rows, graph, target, split))


def _add_constants(lines: Lines, supply: Supply) -> None:
    lines.add(supply.stream.opens, op=Op.STREAM, d=supply.into, n=supply.stream.sizes, base=_POOL)
    for at, register, number in supply.made:
        lines.add(at, op=Op.IMMEDIATE, what=-1, d=register, offset=number.view(np.int32))


def _add_multiply_adds(lines: Lines, steps: Steps, supply: Supply, fused: bool) -> None:
    a, x, start, factor = steps.accumulator, steps.value, supply.start, supply.factor
    unit, twice, positive = steps.unit, supply.doubled, steps.weight > 0
    adds, copied = steps.connects & ~steps.bare, start != a
    steps.put(lines, steps.constant & copied, Op.COPY, a, start)
    steps.put(lines, steps.bare & unit, np.where(positive, Op.COPY, Op.NEGATE), a, x)
    steps.put(lines, steps.bare & twice, Op.ADD, a, x, x)
    steps.put(lines, steps.bare & ~unit & ~twice, Op.MULTIPLY, a, factor, x)
    steps.put(lines, adds & unit, np.where(positive, Op.ADD, Op.SUBTRACT), a, start, x)
    if fused:
        steps.put(lines, steps.biased & ~unit & copied, Op.COPY, a, start)
        steps.put(lines, adds & ~unit, Op.FUSED, a, factor, x)
    else:
        steps.put(lines, adds & ~unit & ~twice, Op.MULTIPLY, factor, factor, x)
        steps.put(lines, adds & twice, Op.ADD, factor, x, x)
        steps.put(lines, adds & ~unit, np.where(twice & ~positive, Op.SUBTRACT, Op.ADD), a, start, factor)
