"""Prove a program in integers right for all inputs, by running its lines on linear forms.

The network gives each output a form; the lines, run one by one, must leave that form where the output is read. The
templates' text is taken on trust here: the linked bytes are the matter of verify.
"""

from armlet.errors import ArmletError, InvariantError
from armlet.integer.forms.byte_memory import ByteMemory
from armlet.integer.forms.declared import declared_layers, input_forms
from armlet.integer.forms.difference import find_difference
from armlet.integer.forms.words import Word, Words
from armlet.isa.integer_operation import IntegerOperation as Op
from armlet.select.integer.program import IntegerLine, IntegerProgram

_BLOCK, _POOL = 1 << 32, 2 << 32  # places of the two pieces of memory
_SIZES = {
    Op.LOAD: (4, False),
    Op.LOAD_HALF: (2, True),
    Op.LOAD_BYTE: (1, False),
    Op.LOAD_SIGNED_BYTE: (1, True),
    Op.STORE: (4, False),
    Op.STORE_HALF: (2, False),
    Op.STORE_BYTE: (1, False),
}
_HALVES = {  # which half of each factor: whether the upper one
    Op.MULTIPLY_LOW_LOW: (False, False),
    Op.MULTIPLY_HIGH_LOW: (True, False),
    Op.MULTIPLY_LOW_HIGH: (False, True),
    Op.MULTIPLY_HIGH_HIGH: (True, True),
}


def check_integer_program(program: IntegerProgram) -> None:
    """Raise `InvariantError` unless the lines of `program` compute its network within its block and registers."""
    machine = _Machine(program)
    for at, row in enumerate(program.lines.tolist()):
        line = IntegerLine._make(row)
        try:
            machine.step(Op(line.op), line)
        except (KeyError, ValueError, ArmletError) as wrong:
            what = Op(line.op).name if line.op in [*Op] else line.op
            raise InvariantError(f"integer program: line {at} ({what}): {wrong!r}") from wrong
    if problem := machine.difference():
        raise InvariantError(f"integer program: {problem}")


