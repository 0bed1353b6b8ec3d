"""Chooses how much the bodies of each layer do at once: for cycles, and the first choice that fits the flash.

Of every layer some groups of channels are written in bodies of each shape, as a draft whose lines are counted and not
arranged; shapes that seem nearly the fastest are written whole, and their last group, where it has fewer channels, in
bodies of other widths. A step from the fastest shapes of all layers to the smallest is the one that saves most bytes
for a cycle.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.errors import CapacityError
from armlet.network.layers import Weighted
from armlet.network.network import Network
from armlet.network.normalise import fold_into_windows
from armlet.select.floats.body import registers_of
from armlet.select.floats.lines import Machine, Writer
from armlet.select.floats.program import FloatProgram
from armlet.select.floats.select import placed_planes, select_floats, sums_task
from armlet.select.floats.task import Shape, SumsTask, groups_of
from armlet.select.floats.window import write_group
from armlet.select.tradeoff import ShapeCost, from_fastest, front, mixes_of
from armlet.tensors.floats.planes import homes_of
from armlet.tensors.rows import WORD

_ACROSS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12)
_CHANNELS = 24
_SAMPLES = 3  # groups of channels that are counted, or a few more
_NEARLY = 1.04  # of the least cycles: what some groups tell of all is off by less than that
_NONE = Shape(0, 0)  # of a layer without weights


@dataclass(frozen=True, slots=True)
class FloatBudget:
    """Bytes of flash that a program may take."""

    name: str  # of the program
    flash: int
    needs: Callable[[FloatProgram], int]  # bytes that a program takes in all


@dataclass(frozen=True, slots=True, eq=False)
class FloatSelection:
    """A program, and the shape of the bodies of each layer; of none where it has no weights."""

    program: FloatProgram
    shapes: tuple[Shape, ...]


def choose_floats(
    network: Network, machine: Machine, arithmetic: Arithmetic, symbol: str, budget: FloatBudget | None
) -> FloatSelection:
    """The fastest program within the budget. Raises `CapacityError` with both numbers where there is none."""
    mixes, least = from_fastest(mixes_of(_costs(network, machine, arithmetic), _NONE)), -1
    for mix in mixes:
        program = select_floats(network, machine, arithmetic, mix.shapes, symbol)
        needed = 0 if budget is None else budget.needs(program)
        if budget is None or needed <= budget.flash:
            return FloatSelection(program, mix.shapes)
        least = needed if least < 0 else min(least, needed)
    assert budget is not None
    told = f"needs {least} bytes of flash, {budget.flash} are given"
    raise CapacityError(f"{budget.name} {told}: {least - budget.flash} too many in its smallest form")


def _costs(network: Network, machine: Machine, arithmetic: Arithmetic) -> list[tuple[ShapeCost[Shape], ...]]:
    """For each layer the shapes of which none is both smaller and faster than another."""
    homes, (values, _, _) = homes_of(network), placed_planes(network)
    found, layers = list[tuple[ShapeCost[Shape], ...]](), fold_into_windows(network).network.layers
    for i, (layer, sources) in enumerate(zip(layers, network.sources)):
        if isinstance(layer, Weighted):
            task = sums_task(layer, i, values[homes[sources[0]]], values[homes[i + 1]], arithmetic)
            found.append(front(_counted(task, machine)))
        else:
            found.append(())
    return found


def shapes_of(task: SumsTask) -> list[Shape]:
    """Shapes that are no wider than a row, with as many channels as there are registers, or some fewer."""
    found = list[Shape]()
    for across in _widths(task):
        fitting = [
            Shape(across, channels)
            for channels in range(1, min(_CHANNELS, len(task.places)) + 1)
            if registers_of(task, Shape(across, channels))
        ]
        found += fitting[-3:]
    return found


def _widths(task: SumsTask) -> list[int]:
    """Positions in a row that bodies may take."""
    columns = task.positions[1]
    return [k for k in _ACROSS if k <= columns and not (1 < k < 4 <= columns and columns % k)]


def _counted(task: SumsTask, machine: Machine) -> list[ShapeCost[Shape]]:
    """Bodies of all shapes."""
    shapes = shapes_of(task)
    groups = {size: groups_of(task.sums, size) for size in {shape.channels for shape in shapes}}
    found = list[ShapeCost[Shape]]()
    for shape in shapes:
        some = groups[shape.channels]
        found.append(_cost(task, machine, shape, some[:: max(1, len(some) // _SAMPLES)]))
    near = _NEARLY * min(cost.cycles for cost in found)
    for i, cost in enumerate(found[:]):
        if cost.cycles <= near:
            some = groups[cost.shape.channels]
            found[i] = _cost(task, machine, cost.shape, some)
            found += _otherwise(task, machine, found[i], some[-1])
    return found


def _otherwise(
    task: SumsTask, machine: Machine, cost: ShapeCost[Shape], group: Sequence[int]
) -> Iterator[ShapeCost[Shape]]:
    """The same bodies with another one for the last group, where that has fewer channels and there is a faster one."""
    if len(group) == cost.shape.channels:
        return
    tried = [Shape(across, len(group)) for across in _widths(task)]
    found = [_drafted(task, machine, shape, [group]) for shape in tried if registers_of(task, shape)]
    now, best = _drafted(task, machine, cost.shape, [group]), min(found, key=lambda each: each.cycles)
    if best.cycles < now.cycles:
        shape = replace(cost.shape, last=best.shape.across)
        yield ShapeCost(shape, cost.cycles + best.cycles - now.cycles, cost.bytes + best.bytes - now.bytes)


def _cost(task: SumsTask, machine: Machine, shape: Shape, some: Sequence[Sequence[int]]) -> ShapeCost[Shape]:
    """What a layer costs by some of its groups: as its weights, and for each channel one, are to theirs."""
    weights = [len(taps) + 1 for taps in task.sums.taps]
    every, part = sum(weights), sum(weights[j] for group in some for j in group)
    drafted = _drafted(task, machine, shape, some)
    return ShapeCost(shape, drafted.cycles * every // part, drafted.bytes * every // part)


def _drafted(task: SumsTask, machine: Machine, shape: Shape, some: Sequence[Sequence[int]]) -> ShapeCost[Shape]:
    """What some groups cost."""
    writer = Writer(machine, "", is_draft=True)
    for group in some:
        write_group(writer, task, group, shape.of(group))
    cycles = sum(line.cycles * line.runs for line in writer.lines)
    return ShapeCost(shape, cycles, sum(line.size for line in writer.lines) + len(writer.constants) * WORD)
