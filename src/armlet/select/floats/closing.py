"""From sums to stored values: the activation of each, and its store."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from armlet.isa.integer_operation import IntegerOperation
from armlet.isa.operation import Operation
from armlet.network.activation import Activation
from armlet.select.floats.frame import RESULT, VALUES
from armlet.select.floats.lines import Line, Machine, core_line, float_line
from armlet.select.lowering import FROM_POOL, Lowered, MicroOperation, lower

_REACH = 4092  # ARM DDI 0403, A7.7.161: STR T3 holds 12 bits; whole words


@dataclass(frozen=True, slots=True)
class Closing:
    """An activation with the registers that it has beside those of the sums."""

    activation: Activation
    slope: float

    @property
    def constants(self) -> tuple[int, ...]:
        """The words that it takes, each once."""
        parts = lower(self.activation).parts
        found = [self._word(part.constant) for part in parts if part.takes_constant]
        return tuple(dict.fromkeys(found))

    @property
    def registers(self) -> int:
        """Float registers that it takes."""
        return len(self.constants) + lower(self.activation).floats

    def _word(self, constant: float | None) -> int:
        return int(np.float32(self.slope if constant is None else constant).view(np.uint32))

    def lines(
        self, machine: Machine, stored: Sequence[tuple[int, int]], held: Mapping[int, int], free: Sequence[int]
    ) -> Iterator[Line]:
        """Finish and store sums: their registers, and where each goes from the pointer to results.

        `held` are the registers of the constants, `free` other float registers.
        """
        lowered, turn, at = lower(self.activation), 0, 0
        for register, offset in stored:
            yield from self._finished(machine, lowered, register, held, free, VALUES[turn])
            base = RESULT
            if offset - at > _REACH:
                yield from _moved(machine, offset - at)
                at = offset
            yield float_line(machine.floats, Operation.GPR_STORE, core=VALUES[turn], base=base, offset=offset - at)
            turn = (turn + 1) % len(VALUES)
        if at:
            yield from _moved(machine, -at)

    def _finished(
        self,
        machine: Machine,
        lowered: Lowered,
        register: int,
        held: Mapping[int, int],
        free: Sequence[int],
        core: int,
    ) -> Iterator[Line]:
        """The activated value of a float register in a core register."""
        if lowered.in_core or not any(part.operations for part in lowered.parts):
            yield float_line(machine.floats, Operation.TO_GPR, core=core, a=register)
            for operation in lowered.in_core:
                yield _line(machine, operation, {}, (core,))
            return
        places = {0: register, **{k + 1: each for k, each in enumerate(free[: lowered.floats])}}
        for part in lowered.parts:
            constant = held.get(self._word(part.constant), 0) if part.takes_constant else 0
            for operation in part.operations:
                yield _line(machine, operation, {**places, FROM_POOL: constant}, VALUES)
        yield float_line(machine.floats, Operation.TO_GPR, core=core, a=register)


def _moved(machine: Machine, by: int) -> Iterator[Line]:
    op = IntegerOperation.ADD_NUMBER if by > 0 else IntegerOperation.SUBTRACT_NUMBER
    left = abs(by)
    while left:
        step = min(left, _REACH)
        yield core_line(machine.cores, op, d=RESULT, a=RESULT, number=step)
        left -= step


def _line(machine: Machine, operation: MicroOperation, floats: Mapping[int, int], cores: Sequence[int]) -> Line:
    names = operation.op.operands.names
    placed: dict[str, int] = {name: floats[getattr(operation, name)] for name in names & {"d", "a", "b"}}
    placed |= {name: cores[getattr(operation, name)] for name in names & {"core", "other"}}
    placed |= {"addend": operation.addend} if "addend" in names else {}
    return float_line(machine.floats, operation.op, **placed)