class _Machine:
    """Registers, the block and the pool, which hold words as forms."""

    def __init__(self, program: IntegerProgram) -> None:
        self.program, self.block, self.target = program, program.block, program.target
        self.words = Words()
        self.memory = ByteMemory(self.words)
        self.registers = {self.target.base: self.words.pointer(_BLOCK)}
        self.free = frozenset(self.target.free)
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
        size, is_signed = self.block.output_bytes, network.layers[-1].stored.low < 0
        left = [self.memory.load(_BLOCK + at, size, is_signed) for at in self.block.outputs.tolist()]
        found = find_difference(self.words, network, layers, left, made)
        return found.problem if found else ""

    def step(self, op: Op, line: IntegerLine) -> None:
        """Run one line."""
        self._check(op, line)
        words, get, by = self.words, self.registers.__getitem__, line.by
        match op:
            case Op.LOAD_MULTIPLE | Op.LOAD_MULTIPLE_HERE:
                self._load_list(line, moves=op == Op.LOAD_MULTIPLE)
            case _ if op in _SIZES:
                self._access(op, line)
            case Op.ADDRESS:
                self._set(line.d, words.pointer(_POOL))
            case Op.CONSTANT | Op.SMALL_CONSTANT:
                self._set(line.d, words.constant(line.number))
            case Op.NOT_CONSTANT:
                self._set(line.d, words.constant(~line.number))
            case Op.CONSTANT_HIGH:
                low = words.field(get(line.d), 16, False)
                self._set(line.d, words.add(low, words.constant(line.number << 16)))
            case Op.ADD_TO | Op.ADD_SMALL | Op.SUBTRACT_SMALL | Op.MULTIPLY_TO | Op.AND_TO | Op.OR_TO | Op.CLEAR_TO:
                self._set(line.d, self._onto(op, line))
            case _ if op.name.startswith("MULTIPLY") and op != Op.MULTIPLY:
                self._set(line.d, words.add(get(line.d), self._product(op, get(line.a), get(line.b))))
            case Op.ADD | Op.SUBTRACT | Op.AND | Op.CLEAR | Op.MULTIPLY | Op.ADD_LEFT | Op.SUBTRACT_LEFT:
                self._set(line.d, self._two(op, get(line.a), get(line.b), by))
            case Op.ADD_RIGHT | Op.SUBTRACT_RIGHT | Op.REVERSE_SUBTRACT_LEFT:
                self._set(line.d, self._two(op, get(line.a), get(line.b), by))
            case _:
                self._set(line.d, self._one(op, get(line.a), by, line.number))

    def _one(self, op: Op, a: Word, by: int, number: int) -> Word:
        words = self.words
        match op:
            case Op.MOVE:
                return a
            case Op.NEGATE:
                return words.subtract(words.constant(0), a)
            case Op.ADD_NUMBER:
                return words.add(a, words.constant(number))
            case Op.SUBTRACT_NUMBER:
                return words.subtract(a, words.constant(number))
            case Op.LEFT:
                return words.left(a, by)
            case Op.RIGHT | Op.RIGHT_SIGNED:
                return words.right(a, by, op == Op.RIGHT_SIGNED)
            case Op.NOT_LEFT | Op.NOT_RIGHT:
                shifted = words.left(a, by) if op == Op.NOT_LEFT else words.right(a, by, False)
                return words.subtract(words.constant(-1), shifted)
            case Op.NUMBER_LESS:
                return words.subtract(words.constant(number), a)
            case Op.POSITIVE:
                return words.clip(a, 0, (1 << 31) - 1)
            case Op.NEGATIVE:
                return words.clip(a, -(1 << 31), 0)
            case Op.SIGNED_FIELD | Op.UNSIGNED_FIELD:
                return words.field(a, by, op == Op.SIGNED_FIELD)
            case Op.UNSIGNED_BYTE | Op.SIGNED_BYTE | Op.UNSIGNED_HALF | Op.SIGNED_HALF:
                return words.field(a, 8 if op.name.endswith("BYTE") else 16, op.name.startswith("SIGNED"))
            case Op.CLAMP | Op.SATURATE:
                return words.clip(words.right(a, by, True) if by else a, 0, (1 << number) - 1)
            case Op.CLAMP_SIGNED | Op.SATURATE_SIGNED:
                return words.clip(words.right(a, by, True) if by else a, -(1 << number - 1), (1 << number - 1) - 1)
            case _:
                raise InvariantError("is no line of a program in integers")

    def _two(self, op: Op, a: Word, b: Word, by: int) -> Word:
        words = self.words
        match op:
            case Op.ADD | Op.ADD_LEFT:
                return words.add(a, words.left(b, by) if by else b)
            case Op.SUBTRACT | Op.SUBTRACT_LEFT:
                return words.subtract(a, words.left(b, by) if by else b)
            case Op.ADD_RIGHT:
                return words.add(a, words.right(b, by, False))
            case Op.SUBTRACT_RIGHT:
                return words.subtract(a, words.right(b, by, False))
            case Op.REVERSE_SUBTRACT_LEFT:
                return words.subtract(words.left(b, by), a)
            case Op.AND:
                return _known(words.keep(a, b))
            case Op.CLEAR:
                return _known(words.clear(a, b))
            case _:
                return _known(words.multiply(a, b))

    def _onto(self, op: Op, line: IntegerLine) -> Word:
        words, old = self.words, self.registers[line.d]
        match op:
            case Op.ADD_TO:
                return words.add(old, self.registers[line.a])
            case Op.ADD_SMALL:
                return words.add(old, words.constant(line.number))
            case Op.SUBTRACT_SMALL:
                return words.subtract(old, words.constant(line.number))
            case Op.AND_TO:
                return _known(words.keep(old, self.registers[line.a]))
            case Op.CLEAR_TO:
                return _known(words.clear(old, self.registers[line.a]))
            case Op.OR_TO:
                raise InvariantError("is no line of a program in integers")
            case _:
                return _known(words.multiply(old, self.registers[line.a]))

    def _product(self, op: Op, a: Word, b: Word) -> Word:
        """What is added to an accumulator."""
        words = self.words
        if op == Op.MULTIPLY_ADD:
            return _known(words.multiply(a, b))
        if op == Op.MULTIPLY_BOTH:
            low, high = (self._product(half, a, b) for half in (Op.MULTIPLY_LOW_LOW, Op.MULTIPLY_HIGH_HIGH))
            return words.add(low, high)
        one, two = (
            words.right(word, 16, True) if upper else words.field(word, 16, True)
            for word, upper in zip((a, b), _HALVES[op])
        )
        return _known(words.multiply(one, two))

    def _load_list(self, line: IntegerLine, moves: bool) -> None:
        listed = [k for k in range(16) if line.list >> k & 1]
        place = self._place(line.a)
        loaded = [self._read(place + 4 * k, 4, False) for k in range(len(listed))]
        _require(bool(listed) and not (moves and line.a in listed), "has a list that no core loads")
        for register, word in zip(listed, loaded):
            self._set(register, word)
        if moves:
            self._set(line.a, self.words.add(self.registers[line.a], self.words.constant(4 * len(listed))))

    def _access(self, op: Op, line: IntegerLine) -> None:
        size, is_signed = _SIZES[op]
        if op.is_store:
            place = self._place(line.a) + line.number
            _require(place % size == 0, "is not aligned")
            inside = self.block.span <= place - _BLOCK and place - _BLOCK + size <= self.block.size
            _require(inside, "writes outside the block's part for results")
            self.memory.write(place, size, self.registers[line.d])
            return
        piece, offset = self.words.address(self.registers[line.a])
        if not offset.parts:
            self._set(line.d, self._read((piece << 32) + offset.constant + line.number, size, is_signed))
            return
        _require(piece == _POOL >> 32, "takes an address that depends on data")
        offset = offset.plus(line.number)
        low, high = self.words.unknowns.interval(offset)
        values = [self._read(_POOL + at, size, is_signed) for at in range(low, high + 1)]
        entries = [self.words.value(value, True).constant for value in values]
        self._set(line.d, self.words.word(self.words.unknowns.lookup(offset, entries)))

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
        numbers = template.numbers
        _require("number" not in op.operands.numbers or line.number in numbers or not numbers, "holds no such number")
        _require(all(getattr(line, name) < 8 for name in template.low if name != "list"), "takes low registers")
        _require("list" not in template.low or line.list < 1 << 8, "takes low registers")
        _require(0 <= line.by < 32, "shifts by no such number of bits")


def _known(word: Word | None) -> Word:
    if word is None:
        raise InvariantError("makes what is not linear in the inputs")
    return word


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise InvariantError(otherwise)
