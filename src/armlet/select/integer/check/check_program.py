"""Prove a program in integers right for all inputs, by running its lines on linear forms.

The network gives each output a form; the lines, run one by one, must leave that form where the output is read. The
templates' text is taken on trust here: the linked bytes are the matter of verify.
"""

from functools import reduce
from math import gcd

from armlet.errors import ArmletError, InvariantError
from armlet.integer.forms.byte_memory import ByteMemory
from armlet.integer.forms.declared import declared_layers, input_forms
from armlet.integer.forms.difference import find_difference
from armlet.integer.forms.linear import Linear
from armlet.integer.forms.words import Word, Words
from armlet.isa.integer_operation import IntegerOperation as Op
from armlet.select.integer.check.meanings import ADDED, ON_ITSELF, ONE, ONTO, TWO
from armlet.select.integer.program import IntegerLine, IntegerProgram

_BLOCK, _POOL = 1 << 32, 2 << 32  # places of the two pieces of memory
_SIZES = {
    Op.LOAD: (4, False),
    Op.LOAD_HALF: (2, True),
    Op.LOAD_BYTE: (1, False),
    Op.LOAD_SIGNED_BYTE: (1, True),
    Op.LOAD_UNSIGNED_HALF: (2, False),
    Op.LOAD_ENTRY: (4, False),
    Op.LOAD_HALF_AT: (2, True),
    Op.LOAD_BYTE_AT: (1, False),
    Op.LOAD_SIGNED_BYTE_AT: (1, True),
    Op.STORE: (4, False),
    Op.STORE_HALF: (2, False),
    Op.STORE_BYTE: (1, False),
}


def check_integer_program(program: IntegerProgram) -> None:
    """Raise `InvariantError` unless the lines of `program` compute its network within its block and registers."""
    machine = _Machine(program)
    lines = [IntegerLine._make(row) for row in program.lines.tolist()]
    at, ran = 0, [0] * len(lines)
    while at < len(lines):
        line = lines[at]
        try:
            _require(ran[at] < line.runs, "runs more often than it says")
            ran[at] += 1
            at += machine.step(Op(line.op), line)
            _require(at >= 0, "goes back to before the first line")
        except (KeyError, ValueError, ArmletError) as wrong:
            what = Op(line.op).name if line.op in [*Op] else line.op
            raise InvariantError(f"integer program: line {at} ({what}): {wrong!r}") from wrong
    if ran != [line.runs for line in lines]:
        raise InvariantError("integer program: a line runs less often than it says")
    if problem := machine.difference():
        raise InvariantError(f"integer program: {problem}")


