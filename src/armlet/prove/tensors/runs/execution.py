"""A straight run of instructions, executed on forms: each byte that it loads is an unknown, whatever value it is."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from armlet.integer.forms.byte_memory import ByteMemory
from armlet.integer.forms.linear import Linear
from armlet.integer.forms.words import Words
from armlet.isa.core import Memory
from armlet.isa.semantics import RefusalError, Term
from armlet.prove.execute import MEMORY
from armlet.prove.tensors.contents import Leaf
from armlet.prove.tensors.runs.ground import Ground, InexactError, Stored
from armlet.prove.tensors.runs.leaves import Leaves
from armlet.prove.tensors.runs.passage import NUMBER, Access, Affine, Key, Standing, Symbol, Value
from armlet.simulate.runner import INPUT_ARRAY, OUTPUT_ARRAY

FIRST_SYMBOL = 1 << 10  # pieces of memory from here on are symbols


@dataclass(slots=True, eq=False)
class Execution:
    """A run on its way: the machine that instructions are given."""

    ground: Ground
    standing: Standing
    exact: frozenset[Key]  # symbols that are taken as they stand
    before: tuple[Leaf, ...]  # what leaves are known to be from other trips
    content: Callable[[int], int]  # the name of a byte at this point of this trip
    stored: Callable[["Execution", Stored], None]  # is told of each store
    start: int = 0
    terms: Words = field(default_factory=Words)
    registers: dict[str, Term] = field(default_factory=dict)
    memory: ByteMemory = field(init=False)
    leaves: Leaves = field(init=False)
    symbols: list[Symbol] = field(default_factory=list)
    numbers: dict[Key, Term] = field(default_factory=dict)  # the term of each symbol
    accesses: list[Access] = field(default_factory=list)
    stores: list[Stored] = field(default_factory=list)
    stack_words: set[int] = field(default_factory=set)
    lost: int = 0  # addresses of the stack below this one hold nothing of before
    phase: int = 0
    flags: Term | None = None
    at: int = 0
    text: str = ""
    steps: int = 0
    reads_inputs: bool = False
    gives_outputs: bool = False

    def __post_init__(self) -> None:
        self.memory = ByteMemory(self.terms)
        self.leaves = Leaves(self.terms.unknowns, self.ground.kinds, self.before)

    def affine(self, form: Linear) -> Affine | None:
        """A form of symbols alone. Raises `InexactError` for what is made of symbols in another way."""
        symbols, pieces = list[tuple[int, int]](), list[tuple[int, int]]()
        definitions = self.terms.unknowns.definitions
        for unknown, coefficient in form.parts.items():
            kind, _, numbers = definitions[unknown]
            if kind != "piece":
                if inexact := self.symbols_in(form):
                    raise InexactError(inexact)
                return None
            if numbers[0] >= FIRST_SYMBOL:
                symbols.append((numbers[0] - FIRST_SYMBOL, coefficient))
            else:
                pieces.append((numbers[0], coefficient))
        return Affine(form.constant, tuple(symbols), tuple(pieces))

    def symbols_in(self, form: Linear) -> set[int]:
        """The symbols in a form, or in what it is made of, that are not taken as they stand."""
        seen, waiting, found = set[int](), list(form.parts), set[int]()
        while waiting:
            unknown = waiting.pop()
            if unknown in seen:
                continue
            seen.add(unknown)
            kind, parts, numbers = self.terms.unknowns.definitions[unknown]
            if kind == "piece" and numbers[0] >= FIRST_SYMBOL:
                found.add(numbers[0] - FIRST_SYMBOL)
            waiting += [part for part, _ in parts]
        return found

    def inexact(self, unknowns: Collection[int]) -> set[int]:
        """The symbols among unknowns. Raises `RefusalError` for others: what is stored depends on where memory lies."""
        definitions = [self.terms.unknowns.definitions[unknown] for unknown in unknowns]
        if any(kind != "piece" or numbers[0] < FIRST_SYMBOL for kind, _, numbers in definitions):
            raise RefusalError("stores what is made of addresses")
        return {numbers[0] - FIRST_SYMBOL for _, _, numbers in definitions}

    def finals(self) -> Iterator[tuple[Key, Affine | None]]:
        """What registers and words of the stack hold at the end."""
        for name, term in self.registers.items():
            if self.numbers.get(name) != term:
                yield name, self.affine(self.terms.form(term))
        for address in sorted(self.stack_words):
            pieces = [self.memory.stored.get(address + k) for k in range(4)]
            term = self.memory.load(address, 4) if None not in pieces else None
            yield address, None if term is None else self.affine(self.terms.form(term))

    def get(self, register: str) -> Term:
        """What a register holds; data of before the last branch is anything: it may be kept, and makes no value."""
        if register not in self.registers:
            self.registers[register] = self._symbol(register)
        return self.registers[register]

    def _symbol(self, key: Key) -> Term:
        if key not in self.numbers:
            value = self.standing.get(key)
            self.numbers[key] = self.terms.anything(len(self.numbers)) if value is None else self._found(key, value)
        return self.numbers[key]

    def _found(self, key: Key, value: Value) -> Term:
        piece, address = value
        memory = self.ground.piece(piece)
        is_exact = key == "sp" or key in self.exact or (piece != NUMBER and memory is None)
        self.symbols.append(Symbol(key, piece, address if is_exact else None))
        if not is_exact:
            return self.terms.pointer((FIRST_SYMBOL + len(self.symbols) - 1) * MEMORY)
        return self.terms.constant(address) if piece == NUMBER else self.terms.pointer(piece * MEMORY + address)

    def put(self, register: str, term: Term) -> None:
        """Write a register; the program counter is written by jumps only."""
        if register not in self.ground.program.isa.registers:
            raise RefusalError(f"writes {register}, which the prover does not follow")
        if register == "sp":
            place, stack = self.terms.place(term), self.ground.contents.pieces[self.ground.stack - 1]
            if place is None or place // MEMORY != self.ground.stack or place % 4:
                raise RefusalError("moves the stack pointer out of the stack that is declared")
            if not stack.base <= place % MEMORY <= stack.end:
                raise RefusalError("moves the stack pointer out of the stack that is declared")
            self._give_up(place % MEMORY)
        self.registers[register] = term

    def _give_up(self, sp: int) -> None:
        """What lies below the stack pointer is lost: interrupts overwrite it."""
        self.lost = max(self.lost, sp)
        for address in [at for at in self.memory.stored if at < sp]:
            del self.memory.stored[address]

    def flag(self, term: Term) -> None:
        """The flags tell of a word."""
        self.flags = term

    def target(self, term: Term) -> int:
        """Where a jump to a word goes: the way back of a call, whose lowest bit says Thumb."""
        place, bit = self.terms.place(term), self.ground.program.isa.code_bit
        if self.terms.bits(term) is not None or place is None or place >= FIRST_SYMBOL * MEMORY or place & bit != bit:
            raise RefusalError(f"jumps where no known {self.ground.program.isa.name} code is")
        return place & ~bit

    def known(self, register: str) -> int:
        """An address that must not depend on data."""
        place = self.terms.place(self.get(register))
        if place is None:
            raise RefusalError(f"takes {register} as an address, which depends on data")
        return place

    def linked(self, at: int) -> int | None:
        """The place of the symbol whose address the linker filled into the instruction at `at`, if it did."""
        address = self.ground.image.filled.get(at)
        if address is None or address not in self.ground.linked:
            return None
        return self.ground.linked[address] * MEMORY + address

    def is_linked_call(self, at: int, to: int) -> bool:
        """Whether the linker filled `to` into the call at `at`."""
        return self.ground.image.filled.get(at) == to

    def move(self, register: str, by: int) -> None:
        """An address some bytes on."""
        self.known(register)
        moved = self.terms.moved(self.get(register), by)
        if moved is not None:
            self.put(register, moved)

    def load(self, address: int) -> Term:
        """A word of memory."""
        return self.load_part(address, 4, False)

    def store(self, address: int, term: Term) -> None:
        """Write a word of memory."""
        self.store_part(address, 4, term)

    def load_part(self, address: int, size: int, signed: bool) -> Term:
        """The bytes at an address as a word."""
        symbol, offset, number = self._reached(address)
        if number == self.ground.stack:
            return self._from_stack(address % MEMORY, size, signed)
        piece = self.ground.piece(number)
        if piece is not None and piece.is_constant:
            return self.terms.constant(self.held(address, size, signed))
        return self._loaded(symbol, offset, number, size, signed)

    def held(self, address: int, size: int, signed: bool) -> int:
        """A constant of the program."""
        _, _, number = self._reached(address)
        piece, memory = self.ground.piece(number), Memory(address % MEMORY, size)
        region = None if piece is None else piece.region(memory)
        if region is None or region.writable:
            raise RefusalError(f"takes {memory.base:#010x} as a constant, which is none")
        first = memory.base - region.memory.base
        if memory.base % size or first + size > len(region.content):
            raise RefusalError(f"reads {memory.base:#010x}, outside its constants or not aligned")
        return int.from_bytes(region.content[first : first + size], "little", signed=signed)

    def store_part(self, address: int, size: int, term: Term) -> None:
        """Write the lowest bytes of a word."""
        symbol, offset, number = self._reached(address)
        if number == self.ground.stack:
            self._check_stack(address % MEMORY, size)
            self.memory.write(address % MEMORY, size, term)
            self.stack_words |= {address % MEMORY & ~3}
            return
        access = self._accessed(symbol, offset, number, size)
        words = self.terms
        parts = tuple(words.field(words.right(term, 8 * k, False), 8, False) for k in range(size))
        stored = Stored(access, number, parts, term, self.phase)
        self.stores.append(stored)
        self.stored(self, stored)

    def _reached(self, place: int) -> tuple[int, int, int]:
        """A place as a symbol, -1 for none, an offset, and the piece of memory. Raises where a symbol must be exact."""
        number, offset = divmod(place, MEMORY)
        symbol = number - FIRST_SYMBOL
        piece = self.ground.piece(number if symbol < 0 else self.symbols[symbol].piece)
        if piece is None:
            raise RefusalError("takes as an address what is none")
        if symbol < 0:
            return -1, offset, number
        if piece.is_stack or piece.is_constant:
            raise InexactError({symbol})
        return symbol, offset - MEMORY if offset >> 31 else offset, self.symbols[symbol].piece

    def _check_stack(self, address: int, size: int) -> None:
        if address % size:
            raise RefusalError(f"accesses {address:#010x}, which is not aligned")
        if address < self.known("sp") % MEMORY:
            raise RefusalError(f"accesses {address:#010x} below the stack pointer, which interrupts overwrite")
        if address + size > self.ground.contents.pieces[self.ground.stack - 1].end:
            raise RefusalError(f"accesses {address:#010x}, outside its stack")

    def _from_stack(self, address: int, size: int, signed: bool) -> Term:
        self._check_stack(address, size)
        if not any(address + k in self.memory.stored for k in range(size)) and size == 4:
            if address < self.lost:
                raise RefusalError(f"reads {address:#010x} of the stack, which was given up")
            return self._symbol(address)
        found = self.memory.load(address, size, signed)
        if found is None:
            raise RefusalError(f"reads {address:#010x} of the stack, of which a byte holds nothing")
        return found

    def _accessed(self, symbol: int, offset: int, number: int, size: int) -> Access:
        """Note an access of tensors; where the symbol stands in this trip decides what region it is."""
        address = offset if symbol < 0 else self._number(symbol) + offset
        if address % size:
            raise RefusalError(f"accesses {address:#010x}, which is not aligned")
        piece = self.ground.piece(number)
        region = None if piece is None else piece.region(Memory(address, size))
        if region is None:
            raise RefusalError(f"accesses {address:#010x}, outside its memory")
        self.reads_inputs |= region.what == INPUT_ARRAY
        self.gives_outputs |= region.what == OUTPUT_ARRAY
        if symbol < 0:
            offset = self.ground.contents.flat(number, offset)
        found = Access(symbol, offset, size, self.at, self.text)
        self.accesses.append(found)
        return found

    def _number(self, symbol: int) -> int:
        return self.standing[self.symbols[symbol].key][1]

    def flat(self, access: Access) -> int:
        """The number of the first byte of an access in this trip."""
        if access.symbol < 0:
            return access.offset
        piece = self.symbols[access.symbol].piece
        return self.ground.contents.flat(piece, self._number(access.symbol) + access.offset)

    def _loaded(self, symbol: int, offset: int, number: int, size: int, signed: bool) -> Term:
        access = self._accessed(symbol, offset, number, size)
        if self.stores and self.stores[-1].phase == self.phase:
            self.phase += 1
        total = Linear(0)
        for k in range(size):
            at, is_last = (self.phase, access.symbol, access.offset + k), k == size - 1
            name = 0 if at in self.leaves.known else self._name(access, k)
            leaf = self.leaves.load(at, name, is_last and (signed or size == 4), size == 4 and k in (1, 2))
            total = total.add(leaf.times(1 << 8 * k))
        words, known = self.terms, self.leaves.together((self.phase, access.symbol, access.offset), size, signed)
        word = words.word(total if known is None else known)
        return word if size == 4 else words.field(word, 8 * size, signed)

    def _name(self, access: Access, k: int) -> int:
        name = self.content(self.flat(access) + k)
        if name < 0:
            raise RefusalError("reads what is no memory")
        return name
