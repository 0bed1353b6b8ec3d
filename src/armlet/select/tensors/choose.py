"""Chooses the bodies of all convolutions: for speed, for size, for both; and the first choice that fits the flash."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from armlet.errors import CapacityError
from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_target import IntegerTarget
from armlet.select.integer.select import Optimize
from armlet.select.tensors.bodies.convolution import Shape
from armlet.select.tensors.program import TensorProgram
from armlet.select.tensors.select import select_tensors
from armlet.select.tensors.shapes import ShapeCost, mixes_of, shape_costs


@dataclass(frozen=True, slots=True)
class TensorBudget:
    """Bytes of flash that a program may take."""

    name: str  # of the program
    flash: int
    needs: Callable[[TensorProgram], int]  # bytes that a program takes in all


@dataclass(frozen=True, slots=True, eq=False)
class TensorSelection:
    """A program, and the shape of the bodies of each layer."""

    program: TensorProgram
    shapes: tuple[Shape, ...]


def choose_tensors(
    network: IntegerNetwork, target: IntegerTarget, optimize: Optimize, budget: TensorBudget | None
) -> TensorSelection:
    """The best program within the budget.

    Raises `CapacityError` for what cannot be written, and with both numbers where no choice fits.
    """
    costs = shape_costs(network, target)
    mixes = _ordered([*mixes_of(costs)], costs, optimize)
    if budget is None:
        return TensorSelection(select_tensors(network, target, mixes[0]), mixes[0])
    least, rest = -1, 0  # bytes of the smallest program that was tried, and those that no body takes
    smallest = min(mixes, key=lambda mix: _total(costs, mix)[1])
    for shapes in mixes:
        if least >= 0 and shapes is not smallest and rest + _total(costs, shapes)[1] > budget.flash:
            continue
        program = select_tensors(network, target, shapes)
        needed = budget.needs(program)
        if needed <= budget.flash:
            return TensorSelection(program, shapes)
        rest, least = needed - _total(costs, shapes)[1], min(needed, least) if least >= 0 else needed
    told = f"needs {least} bytes of flash, {budget.flash} are given"
    raise CapacityError(f"{budget.name} {told}: {least - budget.flash} too many in its smallest form")


def _ordered(
    mixes: Sequence[tuple[Shape, ...]], costs: Sequence[Sequence[ShapeCost]], optimize: Optimize
) -> list[tuple[Shape, ...]]:
    """The best first; they come from the fastest to the smallest."""
    match optimize:
        case Optimize.SPEED:
            return [*mixes]
        case Optimize.SIZE:
            return [*reversed(mixes)]
        case Optimize.BALANCED:
            return sorted(mixes, key=lambda mix: _total(costs, mix)[0] * _total(costs, mix)[1])


def _total(costs: Sequence[Sequence[ShapeCost]], shapes: tuple[Shape, ...]) -> tuple[int, int]:
    """Cycles and bytes of all bodies."""
    chosen = [_by_shape(some)[shape] for some, shape in zip(costs, shapes) if some]
    return sum(each.cycles for each in chosen), sum(each.bytes for each in chosen)


def _by_shape(costs: Sequence[ShapeCost]) -> Mapping[Shape, ShapeCost]:
    """The costs of a layer's bodies by their shape."""
    return {each.shape: each for each in costs}