class _Machine:
    """Registers, the block and the pool, which hold words as forms."""

    def __init__(self, program: IntegerProgram) -> None:
        self.program, self.block, self.target = program, program.block, program.target
        self.words = Words()
        self.memory = ByteMemory(self.words)
        self.registers = {self.target.base: self.words.pointer(_BLOCK)}
        self.free = frozenset((*self.target.free, self.target.base))
        zero = self.words.constant(0)
        for k in range(self.block.span):
            self.memory.write(_BLOCK + k, 1, zero)
        forms = input_forms(program.network, self.words.unknowns)
        for form, offset in zip(forms, self.block.inputs.tolist()):
            if offset >= 0:
                self.memory.write(_BLOCK + offset, self.block.input_bytes, self.words.word(form))
        for k, byte in enumerate(program.constants.tolist()):
            self.memory.write(_POOL + k, 1, self.words.constant(byte))

    def difference(self) -> str:
        """Which neuron is not what the network says, in words; empty where the outputs are the declared ones."""
        made = len(self.words.unknowns.definitions)
        network = self.program.network
        layers = declared_layers(network, self.words.unknowns)
        size, is_signed = self.block.output_bytes, network.result_format.low < 0
        left = [self.memory.load(_BLOCK + at, size, is_signed) for at in self.block.outputs.tolist()]
        found = find_difference(self.words, network, layers, left, made)
        return found.problem if found else ""

    def step(self, op: Op, line: IntegerLine) -> int:
        """Run one line; how many lines on the next one stands."""
        self._check(op, line)
        if op != Op.REPEAT:
            self._run(op, line)
            return 1
        left = self.words.subtract(self.registers[line.d], self.words.constant(1))
        count = self.words.bits(left)
        if count is None:
            raise InvariantError("counts what depends on data")
        _require(line.number > 0, "goes on where no line was")
        self._set(line.d, left)
        return -line.number if count else 1

    def _run(self, op: Op, line: IntegerLine) -> None:
        words, get = self.words, self.registers.__getitem__
        if op in _SIZES:
            self._access(op, line)
        elif op in (Op.LOAD_MULTIPLE, Op.LOAD_MULTIPLE_HERE):
            self._load_list(line, moves=op == Op.LOAD_MULTIPLE)
        elif op == Op.LOAD_PAIR:
            self._load_pair(line)
        elif op in ONE:
            self._set(line.d, ONE[op](words, get(line.d if op in ON_ITSELF else line.a), line.by, line.number))
        elif op in TWO:
            self._set(line.d, _known(TWO[op](words, get(line.a), get(line.b), line.by)))
        elif op in ONTO:
            self._set(line.d, _known(ONTO[op](words, get(line.d), get(line.a), line.by)))
        elif op in ADDED:
            products = [_known(product(words, get(line.a), get(line.b), line.by)) for product in ADDED[op]]
            self._set(line.d, reduce(words.add, products, get(line.d)))
        else:
            self._set(line.d, self._fresh(op, line.number))

    def _fresh(self, op: Op, number: int) -> Word:
        """What is made of no register."""
        match op:
            case Op.ADDRESS:
                return self.words.pointer(_POOL)
            case Op.CONSTANT | Op.SMALL_CONSTANT:
                return self.words.constant(number)
            case Op.NOT_CONSTANT:
                return self.words.constant(~number)
            case _:
                raise InvariantError("is no line of a program in integers")

    def _load_list(self, line: IntegerLine, moves: bool) -> None:
        listed = [k for k in range(16) if line.list >> k & 1]
        place = self._place(line.a)
        loaded = [self._read(place + 4 * k, 4, False) for k in range(len(listed))]
        _require(bool(listed) and not (moves and line.a in listed), "has a list that no core loads")
        for register, word in zip(listed, loaded):
            self._set(register, word)
        if moves:
            self._set(line.a, self.words.add(self.registers[line.a], self.words.constant(4 * len(listed))))

    def _load_pair(self, line: IntegerLine) -> None:
        place = self._place(line.a) + line.number
        one, two = (self._read(place + at, 4, False) for at in (0, 4))
        _require(line.d != line.b, "loads two words into one register")
        self._set(line.d, one)
        self._set(line.b, two)

    def _access(self, op: Op, line: IntegerLine) -> None:
        size, is_signed = _SIZES[op]
        if op.is_store:
            place = self._place(line.a) + line.number
            _require(place % size == 0, "is not aligned")
            inside = self.block.span <= place - _BLOCK and place - _BLOCK + size <= self.block.size
            _require(inside, "writes outside the block's part for results")
            self.memory.write(place, size, self.registers[line.d])
            return
        address = self.registers[line.a]
        if op.is_indexed:
            index = self.registers[line.b]
            address = self.words.add(address, self.words.left(index, 2) if op is Op.LOAD_ENTRY else index)
        piece, offset = self.words.address(address)
        if not offset.parts:
            self._set(line.d, self._read((piece << 32) + offset.constant + line.number, size, is_signed))
            return
        _require(piece == _POOL >> 32, "takes an address that depends on data")
        self._set(line.d, self._look_up(offset.plus(line.number), size, is_signed))

    def _look_up(self, offset: Linear, size: int, is_signed: bool) -> Word:
        """What lies in the pool at an offset that depends on data."""
        step, unknowns = gcd(*offset.parts.values()), self.words.unknowns
        index = Linear(0, {unknown: factor // step for unknown, factor in offset.parts.items()})
        low, high = unknowns.interval(index)
        places = range(_POOL + offset.constant + step * low, _POOL + offset.constant + step * high + 1, step)
        values = [self._read(place, size, is_signed) for place in places]
        return self.words.word(unknowns.lookup(index, [self.words.value(value, True).constant for value in values]))

    def _read(self, place: int, size: int, is_signed: bool) -> Word:
        _require(place % size == 0, "is not aligned")
        found = self.memory.load(place, size, is_signed)
        if found is None:
            raise InvariantError("reads what was never written")
        return found

    def _place(self, register: int) -> int:
        place = self.words.place(self.registers[register])
        if place is None:
            raise InvariantError("takes an address that depends on data")
        return place

    def _set(self, register: int, word: Word) -> None:
        _require(register in self.free, "writes a register that is not free")
        self.registers[register] = word

    def _check(self, op: Op, line: IntegerLine) -> None:
        """That the core has such a line."""
        template = self.target.templates[op]
        names = op.operands.numbers
        _require(
            "number" not in names or not template.numbers or line.number in template.numbers, "holds no such number"
        )
        _require("by" not in names or not template.shifts or line.by in template.shifts, "shifts by no such number")
        low = [getattr(line, name) < 8 for name in template.low - {"list"}]
        _require(all(low) and ("list" not in template.low or line.list < 1 << 8), "takes low registers")


def _known(word: Word | None) -> Word:
    if word is None:
        raise InvariantError("makes what is not linear in the inputs")
    return word


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise InvariantError(otherwise)
