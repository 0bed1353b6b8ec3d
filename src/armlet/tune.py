"""What is settled by trying: the partition of the float registers, and the plan of the order.

More registers for constants make each transfer out of the pool longer; more registers for values keep more of them out
of memory; few in all leave the caller's registers alone. Registers left to passing sources make their transfers longer
and their number larger. A run of order, registers and layout without annealing prices each choice, one thing after
another. What brings the activation moves down to inputs and outputs goes before what does not; among others, the
objective decides.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeAlias

from armlet.anneal.engine import Annealing
from armlet.arithmetic.float32 import WORD, MultiplyAdd
from armlet.build.prologue import entry_cycles
from armlet.graph.graph import Graph
from armlet.isa.operation import Operation
from armlet.isa.target import RegisterPartition, Target
from armlet.layout.layout import Layout
from armlet.layout.place import InputLayout, place
from armlet.schedule.allocate import Registers, allocate
from armlet.schedule.code import Code
from armlet.schedule.layers import layers_of
from armlet.schedule.plan import Plan, can_hand_on, plan_order
from armlet.select.multiply_adds import least_cycles
from armlet.select.program import Program
from armlet.select.scheduling import arrange
from armlet.select.select import selections

LARGEST = 50_000  # connections; beyond, pricing would take longer than it saves, and the usual choice stands
SPARES = (4, 1, 2, 3, 6, 8)  # registers left to sources, the usual number first

Price: TypeAlias = tuple[bool, float]


def cheapest_program(
    code: Code, layout: Layout, target: Target, partition: RegisterPartition, rounding: MultiplyAdd
) -> Program:
    """Of all ways to supply the constants of `code`, the one of the fewest cycles, its instructions scheduled."""
    programs = [arrange(program) for program in selections(code, layout, target, partition, rounding)]
    return min(programs, key=program_price)


def program_price(program: Program) -> tuple[int, int]:
    """Cycles of a call, and then bytes, of a program whose instructions are scheduled; neither knows the name."""
    cycles, _ = entry_cycles(program, "")
    return cycles, program.line_bytes + WORD * len(program.constants)


@dataclass(frozen=True, slots=True)
class Choice:
    """How the registers are shared out, and how the order is planned."""

    partition: RegisterPartition
    plan: Plan


@dataclass(frozen=True, slots=True)
class _Case:
    graph: Graph
    target: Target
    inputs: InputLayout
    how: Annealing
    by_moves: bool
    rounding: MultiplyAdd


def choose(
    graph: Graph,
    target: Target,
    partitions: tuple[RegisterPartition, ...],
    spares: tuple[int, ...],
    inputs: InputLayout,
    how: Annealing,
    by_moves: bool = False,
    rounding: MultiplyAdd = MultiplyAdd.SEPARATE,
) -> Choice:
    """The choice whose moves reach their bound, if any does, of the least cycles or moves; the earlier of equals."""
    usual = Choice(partitions[0], Plan(_fitting(spares, partitions[0])[0]))
    if graph.connections > LARGEST:
        return usual
    case = _Case(graph, target, inputs, replace(how, moves=0), by_moves, rounding)

    @cache
    def price(choice: Choice) -> Price:
        return _price(case, choice)

    best = _cheapest(
        [usual, *(Choice(partition, Plan(_fitting(spares, partition)[0])) for partition in partitions[1:])], price
    )
    best = _cheapest(
        [best, *(Choice(best.partition, Plan(spare)) for spare in _fitting(spares, best.partition)[1:])], price
    )
    for at in range(len(layers_of(graph)) - 1):
        best = _cheapest([best, *_handing_on(case, best, at)], price)
    return best


def _fitting(spares: tuple[int, ...], partition: RegisterPartition) -> tuple[int, ...]:
    """Those that leave an accumulator; one, where none does."""
    return tuple(spare for spare in spares if spare < partition.values) or (1,)


def _handing_on(case: _Case, best: Choice, at: int) -> list[Choice]:
    layers, plan = layers_of(case.graph), best.plan
    if at - 1 in plan.handed_on or not can_hand_on(layers, at, best.partition.values, plan.spare):
        return []
    return [replace(best, plan=replace(plan, handed_on=plan.handed_on | {at}))]


def _cheapest(choices: list[Choice], price: Callable[[Choice], Price]) -> Choice:
    return choices[0] if len(choices) == 1 else min(choices, key=price)


def _price(case: _Case, choice: Choice) -> Price:
    """Whether the moves miss their bound, and the cycles that depend on the choice.

    These are multiply-adds with their constants, transfers of values, steps of pointers, and saving the caller's
    registers.
    """
    graph, partition = case.graph, choice.partition
    registers = Registers(partition.values, case.target.batch)
    code = allocate(plan_order(graph, partition.values, choice.plan, case.how), registers)
    layout = place(code, case.inputs, case.how)
    arithmetic = least_cycles(code, case.target, partition, case.rounding)
    saved = max(0, partition.values + partition.constants - case.target.preserved_floats)
    template = case.target.templates[Operation.SAVE_FLOATS]
    saving = 2 * template.cost(saved) if saved else 0
    steps = layout.transfers - layout.batches  # of a pointer, from one run of words to the next
    cycles = float(arithmetic) + code.moves + layout.transfers + steps + saving
    return code.moves > graph.move_bound, float(code.moves) if case.by_moves else cycles
