"""A program with loops is executed once, the body of each loop on pointers without numbers, and summed up.

Where a loop is entered, each address or number that its instructions change becomes a base: a pointer into memory of
its own, so that what the body does holds wherever the base stands. Where the branch back is reached, each base that
stands a fixed number of bytes further on has its stride; one of them counts, which gives the trips. Every other
register that the loop changes holds nothing when a trip begins, and nothing when the loop is done: values are not
carried from trip to trip, so an accumulator that lives across trips is refused.

Accesses to tensors are noted with base and offset. Each word that is read from one is an unknown of its own; which
cells it stands for in which trip is worked out from bases and strides alone (`prove/instances.py`).
"""

from dataclasses import dataclass, field, replace

from armlet.isa.instruction import Instruction
from armlet.isa.semantics import RefusalError, Term
from armlet.prove.execute import MEMORY
from armlet.prove.skeleton import Loop, Nest
from armlet.prove.state import State
from armlet.prove.summary import FIRST_BASE, Access, Base, Repeat, Summary, base_place, signed
from armlet.prove.terms import Terms
from armlet.simulate.runner import MemoryRegion

MOST_STEPS = 1 << 32  # instructions that one call may execute
_REACH = 1 << 16  # more bytes than any instruction adds to an address by itself; beyond lies the memory of other bases


@dataclass(slots=True)
class _Open:
    """A loop whose body is being executed."""

    loop: int
    repeat: int
    changes: tuple[str, ...]
    bases: dict[str, int] = field(default_factory=dict)  # by register, the number of its base
    read: set[int] = field(default_factory=set)  # words of the stack that it found there
    written: set[int] = field(default_factory=set)  # words of the stack that it wrote


