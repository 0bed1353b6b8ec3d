"""How one block of memory is reached: by a pointer that stays, and one that runs along with transfers of many."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from armlet.arithmetic.float32 import WORD
from armlet.isa.target import Operation, Target
from armlet.select.program import POINTERS

Fields: TypeAlias = dict[str, int]


@dataclass(slots=True)
class Block:
    """The state of one block's pointers while lines are selected."""

    target: Target
    stays: int  # position in POINTERS
    walks: int
    at: int | None = field(default=None)  # bytes from the block's start to where the walking pointer is

    @classmethod
    def of(cls, target: Target, stays: str, walks: str) -> "Block":
        return cls(target, POINTERS.index(stays), POINTERS.index(walks))

    def load(self, d: int, word: int, count: int) -> Iterator[Fields]:
        """Lines that load `count` neighbouring words into the registers from d on."""
        if count == 2 and d % 2 == 0 and (found := self._reached(word, self.target.float_reach)):
            yield {"op": Operation.LOAD_PAIR, "d": d, "n": 2, **found}
        elif count > 1:
            yield from self._listed(Operation.LOAD_MULTIPLE, d, word, count)
        else:
            yield from self._single(Operation.LOAD, d, word, self.target.float_reach)

    def store(self, d: int, word: int, count: int) -> Iterator[Fields]:
        """Lines that store the registers from d on to `count` neighbouring words."""
        if count > 1:
            yield from self._listed(Operation.STORE_MULTIPLE, d, word, count)
        else:
            yield from self._single(Operation.STORE, d, word, self.target.float_reach)

    def store_core(self, scratch: int, word: int, count: int) -> Iterator[Fields]:
        """Lines that store scratch registers to neighbouring words; one by one is quicker, many at once is smaller."""
        if count > 2:
            yield from self._listed(Operation.GPR_STORE_MULTIPLE, scratch, word, count)
            return
        for k in range(count):
            yield from self._single(Operation.GPR_STORE, scratch + k, word + k, self.target.core_reach)

    def _listed(self, op: Operation, d: int, word: int, count: int) -> Iterator[Fields]:
        yield from self._point(WORD * word)
        yield {"op": op, "d": d, "n": count, "base": self.walks}
        self.at = WORD * (word + count)

    def _single(self, op: Operation, d: int, word: int, reach: int) -> Iterator[Fields]:
        found = self._reached(word, reach)
        if found is None:
            yield from self._point(WORD * word)
            found = {"base": self.walks, "offset": 0}
        yield {"op": op, "d": d, "n": 1, **found}

    def _reached(self, word: int, reach: int) -> Fields | None:
        """The pointer and offset by which a word can be had as things are."""
        offset = WORD * word
        if offset <= reach:
            return {"base": self.stays, "offset": offset}
        below = 0 if reach > self.target.float_reach else -reach  # long offsets of core registers only count upwards
        if self.at is not None and below <= offset - self.at <= reach:
            return {"base": self.walks, "offset": offset - self.at}
        return None

    def _point(self, to: int) -> Iterator[Fields]:
        """Bring the walking pointer to a byte of the block by the shortest line."""
        step = None if self.at is None else to - self.at
        if step == 0:
            return
        line: Fields = {"pointer": self.walks, "base": self.walks}
        if step is not None and abs(step) <= self.target.step_reach:
            yield {**line, "op": Operation.STEP_UP if step > 0 else Operation.STEP_DOWN, "offset": abs(step)}
        elif to <= self.target.point_reach:
            yield {**line, "op": Operation.LEA, "base": self.stays, "offset": to}
        elif step is not None and 0 < step <= self.target.point_reach:
            yield {**line, "op": Operation.LEA, "offset": step}
        else:
            yield {**line, "op": Operation.LEA_FAR, "base": self.stays, "offset": to}
        self.at = to
