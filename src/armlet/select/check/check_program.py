"""Prove a program right for all inputs, by running its lines on value numbers.

The order gives each output a number; the lines, replayed one by one with pointers as plain integers, must leave that
number in that output's word, or in the register that keeps it, which must be one that a call may change. The templates'
text is taken on trust here: the linked bytes are the matter of verify.
"""

from collections.abc import Callable, Mapping

import numpy as np

from armlet.arithmetic.arithmetic import finish
from armlet.arithmetic.number_format import patterns
from armlet.errors import InvariantError
from armlet.graph.graph import ACTIVATIONS
from armlet.isa.operation import Operation
from armlet.schedule.structure import check_structure, in_execution
from armlet.select.check.value_numbers import Number, Numbering
from armlet.select.program import POINTERS, Line, Program

_OPS = frozenset(int(op) for op in Operation)
_READ, _POOL = ("inputs", "inputs_cursor"), POINTERS.index("pool")


def check_program(program: Program) -> None:
    """Raise `InvariantError` unless the lines of `program` compute its order, within its blocks and registers."""
    number = Numbering(program.arithmetic.identities)
    wanted = _order_numbers(program, number)
    machine = _Machine(program, number)
    check_structure(program.structure, len(program.lines), frozenset(POINTERS))
    lines = [*map(Line._make, program.lines.tolist())]
    for at in in_execution(program.structure):
        if not isinstance(at, int):
            machine.advance(at)
            continue
        line = lines[at]
        try:
            machine.step(line)
        except (KeyError, IndexError, InvariantError) as wrong:
            what = Operation(line.op).name if line.op in _OPS else line.op
            raise InvariantError(f"program: line {at} ({what}): {wrong!r}") from wrong
    for j, (found, node) in enumerate(zip(_left(program, machine), program.code.order.graph.outputs.tolist())):
        if found != wanted[node]:
            raise InvariantError(f"program: output {j} is not what the order asks for")


def _left(program: Program, machine: "_Machine") -> list[Number | None]:
    """What each output ends as."""
    kept, outputs = program.code.kept.tolist(), len(program.code.order.graph.outputs)
    if kept:
        if len({*kept}) != outputs or max(kept) >= program.target.preserved_floats:
            raise InvariantError("program: an output is kept in no register of its own, or in one of the caller's")
        return [machine.floats.get(register) for register in kept]
    words = program.layout.words[program.code.order.graph.nodes :]
    return [machine.work.get(word) for word in words.tolist()]


def _order_numbers(program: Program, number: Numbering) -> list[Number]:
    """The number of each node's value, summed in the declared order."""
    graph, arithmetic = program.code.order.graph, program.arithmetic
    weight, bias, slope = (
        [number.constant(bits) for bits in patterns(of)] for of in (graph.weight, graph.bias, graph.slope)
    )
    has_bias, kinds = (graph.bias != 0).tolist(), [ACTIVATIONS[code] for code in graph.activation.tolist()]
    queue: list[list[int]] = [[] for _ in range(graph.nodes)]
    for connection in program.code.order.connections.tolist():
        queue[graph.target[connection]].append(connection)
    value = [number("input", i) for i in range(graph.inputs)]
    for node in range(graph.inputs, graph.nodes):
        total = bias[node]
        for rank, connection in enumerate(queue[node]):
            x = value[graph.source[connection]]
            if rank == 0:
                total = arithmetic.begin(number, total if has_bias[node] else None, weight[connection], x)
            else:
                total = arithmetic.accumulate(number, total, weight[connection], x)
        value.append(finish(arithmetic, number, kinds[node], slope[node], total))
    return value


