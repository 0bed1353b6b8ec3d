"""Tunes what no stage can decide alone: the partition of the float registers, and the plan of the order.

More registers for constants make each load from the pool longer; more registers for values keep more of them out of
memory; few registers in all leave those that belong to the caller alone. Each choice is priced by a run of order,
registers and layout without annealing; one thing is settled after another. Plans whose activation moves reach their
bound go before others; among equals the objective decides.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import TypeAlias

from armlet.anneal.engine import Annealing
from armlet.build.prologue import entry_cycles
from armlet.graph.graph import Graph
from armlet.isa.operation import Operation
from armlet.isa.target import RegisterPartition, Target
from armlet.layout.layout import Layout
from armlet.layout.place import InputLayout, place
from armlet.schedule.allocate import Registers, allocate
from armlet.schedule.code import Code
from armlet.schedule.layers import layers_of
from armlet.schedule.plan import OrderPlan, can_fuse, plan_order
from armlet.select.multiply_adds import least_cycles
from armlet.select.program import Program
from armlet.select.scheduling import schedule_instructions
from armlet.select.select import selections

LARGEST = 50_000  # connections; beyond, pricing would take longer than it saves, and the usual choice stands
SOURCE_REGISTERS = (4, 1, 2, 3, 6, 8)  # registers left to sources, the usual number first

Price: TypeAlias = tuple[bool, float]


def cheapest_program(code: Code, layout: Layout, target: Target, partition: RegisterPartition) -> Program:
    """The program of the fewest cycles over all ways to materialise the constants of `code`, instructions scheduled."""
    programs = [schedule_instructions(program) for program in selections(code, layout, target, partition)]
    return min(programs, key=program_price)


def program_price(program: Program) -> tuple[int, int]:
    """Cycles of a call, and then bytes, of a program whose instructions are scheduled; neither knows the name."""
    cycles, _ = entry_cycles(program, "")
    return cycles, program.line_bytes + program.word * len(program.constants)


@dataclass(frozen=True, slots=True)
class Choice:
    """How the registers are shared out, and how the order is planned."""

    partition: RegisterPartition
    plan: OrderPlan


@dataclass(frozen=True, slots=True)
class _Case:
    graph: Graph
    target: Target
    inputs: InputLayout
    how: Annealing
    by_moves: bool
    returned: int


def tune(
    graph: Graph,
    target: Target,
    partitions: tuple[RegisterPartition, ...],
    source_registers: tuple[int, ...],
    inputs: InputLayout,
    how: Annealing,
    by_moves: bool = False,
    returned: int = 0,
) -> Choice:
    """The choice whose moves reach their bound, if any does, of the least cycles or moves; the earlier of equals."""
    usual = Choice(partitions[0], OrderPlan(_fitting(source_registers, partitions[0])[0]))
    if graph.connections > LARGEST:
        return usual
    case = _Case(graph, target, inputs, replace(how, moves=0), by_moves, returned)

    @cache
    def price(choice: Choice) -> Price:
        return _price(case, choice)

    others = (Choice(each, OrderPlan(_fitting(source_registers, each)[0])) for each in partitions[1:])
    best = min([usual, *others], key=price)
    counts = _fitting(source_registers, best.partition)
    best = min([best, *(Choice(best.partition, OrderPlan(count)) for count in counts[1:])], key=price)
    for at in range(len(layers_of(graph)) - 1):
        best = min([best, *_fused(case, best, at)], key=price)
    return best


def _fitting(source_registers: tuple[int, ...], partition: RegisterPartition) -> tuple[int, ...]:
    """Those that leave an accumulator; one, where none does."""
    return tuple(count for count in source_registers if count < partition.values) or (1,)


def _fused(case: _Case, best: Choice, at: int) -> list[Choice]:
    """The best choice with layer `at` fused with the next one, where that can be."""
    layers, plan = layers_of(case.graph), best.plan
    if at - 1 in plan.fused or not can_fuse(layers, at, best.partition.values, plan.source_registers):
        return []
    return [replace(best, plan=replace(plan, fused=plan.fused | {at}))]


def _price(case: _Case, choice: Choice) -> Price:
    """Whether the moves miss their bound, and the cycles that depend on the choice.

    These are multiply-adds with their constants, transfers of values, steps of pointers, and saving the caller's
    registers.
    """
    graph, partition = case.graph, choice.partition
    registers = Registers(partition.values, case.target.batch, case.returned)
    code = allocate(plan_order(graph, partition.values, choice.plan, case.how), registers)
    layout = place(code, case.inputs, case.how)
    arithmetic = least_cycles(code, case.target, partition)
    saved = max(0, partition.values + partition.constants - case.target.preserved_floats)
    template = case.target.templates[Operation.SAVE_FLOATS]
    saving = 2 * template.cost(saved) if saved else 0
    steps = layout.transfers - layout.batches  # of a pointer, from one run of words to the next
    cycles = float(arithmetic) + code.moves + layout.transfers + steps + saving
    return code.moves + len(code.kept) > graph.move_bound, float(code.moves) if case.by_moves else cycles
