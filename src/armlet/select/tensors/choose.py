"""Chooses the bodies of all convolutions: for speed, for size, for both; and the first choice that fits the flash."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from armlet.errors import CapacityError
from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_target import IntegerTarget
from armlet.select.integer.select import Optimize
from armlet.select.tensors.bodies.convolution import Shape
from armlet.select.tensors.program import TensorProgram
from armlet.select.tensors.select import select_tensors
from armlet.select.tensors.shapes import shape_costs
from armlet.select.tradeoff import Mix, from_fastest, mixes_of


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
    mixes = _ordered(mixes_of(shape_costs(network, target), Shape(1, 1)), optimize)
    if budget is None:
        return _selected(network, target, mixes[0])
    least, rest = -1, 0  # bytes of the smallest program that was tried, and those that no body takes
    smallest = min(mixes, key=lambda mix: mix.bytes)
    for mix in mixes:
        if least >= 0 and mix is not smallest and rest + mix.bytes > budget.flash:
            continue
        selection = _selected(network, target, mix)
        needed = budget.needs(selection.program)
        if needed <= budget.flash:
            return selection
        rest, least = needed - mix.bytes, min(needed, least) if least >= 0 else needed
    told = f"needs {least} bytes of flash, {budget.flash} are given"
    raise CapacityError(f"{budget.name} {told}: {least - budget.flash} too many in its smallest form")


def _selected(network: IntegerNetwork, target: IntegerTarget, mix: Mix[Shape]) -> TensorSelection:
    return TensorSelection(select_tensors(network, target, mix.shapes), mix.shapes)


def _ordered(mixes: Sequence[Mix[Shape]], optimize: Optimize) -> list[Mix[Shape]]:
    """The best first; they come from the fastest to the smallest."""
    match optimize:
        case Optimize.SPEED:
            return from_fastest(mixes)
        case Optimize.SIZE:
            return [*reversed(mixes)]
        case Optimize.BALANCED:
            return sorted(mixes, key=lambda mix: mix.cycles * mix.bytes)
