"""Code and layout to a program: choose an operation for each instruction.

Constants come out of the pool in the order of their use, several in one transfer, into registers of their own; the
product takes the place of its weight. A weight of one or minus one needs no constant: it is an addition or subtraction.
A ReLU value that goes to memory is clamped on its way through a core register, by its sign bit and without a branch.
"""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from armlet.emit.address import Block, Fields
from armlet.emit.program import LINE, POINTERS, Program
from armlet.emit.rename import end_of_batch, rename_batches
from armlet.graph.graph import ACTIVATIONS, Index
from armlet.layout.layout import Layout
from armlet.network.arithmetic import MultiplyAdd
from armlet.network.network import Activation
from armlet.schedule.code import Code
from armlet.schedule.code import Op as Step
from armlet.target.spec import Op, Split, Target

_FIELDS = LINE.names or ()
_RELU = ACTIVATIONS.index(Activation.RELU)


def select(code: Code, layout: Layout, target: Target, split: Split, how: MultiplyAdd) -> Program:
    """Walk `code` once, in order."""
    selector = _Selector(code, layout, target, split, how)
    selector.run()
    rows = [tuple(line.get(name, 0) for name in _FIELDS) for line in selector.lines]
    return Program(target, code, layout, how, split, np.array(rows, LINE), np.array(selector.constants, np.float32))


class _Selector:
    """One pass over the code. Discarded when done."""

    def __init__(self, code: Code, layout: Layout, target: Target, split: Split, how: MultiplyAdd) -> None:
        self.graph, self.target, self.how, self.layout = code.order.graph, target, how, layout
        self.rows = rename_batches(code, layout)
        self.clamped_later = _clamped_in_core(self.rows, self.graph.activation)
        self.inputs = Block.of(target, "inputs", "inputs_walk")
        self.work = Block.of(target, "work", "work_walk")
        self.lines: list[Fields] = []
        self.constants: list[float] = []
        self.split = split
        self.group: Fields = {}  # the STREAM line that constants are being added to
        self.used = split.constants  # registers of the group that are taken

    def run(self) -> None:
        at = 0
        while at < len(self.rows):
            op, a, x, what = self.rows[at].tolist()
            match op:
                case Step.LOAD | Step.STORE:
                    end = end_of_batch(self.rows, at, self.graph.inputs)
                    (self._load if op == Step.LOAD else self._store)(at, end)
                    at = end
                    continue
                case Step.FIRST:
                    self._first(a, x, what)
                case Step.NEXT:
                    self._next(a, x, what)
                case Step.CONSTANT:
                    self._line(Op.COPY, what, d=a, a=self._stream(float(self.graph.bias[what]))[0])
                case Step.FINISH if self.graph.activation[what] == _RELU and not self.clamped_later[at]:
                    self._line(Op.TO_CORE, what, d=0, a=a)
                    self._line(Op.CLAMP, what, d=0)
                    self._line(Op.FROM_CORE, what, d=a, a=0)
                case _:
                    pass
            at += 1

    def _line(self, op: Op, what: int, **fields: int) -> None:
        self.lines.append({"op": op, "what": what, **fields})

    def _extend(self, lines: Iterable[Fields], what: int) -> None:
        self.lines.extend({"what": what, **line} for line in lines)

    def _load(self, at: int, end: int) -> None:
        block = self.inputs if self.rows[at, 3] < self.graph.inputs else self.work
        batch = self.rows[at:end]
        words = self.layout.words[batch[:, 3]]
        for begin, stop in _runs(np.diff(words) == 1, np.diff(batch[:, 1]) == 1):
            self._extend(block.load(int(batch[begin, 1]), int(words[begin]), stop - begin), int(batch[begin, 3]))

    def _store(self, at: int, end: int) -> None:
        chosen = at + np.argsort(self.layout.words[self.rows[at:end, 3]], kind="stable")
        register, cell, clamp = self.rows[chosen, 1], self.rows[chosen, 3], self.clamped_later[chosen]
        words = self.layout.words[cell]
        side_by_side = (np.diff(register) == 1) | (clamp[1:] & clamp[:-1])
        for begin, stop in _runs(np.diff(words) == 1, side_by_side, clamp[1:] == clamp[:-1]):
            if clamp[begin]:
                self._store_clamped(register[begin:stop].tolist(), int(words[begin]), int(cell[begin]))
            else:
                self._extend(self.work.store(int(register[begin]), int(words[begin]), stop - begin), int(cell[begin]))

    def _store_clamped(self, registers: list[int], word: int, what: int) -> None:
        most = len(self.target.roles.scratch)
        for begin in range(0, len(registers), most):
            chunk = registers[begin : begin + most]
            for k, register in enumerate(chunk):
                self._line(Op.TO_CORE, what, d=k, a=register)
                self._line(Op.CLAMP, what, d=k)
            self._extend(self.work.store_core(0, word + begin, len(chunk)), what)

    def _first(self, a: int, x: int, what: int) -> None:
        """Accumulator a := bias + weight * x, or weight * x where the bias is zero."""
        bias, weight = float(self.graph.bias[self.graph.target[what]]), float(self.graph.weight[what])
        unit = abs(weight) == 1
        if bias == 0:
            if unit:
                self._line(Op.COPY if weight > 0 else Op.NEGATE, what, d=a, a=x)
            else:
                self._line(Op.MULTIPLY, what, d=a, a=self._stream(weight)[0], b=x)
        elif unit:
            self._line(Op.ADD if weight > 0 else Op.SUBTRACT, what, d=a, a=self._stream(bias)[0], b=x)
        elif self.how is MultiplyAdd.FUSED:
            start, factor = self._stream(bias, weight)
            self._line(Op.COPY, what, d=a, a=start)
            self._line(Op.FUSED, what, d=a, a=factor, b=x)
        else:
            start, factor = self._stream(bias, weight)
            self._line(Op.MULTIPLY, what, d=factor, a=factor, b=x)
            self._line(Op.ADD, what, d=a, a=start, b=factor)

    def _next(self, a: int, x: int, what: int) -> None:
        """Accumulator a := a + weight * x."""
        weight = float(self.graph.weight[what])
        if abs(weight) == 1:
            self._line(Op.ADD if weight > 0 else Op.SUBTRACT, what, d=a, a=a, b=x)
            return
        factor = self._stream(weight)[0]
        if self.how is MultiplyAdd.FUSED:
            self._line(Op.FUSED, what, d=a, a=factor, b=x)
        else:
            self._line(Op.MULTIPLY, what, d=factor, a=factor, b=x)
            self._line(Op.ADD, what, d=a, a=a, b=factor)

    def _stream(self, *constants: float) -> list[int]:
        """The registers into which the next constants of the pool come; a new group opens where this one is full."""
        if self.used + len(constants) > self.split.constants:
            self.group = {"op": Op.STREAM, "d": self.split.values, "base": _POOL}
            self.lines.append(self.group)
            self.used = 0
        registers = [self.split.values + self.used + k for k in range(len(constants))]
        self.constants.extend(constants)
        self.used += len(constants)
        self.group["n"] = self.used
        return registers


