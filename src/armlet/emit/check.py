"""Prove a program right for all inputs, by running its lines on value numbers.

Two values get the same number when they are built in the same way from the same parts. The order gives each output a
number; the lines, replayed one by one with pointers as plain integers, must leave that number in that output's word.
The forms' text is taken on trust here: the linked bytes are the matter of verify.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from armlet.emit.program import POINTERS, WORD, Line, Program
from armlet.errors import InvariantError
from armlet.graph.graph import ACTIVATIONS
from armlet.network.arithmetic import MultiplyAdd
from armlet.network.recipe import NOTHING, RECIPES, SLOPE, Does
from armlet.target.spec import Op

_Number = int
_OPS = frozenset(int(op) for op in Op)
_READ, _POOL = ("inputs", "inputs_walk"), POINTERS.index("pool")


class _Numbering:
    """Hands out one number for each distinct way of building a value."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], _Number] = {}

    def __call__(self, *key: Any) -> _Number:
        return self._known.setdefault(key, len(self._known))

    def pair(self, kind: str, a: _Number, b: _Number) -> _Number:
        """The number of what is made of two parts in whichever order."""
        return self(kind, a, b) if a < b else self(kind, b, a)


def check_program(program: Program) -> None:
    """Raise `InvariantError` unless the lines of `program` compute its order, within its blocks and registers."""
    number = _Numbering()
    wanted = _order_numbers(program, number)
    machine = _Machine(program, number)
    for at, line in enumerate(map(Line._make, program.lines.tolist())):
        try:
            machine.step(line)
        except (KeyError, IndexError, InvariantError) as wrong:
            what = Op(line.op).name if line.op in _OPS else line.op
            raise InvariantError(f"program: line {at} ({what}): {wrong!r}") from wrong
    graph, words = program.code.order.graph, program.layout.words
    for j, node in enumerate(graph.outputs.tolist()):
        if machine.work.get(int(words[graph.nodes + j])) != wanted[node]:
            raise InvariantError(f"program: output {j} is not what the order asks for")


def _order_numbers(program: Program, number: _Numbering) -> list[_Number]:
    """The number of each node's value, summed in the declared order."""
    graph, fused = program.code.order.graph, program.how is MultiplyAdd.FUSED
    bits = graph.weight.view(np.uint32).tolist()
    bias = graph.bias.view(np.uint32).tolist()
    queue: list[list[int]] = [[] for _ in range(graph.nodes)]
    for connection in program.code.order.connections.tolist():
        queue[graph.target[connection]].append(connection)
    value = [number("input", i) for i in range(graph.inputs)]
    for node in range(graph.inputs, graph.nodes):
        total = number("constant", bias[node])
        for rank, connection in enumerate(queue[node]):
            bare = rank == 0 and graph.bias[node] == 0
            x = value[graph.source[connection]]
            total = _multiply_add(number, None if bare else total, bits[connection], x, fused)
        value.append(_activated(number, int(graph.activation[node]), float(graph.slope[node]), total))
    return value


def _activated(number: _Numbering, code: int, slope: float, total: _Number) -> _Number:
    """The number of what the recipe of an activation makes of a sum."""
    values = [total]
    for step in RECIPES[ACTIVATIONS[code]].steps:
        a = values[step.a]
        constant = slope if step.b == SLOPE else step.constant
        b = values[step.b] if step.b >= 0 else number("constant", int(np.float32(constant).view(np.uint32)))
        if step.does in (Does.MULTIPLY, Does.ADD):
            values.append(number.pair(step.does.name.lower(), a, b))
        else:
            values.append(number(step.does.name.lower(), a, step.bits if step.b == NOTHING else b))
    return values[-1]


_ONE, _MINUS_ONE = 0x3F800000, 0xBF800000


def _multiply_add(number: _Numbering, acc: _Number | None, bits: int, x: _Number, fused: bool) -> _Number:
    """acc + weight * x as the contract rounds it; by a weight of one in size nothing is rounded but the sum."""
    if bits in (_ONE, _MINUS_ONE):
        if acc is None:
            return x if bits == _ONE else number("negate", x)
        return number.pair("add", acc, x) if bits == _ONE else number("subtract", acc, x)
    weight = number("constant", bits)
    if acc is not None and fused:
        return number("fused", acc, *sorted((weight, x)))
    product = number.pair("multiply", weight, x)
    return product if acc is None else number.pair("add", acc, product)