class _Machine:
    """Registers, pointers and blocks that hold value numbers."""

    def __init__(self, program: Program, number: Numbering) -> None:
        graph, words = program.code.order.graph, program.layout.words
        self.number, self.registers, self.words = number, len(program.target.floats), program.layout.work_words
        self.word = program.word
        self.floats: dict[int, Number] = {}
        self.scratch: dict[int, Number] = {}
        self.pointer = {"inputs": 0, "work": 0, "pool": 0}
        self.inputs = {int(words[i]): number("input", i) for i in range(graph.inputs)}
        self.work: dict[int, Number] = {}
        self.bits = patterns(program.constants)
        self.immediates = frozenset(np.array(program.target.immediates, np.float32).view(np.int32).tolist())

    def advance(self, strides: Mapping[str, int]) -> None:
        """Move pointers, as a loop does after each trip."""
        for pointer, stride in strides.items():
            self.pointer[pointer] = self.pointer.get(pointer, 0) + stride

    def step(self, line: Line) -> None:
        op, d, a, b, core = line.op, line.d, line.a, line.b, line.core
        get, number = self.floats.__getitem__, self.number
        match op:
            case Operation.MULTIPLY:
                self._set(d, number.multiply(get(a), get(b)))
            case Operation.ADD:
                self._set(d, number.add(get(a), get(b)))
            case Operation.SUBTRACT:
                self._set(d, number.subtract(get(a), get(b)))
            case Operation.FUSED:
                self._set(d, number.fused(get(d), get(a), get(b)))
            case Operation.COPY:
                self._set(d, get(a))
            case Operation.NEGATE:
                self._set(d, number.negate(get(a)))
            case Operation.IMMEDIATE:
                self._set(d, self._immediate(line.bits))
            case Operation.TO_GPR:
                self.scratch[core] = get(a)
            case Operation.CLAMP:
                self.scratch[core] = number.positive(self.scratch[core])
            case Operation.CLAMP_ABOVE:
                self.scratch[core] = number.negative(self.scratch[core])
            case Operation.MAGNITUDE:
                self.scratch[core] = number.magnitude(self.scratch[line.other])
            case Operation.SIGNED:
                self.scratch[core] = number.signed(self.scratch[core], self.scratch[line.other])
            case Operation.BITS_UP | Operation.BITS_DOWN:
                by = line.addend if op == Operation.BITS_UP else -line.addend
                self.scratch[core] = number.raised(self.scratch[core], by)
            case Operation.DIVIDE:
                self._set(d, number.divide(get(a), get(b)))
            case Operation.FROM_GPR:
                self._set(d, self.scratch[core])
            case Operation.LOAD_CONSTANTS:
                _require(line.base == _POOL, "streams from elsewhere")
                self._walk(line, lambda k, word: self._set(d + k, number.constant(self.bits[word])))
            case _:
                self._move(line)

    def _move(self, line: Line) -> None:
        op, d, core = line.op, line.d, line.core
        match op:
            case Operation.LOAD | Operation.LOAD_PAIR:
                _require(op == Operation.LOAD or d % 2 == 0, "a pair starts at an odd register")
                for k in range(2 if op == Operation.LOAD_PAIR else 1):
                    self._set(d + k, self._block(line)[self._at(line) + k])
            case Operation.LOAD_MULTIPLE:
                block = self._block(line)
                self._walk(line, lambda k, word: self._set(d + k, block[word]))
            case Operation.STORE:
                self._write(line, self._at(line), self.floats[d])
            case Operation.STORE_MULTIPLE:
                self._walk(line, lambda k, word: self._write(line, word, self.floats[d + k]))
            case Operation.GPR_STORE:
                self._write(line, self._at(line), self.scratch[core])
            case Operation.GPR_STORE_MULTIPLE:
                self._walk(line, lambda k, word: self._write(line, word, self.scratch[core + k]))
            case Operation.STEP_UP | Operation.STEP_DOWN:
                _require(POINTERS[line.base].endswith("_cursor"), "steps a pointer that stays")
                self.pointer[POINTERS[line.base]] += line.offset if op == Operation.STEP_UP else -line.offset
            case Operation.LEA | Operation.LEA_FAR:
                to, base = POINTERS[line.pointer], POINTERS[line.base]
                _require(to.endswith("_cursor") and (to in _READ) == (base in _READ), f"{to} set from {base}")
                self.pointer[to] = self.pointer[base] + line.offset
            case _:
                raise InvariantError("is no line of a program")

    def _immediate(self, bits: int) -> Number:
        _require(bits in self.immediates, "the instruction cannot hold this number")
        return self.number.constant(bits & 0xFFFF_FFFF)  # the column is signed

    def _set(self, register: int, value: Number) -> None:
        if not 0 <= register < self.registers:
            raise InvariantError(f"there is no float register {register}")
        self.floats[register] = value

    def _block(self, line: Line) -> dict[int, Number]:
        return self.inputs if POINTERS[line.base] in _READ else self.work

    def _at(self, line: Line) -> int:
        word, rest = divmod(self.pointer[POINTERS[line.base]] + line.offset, self.word)
        _require(rest == 0, "an address is not a word's")
        return word

    def _walk(self, line: Line, each: Callable[[int, int], None]) -> None:
        name = POINTERS[line.base]
        _require(name not in ("inputs", "work"), f"{name} moves")
        begin, rest = divmod(self.pointer[name], self.word)
        _require(rest == 0 and line.length > 0, "no list of words")
        for k in range(line.length):
            each(k, begin + k)
        self.pointer[name] += self.word * line.length

    def _write(self, line: Line, word: int, value: Number) -> None:
        _require(POINTERS[line.base] in ("work", "work_cursor"), "writes outside the work block")
        _require(0 <= word < self.words, f"there is no word {word}")
        self.work[word] = value


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise InvariantError(otherwise)
