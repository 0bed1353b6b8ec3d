"""Proves code right for all inputs, by running it on names instead of numbers.

Registers and cells hold what they carry: which node, and how many of its connections are summed (all of them and
finished, or not). If each instruction finds what its connection asks for, in the order declared, and each output cell,
or the register that keeps the output, ends holding its node, the code computes the order. Nothing here is shared with
the allocator.
"""

from typing import TypeAlias

import numpy as np

from armlet.errors import InvariantError
from armlet.schedule.code import Code, Op
from armlet.schedule.structure import check_structure, in_execution

Held: TypeAlias = tuple[int, int]  # node, connections summed; FINISHED when its activation is applied

FINISHED = -1


def check_code(code: Code) -> None:
    """Raise `InvariantError` unless `code` computes its order with its registers."""
    _Replay(code).run()


class _Replay:
    """The state of the named machine. Discarded when done."""

    def __init__(self, code: Code) -> None:
        self.code, self.graph = code, code.order.graph
        self.register: dict[int, Held] = {}
        self.cell: dict[int, Held] = {i: (i, FINISHED) for i in range(self.graph.inputs)}
        self.keeper: dict[int, int] = {}  # by the cell of an output: the register that keeps it
        self.queue = _connections_by_target(code)
        self.fan_in = np.bincount(self.graph.target, minlength=self.graph.nodes).tolist()

    def run(self) -> None:
        check_structure(self.code.structure, len(self.code.instructions), frozenset())
        rows = self.code.instructions.tolist()
        for at in (row for row in in_execution(self.code.structure) if isinstance(row, int)):
            op, a, x, what = rows[at]
            try:
                if not 0 <= a < self.code.registers:
                    raise InvariantError(f"only {self.code.registers} registers exist")
                self._step(op, a, x, what)
            except (InvariantError, KeyError, IndexError) as wrong:
                raise InvariantError(f"code: instruction {at} ({Op(op).name} r{a} x{x} {what}): {wrong}") from wrong
        for j, node in enumerate(self.graph.outputs.tolist()):
            if self._left(self.graph.nodes + j) != (node, FINISHED):
                raise InvariantError(f"code: output {j} does not end in its cell or register")

    def _left(self, cell: int) -> Held | None:
        """What an output ends as."""
        return self.register.get(self.keeper[cell]) if cell in self.keeper else self.cell.get(cell)

    def _step(self, op: int, a: int, x: int, what: int) -> None:
        match op:
            case Op.LOAD:
                self.register[a] = self.cell[what]
            case Op.STORE:
                _require(what >= self.graph.inputs, "an input's cell is the caller's")
                self.cell[what] = self.register[a]
            case Op.KEEP:
                _require(what >= self.graph.nodes and a not in self.keeper.values(), f"r{a} keeps another output")
                self.register[a], self.keeper[what] = self.register[x], a
            case Op.INIT | Op.ACCUMULATE:
                self._connect(op, a, x, what)
            case Op.ACTIVATE:
                node, summed = self.register[a]
                _require(node == what and summed == self.fan_in[node], f"r{a} holds %{node} after {summed}")
                self.register[a] = (node, FINISHED)
            case Op.BIAS:
                _require(self.fan_in[what] == 0 and what >= self.graph.inputs, f"%{what} is not constant")
                self.register[a] = (what, 0)
            case _:
                raise InvariantError("unknown operation")

    def _connect(self, op: int, a: int, x: int, what: int) -> None:
        source, target = int(self.graph.source[what]), int(self.graph.target[what])
        _require(self.register[x] == (source, FINISHED), f"x{x} does not hold %{source}")
        summed = 0
        if op == Op.ACCUMULATE:
            node, summed = self.register[a]
            _require(node == target and summed > 0, f"r{a} holds %{node} after {summed}")
        _require(self.queue[target][summed] == what, "out of the declared order")
        self.register[a] = (target, summed + 1)


def _connections_by_target(code: Code) -> dict[int, list[int]]:
    queue: dict[int, list[int]] = {}
    targets = code.order.graph.target
    for connection in code.order.connections.tolist():
        queue.setdefault(int(targets[connection]), []).append(connection)
    return queue


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise InvariantError(otherwise)