class _Machine:
    """Registers, pointers and blocks that hold value numbers."""

    def __init__(self, program: Program, number: _Numbering) -> None:
        graph, words = program.code.order.graph, program.layout.words
        self.number, self.registers, self.words = number, len(program.target.floats), program.layout.work_words
        self.floats: dict[int, _Number] = {}
        self.scratch: dict[int, _Number] = {}
        self.pointer = {"inputs": 0, "work": 0, "pool": 0}
        self.inputs = {int(words[i]): number("input", i) for i in range(graph.inputs)}
        self.work: dict[int, _Number] = {}
        self.bits = program.constants.view(np.uint32).tolist()

    def step(self, line: Line) -> None:
        op, d, a, b = line.op, line.d, line.a, line.b
        get, number = self.floats.__getitem__, self.number
        match op:
            case Op.MULTIPLY:
                self._set(d, number.pair("multiply", get(a), get(b)))
            case Op.ADD:
                self._set(d, number.pair("add", get(a), get(b)))
            case Op.SUBTRACT:
                self._set(d, number("subtract", get(a), get(b)))
            case Op.FUSED:
                self._set(d, number("fused", get(d), *sorted((get(a), get(b)))))
            case Op.COPY:
                self._set(d, get(a))
            case Op.NEGATE:
                self._set(d, number("negate", get(a)))
            case Op.TO_CORE:
                self.scratch[d] = get(a)
            case Op.CLAMP:
                self.scratch[d] = number("positive", self.scratch[d], 0)
            case Op.CLAMP_ABOVE:
                self.scratch[d] = number("negative", self.scratch[d], 0)
            case Op.MAGNITUDE:
                self.scratch[d] = number("magnitude", self.scratch[a], 0)
            case Op.SIGNED:
                self.scratch[d] = number("signed", self.scratch[d], self.scratch[a])
            case Op.BITS_UP | Op.BITS_DOWN:
                self.scratch[d] = number("up" if op == Op.BITS_UP else "down", self.scratch[d], line.offset)
            case Op.DIVIDE:
                self._set(d, number("divide", get(a), get(b)))
            case Op.FROM_CORE:
                self._set(d, self.scratch[a])
            case Op.STREAM:
                _require(line.base == _POOL, "streams from elsewhere")
                self._walk(line, lambda k, word: self._set(d + k, number("constant", self.bits[word])))
            case _:
                self._move(line)

    def _move(self, line: Line) -> None:
        op, d = line.op, line.d
        match op:
            case Op.LOAD | Op.LOAD_PAIR:
                _require(op == Op.LOAD or d % 2 == 0, "a pair starts at an odd register")
                for k in range(2 if op == Op.LOAD_PAIR else 1):
                    self._set(d + k, self._block(line)[self._at(line) + k])
            case Op.LOAD_LIST:
                block = self._block(line)
                self._walk(line, lambda k, word: self._set(d + k, block[word]))
            case Op.STORE:
                self._write(line, self._at(line), self.floats[d])
            case Op.STORE_LIST:
                self._walk(line, lambda k, word: self._write(line, word, self.floats[d + k]))
            case Op.CORE_STORE:
                self._write(line, self._at(line), self.scratch[d])
            case Op.CORE_STORE_LIST:
                self._walk(line, lambda k, word: self._write(line, word, self.scratch[d + k]))
            case Op.STEP_UP | Op.STEP_DOWN:
                _require(POINTERS[line.base].endswith("_walk"), "steps a pointer that stays")
                self.pointer[POINTERS[line.base]] += line.offset if op == Op.STEP_UP else -line.offset
            case Op.POINT | Op.POINT_FAR:
                to, base = POINTERS[line.pointer], POINTERS[line.base]
                _require(to.endswith("_walk") and (to in _READ) == (base in _READ), f"{to} set from {base}")
                self.pointer[to] = self.pointer[base] + line.offset
            case _:
                raise InvariantError("is no line of a program")

    def _set(self, register: int, value: _Number) -> None:
        if not 0 <= register < self.registers:
            raise InvariantError(f"there is no float register {register}")
        self.floats[register] = value

    def _block(self, line: Line) -> dict[int, _Number]:
        return self.inputs if POINTERS[line.base] in _READ else self.work

    def _at(self, line: Line) -> int:
        word, rest = divmod(self.pointer[POINTERS[line.base]] + line.offset, WORD)
        _require(rest == 0, "an address is not a word's")
        return word

    def _walk(self, line: Line, each: Callable[[int, int], None]) -> None:
        name = POINTERS[line.base]
        _require(name not in ("inputs", "work"), f"{name} moves")
        begin, rest = divmod(self.pointer[name], WORD)
        _require(rest == 0 and line.n > 0, "no list of words")
        for k in range(line.n):
            each(k, begin + k)
        self.pointer[name] += WORD * line.n

    def _write(self, line: Line, word: int, value: _Number) -> None:
        _require(POINTERS[line.base] in ("work", "work_walk"), "writes outside the work block")
        _require(0 <= word < self.words, f"there is no word {word}")
        self.work[word] = value


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise InvariantError(otherwise)
