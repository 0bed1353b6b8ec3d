"""How one block of memory is addressed: from a base that stays, and from a cursor that moves along with transfers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from armlet.isa.operation import Operation
from armlet.isa.target import Target
from armlet.select.program import POINTERS, Line

Address: TypeAlias = tuple[int, int]  # a pointer, as a position in POINTERS, and an offset in bytes


@dataclass(slots=True)
class Block:
    """The state of one block's pointers while lines are selected."""

    target: Target
    word: int  # bytes of a value
    base: int  # position in POINTERS
    cursor: int  # position in POINTERS
    at: int | None = field(default=None)  # bytes from the block's start to where the cursor is

    @classmethod
    def of(cls, target: Target, word: int, base: str, cursor: str) -> "Block":
        return cls(target, word, POINTERS.index(base), POINTERS.index(cursor))

    def load(self, d: int, word: int, count: int) -> Iterator[Line]:
        """Lines that load `count` neighbouring words into the registers from d on."""
        if count == 2 and d % 2 == 0 and (found := self._reached(word, self.target.float_reach)):
            base, offset = found
            yield Line(Operation.LOAD_PAIR, d=d, base=base, offset=offset)
        elif count > 1:
            yield from self._at_cursor(Line(Operation.LOAD_MULTIPLE, d=d, length=count), word)
        else:
            yield from self._addressed(Line(Operation.LOAD, d=d), word, self.target.float_reach)

    def store(self, d: int, word: int, count: int) -> Iterator[Line]:
        """Lines that store the registers from d on to `count` neighbouring words."""
        if count > 1:
            yield from self._at_cursor(Line(Operation.STORE_MULTIPLE, d=d, length=count), word)
        else:
            yield from self._addressed(Line(Operation.STORE, d=d), word, self.target.float_reach)

    def store_core(self, core: int, word: int, count: int) -> Iterator[Line]:
        """Lines that store scratch registers to neighbouring words; one by one is quicker, many at once is smaller."""
        if count > 2:
            yield from self._at_cursor(Line(Operation.GPR_STORE_MULTIPLE, core=core, length=count), word)
            return
        for k in range(count):
            yield from self._addressed(Line(Operation.GPR_STORE, core=core + k), word + k, self.target.core_reach)

    def _at_cursor(self, line: Line, word: int) -> Iterator[Line]:
        yield from self._move_cursor(self.word * word)
        yield line._replace(base=self.cursor)
        self.at = self.word * (word + line.length)

    def _addressed(self, line: Line, word: int, reach: int) -> Iterator[Line]:
        found = self._reached(word, reach)
        if found is None:
            yield from self._move_cursor(self.word * word)
            found = self.cursor, 0
        yield line._replace(base=found[0], offset=found[1])

    def _reached(self, word: int, reach: int) -> Address | None:
        """The address by which a word can be had as things are."""
        offset = self.word * word
        if offset <= reach:
            return self.base, offset
        below = 0 if reach > self.target.float_reach else -reach  # long offsets of core registers only count upwards
        if self.at is not None and below <= offset - self.at <= reach:
            return self.cursor, offset - self.at
        return None

    def _move_cursor(self, to: int) -> Iterator[Line]:
        """Bring the cursor to a byte of the block by the shortest line."""
        step = None if self.at is None else to - self.at
        if step == 0:
            return
        if step is not None and abs(step) <= self.target.step_reach:
            op = Operation.STEP_UP if step > 0 else Operation.STEP_DOWN
            yield Line(op, base=self.cursor, offset=abs(step))
        elif to <= self.target.point_reach:
            yield Line(Operation.LEA, pointer=self.cursor, base=self.base, offset=to)
        elif step is not None and 0 < step <= self.target.point_reach:
            yield Line(Operation.LEA, pointer=self.cursor, base=self.cursor, offset=step)
        else:
            yield Line(Operation.LEA_FAR, pointer=self.cursor, base=self.base, offset=to)
        self.at = to