@dataclass(slots=True)
class Recorder:
    """A core that executes the body of each loop once, and notes what it does to tensors."""

    state: State[Terms]
    nest: Nest
    base: int  # address of the first halfword that the nest tells of
    tensors: frozenset[int]  # numbers of the areas that hold tensors
    constants: frozenset[int]  # numbers of the areas whose words are known
    bases: list[Base] = field(default_factory=list)
    repeats: list[Repeat] = field(default_factory=lambda: [Repeat(0)])
    accesses: list[Access] = field(default_factory=list)
    open: list[_Open] = field(default_factory=list)
    lost: dict[str, str] = field(default_factory=dict)  # registers that hold nothing, and why
    stale: set[int] = field(default_factory=set)  # words of the stack that a loop left
    flags: Term | None = None
    now: int = 0  # instructions executed in this trip, the next one not counted
    at: int = 0
    text: str = ""

    @property
    def terms(self) -> Terms:
        return self.state.terms

    @property
    def summary(self) -> Summary:
        """What was noted, when the call has returned."""
        whole = replace(self.repeats[0], steps=self.now)
        return Summary(self.terms, tuple(self.bases), (whole, *self.repeats[1:]), tuple(self.accesses))

    def follow(self, at: int, form: Instruction) -> None:
        """See where control is before an instruction is executed."""
        inside = int(self.nest.owner[(at - self.base) // 2])
        here = self.open[-1].loop if self.open else -1
        if inside != here:
            if here >= 0 and (inside < 0 or self.nest.loops[inside].outer != here):
                raise RefusalError(f"leaves the loop at {self.nest.loops[here].head:#010x} without its branch back")
            loop = self.nest.loops[inside]
            if at != loop.head or loop.outer != here:
                raise RefusalError(f"enters the loop at {loop.head:#010x} in its middle")
            self._enter(inside, loop)
        self.at, self.text = at, form.text
        self.now += 1

    def get(self, register: str) -> Term:
        if register in self.lost:
            raise RefusalError(f"reads {register}, {self.lost[register]}")
        return self.state.get(register)

    def put(self, register: str, term: Term) -> None:
        if self.open and register == "sp":
            raise RefusalError("moves the stack pointer in a loop")
        if self.open and register not in self.open[-1].changes:
            raise RefusalError(f"writes {register} in a loop, which the prover does not follow")
        self.state.put(register, term)
        self.lost.pop(register, None)

    def target(self, term: Term) -> int:
        return self.state.target(term)

    def known(self, register: str) -> int:
        place = self.terms.place(self.get(register))
        if place is None:
            raise RefusalError(f"takes {register} as an address, which depends on data")
        if place >= FIRST_BASE * MEMORY and not _REACH <= place % MEMORY < MEMORY - _REACH:
            raise RefusalError(f"takes {register} as an address, too far from what the loop moves")
        return place

    def linked(self, at: int) -> int | None:
        return self.state.linked(at)

    def is_linked_call(self, at: int, to: int) -> bool:
        return self.state.is_linked_call(at, to)

    def move(self, register: str, by: int) -> None:
        moved = self.terms.moved(self.get(register), by)
        if moved is None:
            raise RefusalError(f"moves {register}, which depends on data")
        self.put(register, moved)

    def flag(self, term: Term) -> None:
        self.flags = term

    def load(self, address: int) -> Term:
        number = self._area(address)
        if number in self.tensors or (address >= FIRST_BASE * MEMORY and number in self.constants):
            term = self.terms.unknown("read", len(self.accesses))
            self._note(number, address, term, stores=False)
            return term
        self._check_fixed(address)
        self._find(address)
        return self.state.load(address)

    def store(self, address: int, term: Term) -> None:
        number = self._area(address)
        if number in self.tensors:
            self._note(number, address, term, stores=True)
            return
        self._check_fixed(address)
        self.state.store(address, term)
        for loop in self.open:
            if address in loop.read:
                raise RefusalError(f"writes {address:#010x}, which the loop reads before: it is carried between trips")
            loop.written.add(address)
        self.stale.discard(address)

    def repeat(self, at: int) -> None:
        """The branch back: how often the loop is repeated, and what it leaves."""
        here = self.nest.loops[self.open[-1].loop] if self.open else None
        if here is None or at != here.branch:
            raise RefusalError("runs under a condition")
        inner = self.open.pop()
        for name, number in inner.bases.items():
            place = self.terms.place(self.state.registers[name]) if name in self.state.registers else None
            if place is not None and place // MEMORY == number + FIRST_BASE:
                stride = signed(place)
                self.bases[number] = replace(self.bases[number], stride=stride)
        trips = self._trips(inner)
        whole = replace(self.repeats[inner.repeat], trips=trips, steps=self.now)
        self.repeats[inner.repeat] = whole
        self.now = whole.start + trips * whole.steps
        if self.now > MOST_STEPS:
            raise RefusalError(f"takes more than {MOST_STEPS:,} instructions")
        self._leave(inner, here, trips)

    def _enter(self, number: int, loop: Loop) -> None:
        changes = tuple(name for name in self.state.isa.reading.register_names(loop.writes) if name != "sp")
        inner = _Open(number, len(self.repeats), changes)
        self.repeats.append(Repeat(self.open[-1].repeat if self.open else 0, loop.head, self.now))
        for name in changes:
            term = self.state.registers.pop(name, None)
            place = None if term is None or name.startswith("s") else self.terms.place(term)
            if term is None or place is None:
                self.lost[name] = f"which nothing in this trip of the loop at {loop.head:#010x} has written"
                continue
            inner.bases[name] = len(self.bases)
            self.state.registers[name] = self.terms.pointer(base_place(len(self.bases)))
            self.bases.append(Base(inner.repeat, term, place))
        self.open.append(inner)
        self.flags, self.now = None, 0

    def _trips(self, inner: _Open) -> int:
        """From the base that the flags tell of: it starts as a number, and is zero when the loop ends."""
        place = None if self.flags is None else self.terms.place(self.flags)
        number = -1 if place is None else place // MEMORY - FIRST_BASE
        if self.flags is None or number not in inner.bases.values():
            raise RefusalError("goes back on flags that tell of no counter of this loop")
        base, start = self.bases[number], self.terms.bits(self.bases[number].held)
        if start is None or base.stride is None:
            raise RefusalError("counts what does not start at a known number, or does not move by a fixed step")
        first = start + signed(place or 0)
        if base.stride >= 0 or not 0 <= first < MEMORY or first % -base.stride:
            raise RefusalError(f"counts from {start} in steps of {base.stride}, which never gives zero exactly")
        return first // -base.stride + 1

    def _leave(self, inner: _Open, loop: Loop, trips: int) -> None:
        for name in inner.changes:
            self.state.registers.pop(name, None)
            base = self.bases[inner.bases[name]] if name in inner.bases else None
            moved = None if base is None else self.terms.moved(base.held, trips * (base.stride or 0))
            if base is None or base.stride is None or moved is None:
                self.lost[name] = f"which holds what the loop at {loop.head:#010x} left in it"
            else:
                self.state.registers[name] = moved
                self.lost.pop(name, None)
        self.stale |= inner.written
        self.flags = None

    def _area(self, address: int) -> int:
        """The number of the area that an address lies in, through the bases that it stands on."""
        while address >= FIRST_BASE * MEMORY:
            address = self.bases[address // MEMORY - FIRST_BASE].start
        return address // MEMORY

    def _check_fixed(self, address: int) -> None:
        if address >= FIRST_BASE * MEMORY:
            raise RefusalError("reaches memory that holds no tensor by an address that a loop moves")

    def _find(self, address: int) -> None:
        """Note a word of the stack that a loop reads, and whether it finds there what was before the loop."""
        if address in self.stale:
            raise RefusalError(f"reads {address:#010x}, which holds what a loop left there")
        for loop in reversed(self.open):
            if address in loop.written:
                return
            loop.read.add(address)

    def _note(self, number: int, address: int, term: Term, stores: bool) -> None:
        area: MemoryRegion = self.state.areas[number - 1]
        if stores and not area.writable:
            raise RefusalError(f"writes {area.what}, which may only be read")
        repeat = self.open[-1].repeat if self.open else 0
        self.accesses.append(Access(self.at, self.text, number, address, term, stores, repeat, self.now))
