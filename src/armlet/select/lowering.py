"""Recipes to lines: where the steps of an activation keep their values, worked out once for each activation.

A recipe works in homes: float register 0 of them is the accumulator itself, the others are registers that constants
leave free; bits are worked on in core registers. A value moves between the two when a step wants it in the other.
"""

from dataclasses import dataclass, field
from functools import cache

from armlet.arithmetic.activation_program import FLOATING, NOTHING, RECIPES, SLOPE, Does, Recipe, Step, X
from armlet.errors import CapacityError
from armlet.graph.graph import ACTIVATIONS, Graph
from armlet.isa.target import Operation, RegisterPartition
from armlet.network.activation import Activation

CONSTANT = -1  # an operand that comes out of the pool
_OPS = {
    Does.MULTIPLY: Operation.MULTIPLY,
    Does.ADD: Operation.ADD,
    Does.SUBTRACT: Operation.SUBTRACT,
    Does.DIVIDE: Operation.DIVIDE,
    Does.POSITIVE: Operation.CLAMP,
    Does.NEGATIVE: Operation.CLAMP_ABOVE,
    Does.MAGNITUDE: Operation.MAGNITUDE,
    Does.UP: Operation.BITS_UP,
    Does.DOWN: Operation.BITS_DOWN,
    Does.SIGNED: Operation.SIGNED,
}


@dataclass(frozen=True, slots=True)
class Move:
    """One line: d, a, b are homes, of floats or of bits as the operation wants them."""

    op: Operation
    d: int
    a: int = 0
    b: int = 0
    bits: int = 0
    constant: float | None = None  # what b is, where it is CONSTANT; none: the slope of leaky_relu


@dataclass(frozen=True, slots=True)
class Lowered:
    """The lines of a recipe, and what they take beside the accumulator."""

    moves: tuple[Move, ...]
    floats: int  # float registers
    constants: int  # that come out of the pool
    in_core: bool  # one core register is all that it takes, and the result is there before its last line


@dataclass(slots=True)
class _Homes:
    """Which value each home holds, and where each value is."""

    of: dict[int, int] = field(default_factory=dict)  # by value
    most: int = 0

    def take(self, value: int) -> int:
        home = next(k for k in range(len(self.of) + 1) if k not in self.of.values())
        self.of[value] = home
        self.most = max(self.most, home + 1)
        return home


@cache
def lower(kind: Activation) -> Lowered:
    """The lines of an activation."""
    recipe = RECIPES[kind]
    floats, cores = _Homes({X: 0}, 1), _Homes()
    moves: list[Move] = []
    for number, step in enumerate(recipe.steps, 1):
        operands = [value for value in (step.a, step.b) if value >= 0]
        for value in operands:
            if step.does in FLOATING and value not in floats.of:
                moves.append(Move(Operation.FROM_GPR, floats.take(value), cores.of[value]))
            elif step.does not in FLOATING and value not in cores.of:
                moves.append(Move(Operation.TO_GPR, cores.take(value), floats.of[value]))
        homes = floats if step.does in FLOATING else cores
        where = [homes.of.get(step.a, 0), CONSTANT if step.b in (-1, SLOPE) else homes.of.get(step.b, 0)]
        _release(recipe, number, operands, floats, cores)
        moves.append(_line(step, _place(step, number, where[0], homes), where))
    if recipe.steps and len(recipe.steps) not in floats.of:
        moves.append(Move(Operation.FROM_GPR, 0, cores.of[len(recipe.steps)]))
    assert floats.of.get(len(recipe.steps), 0) == 0, "the result ends in the accumulator"
    constants = sum(move.b == CONSTANT for move in moves)
    return Lowered(tuple(moves), floats.most - 1, constants, cores.most == 1 and floats.most == 1 and len(moves) > 2)


def temporaries(graph: Graph) -> int:
    """Float registers that the activations of a graph take beside those of values and of constants on their way."""
    return max((lower(ACTIVATIONS[code]).floats for code in set(graph.activation.tolist())), default=0)


def partitions_with_room(partitions: tuple[RegisterPartition, ...], graph: Graph) -> tuple[RegisterPartition, ...]:
    """The partitions that leave two constants at a time beside what the activations take. Raises `CapacityError`."""
    taken = temporaries(graph)
    kept = tuple(partition for partition in partitions if partition.constants - taken >= 2)
    if not kept:
        most = max(partition.values + partition.constants for partition in partitions) - taken - 2
        raise CapacityError(f"the activations take {taken} registers, so that {most} are left for values")
    return kept


def _line(step: Step, d: int, where: list[int]) -> Move:
    constant = step.constant if step.b == -1 else None
    if step.does is Does.SIGNED:  # in place of its first operand
        return Move(Operation.SIGNED, d, where[1])
    return Move(_OPS[step.does], d, where[0], where[1], step.bits, constant)


def _place(step: Step, number: int, a: int, homes: _Homes) -> int:
    """Where a step leaves its value: bits mostly in place of what they were made of."""
    if step.does in FLOATING or step.does is Does.MAGNITUDE:
        return homes.take(number)
    for value in [value for value, home in homes.of.items() if home == a]:
        del homes.of[value]
    homes.of[number] = a
    return a


def _release(recipe: Recipe, number: int, operands: list[int], *homes: _Homes) -> None:
    """Values that no later step reads give up their homes."""
    later = {value for step in recipe.steps[number:] for value in (step.a, step.b) if value != NOTHING}
    for value in operands:
        if value not in later:
            for each in homes:
                each.of.pop(value, None)
