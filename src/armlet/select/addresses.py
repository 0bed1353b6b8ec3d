"""How one block of memory is reached: by a pointer that stays, and one that runs along with transfers of many."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from armlet.isa.target import Op, Target
from armlet.select.program import POINTERS

Fields: TypeAlias = dict[str, int]


@dataclass(slots=True)
class Block:
    """The state of one block's pointers while lines are selected."""

    target: Target
    word: int  # bytes of a value
    stays: int  # position in POINTERS
    walks: int
    at: int | None = field(default=None)  # bytes from the block's start to where the walking pointer is

    @classmethod
    def of(cls, target: Target, word: int, stays: str, walks: str) -> "Block":
        return cls(target, word, POINTERS.index(stays), POINTERS.index(walks))

    def load(self, d: int, word: int, count: int) -> Iterator[Fields]:
        """Lines that load `count` neighbouring words into the registers from d on."""
        if count == 2 and d % 2 == 0 and (found := self._reached(word, self.target.float_reach)):
            yield {"op": Op.LOAD_PAIR, "d": d, "n": 2, **found}
        elif count > 1:
            yield from self._listed(Op.LOAD_LIST, d, word, count)
        else:
            yield from self._single(Op.LOAD, d, word, self.target.float_reach)

    def store(self, d: int, word: int, count: int) -> Iterator[Fields]:
        """Lines that store the registers from d on to `count` neighbouring words."""
        if count > 1:
            yield from self._listed(Op.STORE_LIST, d, word, count)
        else:
            yield from self._single(Op.STORE, d, word, self.target.float_reach)

    def store_core(self, scratch: int, word: int, count: int) -> Iterator[Fields]:
        """Lines that store scratch registers to neighbouring words; one by one is quicker, many at once is smaller."""
        if count > 2:
            yield from self._listed(Op.CORE_STORE_LIST, scratch, word, count)
            return
        for k in range(count):
            yield from self._single(Op.CORE_STORE, scratch + k, word + k, self.target.core_reach)

    def _listed(self, op: Op, d: int, word: int, count: int) -> Iterator[Fields]:
        yield from self._point(self.word * word)
        yield {"op": op, "d": d, "n": count, "base": self.walks}
        self.at = self.word * (word + count)

    def _single(self, op: Op, d: int, word: int, reach: int) -> Iterator[Fields]:
        found = self._reached(word, reach)
        if found is None:
            yield from self._point(self.word * word)
            found = {"base": self.walks, "offset": 0}
        yield {"op": op, "d": d, "n": 1, **found}

    def _reached(self, word: int, reach: int) -> Fields | None:
        """The pointer and offset by which a word can be had as things are."""
        offset = self.word * word
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
            yield {**line, "op": Op.STEP_UP if step > 0 else Op.STEP_DOWN, "offset": abs(step)}
        elif to <= self.target.point_reach:
            yield {**line, "op": Op.POINT, "base": self.stays, "offset": to}
        elif step is not None and 0 < step <= self.target.point_reach:
            yield {**line, "op": Op.POINT, "offset": step}
        else:
            yield {**line, "op": Op.POINT_FAR, "base": self.stays, "offset": to}
        self.at = to
