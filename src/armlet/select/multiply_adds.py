"""Selects operations for multiply-adds, for all of one kind at once.

A weight of one or minus one needs no constant: it is an addition or subtraction. Any other constant is in the register
that its materialisation says, and the product takes its place. A neuron's first multiply-add begins with its bias,
unless that is zero.
"""

from collections.abc import Iterator

import numpy as np

from armlet.graph.graph import Graph
from armlet.isa.operation import Operation
from armlet.isa.target import RegisterPartition, Target
from armlet.schedule.code import Code
from armlet.select.activations import constants_of
from armlet.select.instructions import Instructions, expanded
from armlet.select.lines import Lines
from armlet.select.lowering import temporaries
from armlet.select.materialise.materialise import Materialisation, materialisations
from armlet.select.program import POINTERS, cycles_of
from armlet.select.steps import Steps

_POOL = POINTERS.index("pool")


def arithmetic(
    instructions: Instructions, graph: Graph, target: Target, partition: RegisterPartition
) -> Iterator[tuple[Lines, Materialisation]]:
    """The lines of INIT, ACCUMULATE and BIAS and of their constants, for each way to materialise these."""
    steps = Steps.of(instructions, graph)
    registers = range(partition.values, partition.values + partition.constants - temporaries(graph))
    for constants in materialisations(
        instructions, steps, constants_of(instructions, graph), target.immediates, graph.arithmetic.is_fused, registers
    ):
        lines = Lines()
        _add_constants(lines, constants)
        _add_multiply_adds(lines, steps, constants, graph.arithmetic.is_fused)
        yield lines, constants


def least_cycles(code: Code, target: Target, partition: RegisterPartition) -> int:
    """Cycles of these lines the cheapest way, without waits between them."""
    instructions = expanded(code, np.zeros(len(code.instructions), np.bool_))
    ways = arithmetic(instructions, code.order.graph, target, partition)
    return min(int(cycles_of(lines.in_order(), target).sum()) for lines, _ in ways)


def _add_constants(lines: Lines, constants: Materialisation) -> None:
    lines.add(
        constants.pool.opens,
        op=Operation.LOAD_CONSTANTS,
        d=constants.into,
        length=constants.pool.sizes,
        base=_POOL,
    )
    stays, first = constants.resident
    for k, number in enumerate(stays):
        lines.add(np.zeros(1, np.int64), op=Operation.IMMEDIATE, d=first + k, bits=number.view(np.int32))
    for at, register, number in constants.immediates:
        lines.add(at, op=Operation.IMMEDIATE, d=register, bits=number.view(np.int32))


def _add_multiply_adds(lines: Lines, steps: Steps, constants: Materialisation, fused: bool) -> None:
    a, x, start, factor = steps.accumulator, steps.value, constants.start, constants.factor
    unit, twice, positive = steps.unit, constants.doubled, steps.weight > 0
    adds, copied = steps.connects & ~steps.bare, start != a
    steps.put(lines, steps.constant & copied, Operation.COPY, a, start)
    steps.put(lines, steps.bare & unit, np.where(positive, Operation.COPY, Operation.NEGATE), a, x)
    steps.put(lines, steps.bare & twice, Operation.ADD, a, x, x)
    steps.put(lines, steps.bare & ~unit & ~twice, Operation.MULTIPLY, a, factor, x)
    steps.put(lines, adds & unit, np.where(positive, Operation.ADD, Operation.SUBTRACT), a, start, x)
    if fused:
        steps.put(lines, steps.biased & ~unit & copied, Operation.COPY, a, start)
        steps.put(lines, adds & ~unit, Operation.FUSED, a, factor, x)
    else:
        makes, gives = adds & ~unit & constants.makes, constants.unsigned & ~positive
        steps.put(lines, makes & ~twice, Operation.MULTIPLY, factor, constants.times, x)
        steps.put(lines, makes & twice, Operation.ADD, factor, x, x)
        steps.put(lines, adds & ~unit, np.where(gives, Operation.SUBTRACT, Operation.ADD), a, start, factor)
