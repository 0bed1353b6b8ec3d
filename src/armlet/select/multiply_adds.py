"""Multiply-adds to lines, all of one kind at once.

A weight of one or minus one needs no constant: it is an addition or subtraction. Any other comes as the supply says,
and the product takes its place. A neuron's first multiply-add begins with its bias, unless that is zero.
"""

from collections.abc import Iterator

import numpy as np

from armlet.arithmetic.float32 import MultiplyAdd
from armlet.graph.graph import Graph
from armlet.isa.operation import Operation
from armlet.isa.target import RegisterPartition, Target
from armlet.schedule.code import Code
from armlet.select.activations import constants_of
from armlet.select.constants import Supply, supplies
from armlet.select.instructions import Instructions, expanded
from armlet.select.lines import Lines
from armlet.select.lowering import temporaries
from armlet.select.program import POINTERS, cycles_of
from armlet.select.steps import Steps

_POOL = POINTERS.index("pool")


def arithmetic(
    instructions: Instructions, graph: Graph, target: Target, partition: RegisterPartition, how: MultiplyAdd
) -> Iterator[tuple[Lines, Supply]]:
    """The lines of FIRST, NEXT and CONSTANT and those that bring constants: for each supply that there is."""
    steps = Steps.of(instructions, graph)
    registers = range(partition.values, partition.values + partition.constants - temporaries(graph))
    for supply in supplies(steps, constants_of(instructions, graph), target.immediates, how, registers):
        lines = Lines()
        _add_constants(lines, supply)
        _add_multiply_adds(lines, steps, supply, how)
        yield lines, supply


def least_cycles(code: Code, target: Target, partition: RegisterPartition, how: MultiplyAdd) -> int:
    """Cycles of these lines with the cheapest supply, without waits between them."""
    instructions = expanded(code, np.zeros(len(code.instructions), np.bool_))
    ways = arithmetic(instructions, code.order.graph, target, partition, how)
    return min(cycles_of(lines.in_order(), target) for lines, _ in ways)


def _add_constants(lines: Lines, supply: Supply) -> None:
    lines.add(supply.stream.opens, op=Operation.LOAD_CONSTANTS, d=supply.into, length=supply.stream.sizes, base=_POOL)
    for at, register, number in supply.made:
        lines.add(at, op=Operation.IMMEDIATE, d=register, bits=number.view(np.int32))


def _add_multiply_adds(lines: Lines, steps: Steps, supply: Supply, how: MultiplyAdd) -> None:
    a, x, start, factor = steps.accumulator, steps.value, supply.start, supply.factor
    unit, twice, positive = steps.unit, supply.doubled, steps.weight > 0
    adds, copied = steps.connects & ~steps.bare, start != a
    steps.put(lines, steps.constant & copied, Operation.COPY, a, start)
    steps.put(lines, steps.bare & unit, np.where(positive, Operation.COPY, Operation.NEGATE), a, x)
    steps.put(lines, steps.bare & twice, Operation.ADD, a, x, x)
    steps.put(lines, steps.bare & ~unit & ~twice, Operation.MULTIPLY, a, factor, x)
    steps.put(lines, adds & unit, np.where(positive, Operation.ADD, Operation.SUBTRACT), a, start, x)
    if how is MultiplyAdd.FUSED:
        steps.put(lines, steps.biased & ~unit & copied, Operation.COPY, a, start)
        steps.put(lines, adds & ~unit, Operation.FUSED, a, factor, x)
    else:
        steps.put(lines, adds & ~unit & ~twice, Operation.MULTIPLY, factor, factor, x)
        steps.put(lines, adds & twice, Operation.ADD, factor, x, x)
        steps.put(lines, adds & ~unit, np.where(twice & ~positive, Operation.SUBTRACT, Operation.ADD), a, start, factor)