_POOL = POINTERS.index("pool")


def _runs(*joined: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Begin and end of each stretch whose neighbours all are joined."""
    cuts = np.flatnonzero(~np.logical_and.reduce(joined)) + 1
    ends = [0, *cuts.tolist(), len(joined[0]) + 1]
    return list(pairwise(ends))


def _clamped_in_core(rows: Index, activation: Index) -> NDArray[np.bool_]:
    """Marks each FINISH of a ReLU whose value is only stored from there on, and those stores: they clamp it instead."""
    marked = np.zeros(len(rows), np.bool_)
    only_stored: dict[int, bool] = {}
    for at in range(len(rows) - 1, -1, -1):
        op, a, x, what = rows[at].tolist()
        if op in (Step.LOAD, Step.FIRST, Step.CONSTANT):
            only_stored[a] = True
        elif op == Step.FINISH:
            marked[at] = activation[what] == _RELU and only_stored.get(a, True)
        if op in (Step.NEXT, Step.FINISH):
            only_stored[a] = False
        if x >= 0:
            only_stored[x] = False
    pending: dict[int, bool] = {}
    for at, (op, a, _, _) in enumerate(rows.tolist()):
        if op == Step.STORE:
            marked[at] = pending.get(a, False)
        else:
            pending[a] = op == Step.FINISH and bool(marked[at])
    return marked
