"""Activation programs to operations: where their steps keep values, worked out once for each activation.

Float register 0 is the accumulator itself, the others are temporaries that constants leave free; bits are worked on in
general-purpose registers. A value moves between the two kinds when a step wants it in the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

from armlet.arithmetic.activation_program import (
    ACTIVATION_PROGRAMS,
    CONSTANT,
    FLOATING,
    NOTHING,
    SLOPE,
    ActivationProgram,
    Does,
    Step,
    X,
)
from armlet.errors import CapacityError
from armlet.graph.graph import ACTIVATIONS, Graph
from armlet.isa.operation import Operation
from armlet.isa.target import RegisterPartition
from armlet.network.activation import Activation

FROM_POOL = -1  # an operand that comes out of the constant pool
_OPERATIONS = {
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
class MicroOperation:
    """One operation. Float registers are temporaries, 0 the accumulator; core registers are the first scratch ones."""

    op: Operation
    d: int = 0
    a: int = 0
    b: int = 0
    core: int = 0
    other: int = 0
    addend: int = 0


@dataclass(frozen=True, slots=True)
class PseudoInstruction:
    """A pseudo-instruction: operations of which one takes a constant, or none does."""

    operations: tuple[MicroOperation, ...]
    takes_constant: bool = False
    constant: float | None = None  # where one is taken; none: the slope of leaky_relu


@dataclass(frozen=True, slots=True)
class Lowered:
    """The operations of an activation, and what they take beside the accumulator."""

    parts: tuple[PseudoInstruction, ...]
    floats: int  # float registers
    in_core: tuple[MicroOperation, ...]  # between TO_GPR and FROM_GPR, where one core register is all that it takes


@dataclass(slots=True)
class _Registers:
    """Which value each register of one kind holds, and where each value is."""

    of: dict[int, int] = field(default_factory=dict)  # by value
    most: int = 0

    def take(self, value: int) -> int:
        register = next(k for k in range(len(self.of) + 1) if k not in self.of.values())
        self.of[value] = register
        self.most = max(self.most, register + 1)
        return register


@cache
def lower(kind: Activation) -> Lowered:
    """The operations of an activation."""
    steps = ACTIVATION_PROGRAMS[kind].steps
    floats, cores = _Registers({X: 0}, 1), _Registers()
    operations: list[MicroOperation] = []
    constants: list[float | None] = []
    for number, step in enumerate(steps, 1):
        operations += _brought(step, floats, cores)
        mine = floats if step.does in FLOATING else cores
        a, b = mine.of.get(step.a, 0), FROM_POOL if step.b in (CONSTANT, SLOPE) else mine.of.get(step.b, 0)
        if b == FROM_POOL:
            constants.append(step.constant if step.b == CONSTANT else None)
        _release(ACTIVATION_PROGRAMS[kind], number, step, floats, cores)
        operations.append(_operation(step, _place(step, number, a, mine), a, b))
    if steps and len(steps) not in floats.of:
        operations.append(MicroOperation(Operation.FROM_GPR, d=0, core=cores.of[len(steps)]))
    assert floats.of.get(len(steps), 0) == 0, "the result ends in the accumulator"
    alone = cores.most == 1 and floats.most == 1 and len(operations) > 2
    return Lowered(_parts(operations, constants), floats.most - 1, _in_core(operations) if alone else ())


def _brought(step: Step, floats: _Registers, cores: _Registers) -> Iterator[MicroOperation]:
    """Operands that a step wants in registers of the other kind."""
    for value in (step.a, step.b):
        if value >= 0 and step.does in FLOATING and value not in floats.of:
            yield MicroOperation(Operation.FROM_GPR, d=floats.take(value), core=cores.of[value])
        elif value >= 0 and step.does not in FLOATING and value not in cores.of:
            yield MicroOperation(Operation.TO_GPR, core=cores.take(value), a=floats.of[value])


def _parts(operations: list[MicroOperation], constants: list[float | None]) -> tuple[PseudoInstruction, ...]:
    """The operations cut before each that takes a constant, but for the first of these."""
    takes = [at for at, operation in enumerate(operations) if operation.b == FROM_POOL]
    if not takes:
        return (PseudoInstruction(tuple(operations)),)
    ends = [0, *takes[1:], len(operations)]
    return tuple(
        PseudoInstruction(tuple(operations[i:j]), True, constant) for (i, j), constant in zip(pairwise(ends), constants)
    )


def _in_core(operations: list[MicroOperation]) -> tuple[MicroOperation, ...]:
    """What is done between bringing a value into a core register and bringing it back."""
    assert (operations[0].op, operations[-1].op) == (Operation.TO_GPR, Operation.FROM_GPR), "there and back"
    return tuple(operations[1:-1])


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


def _operation(step: Step, d: int, a: int, b: int) -> MicroOperation:
    op = _OPERATIONS[step.does]
    if step.does in FLOATING:
        return MicroOperation(op, d=d, a=a, b=b)
    if step.does is Does.SIGNED:  # in place of its first operand
        return MicroOperation(op, core=d, other=b)
    return MicroOperation(op, core=d, other=a if step.does is Does.MAGNITUDE else 0, addend=step.bits)


def _place(step: Step, number: int, a: int, mine: _Registers) -> int:
    """Where a step leaves its value: bits mostly in place of what they were made of."""
    if step.does in FLOATING or step.does is Does.MAGNITUDE:
        return mine.take(number)
    for value in [value for value, register in mine.of.items() if register == a]:
        del mine.of[value]
    mine.of[number] = a
    return a


def _release(program: ActivationProgram, number: int, step: Step, *registers: _Registers) -> None:
    """Values that no later step reads give up their registers."""
    later = {value for step in program.steps[number:] for value in (step.a, step.b) if value != NOTHING}
    for value in (step.a, step.b):
        if value >= 0 and value not in later:
            for each in registers:
                each.of.pop(value, None)
