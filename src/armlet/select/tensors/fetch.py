"""Which words are loaded when, into which registers: in runs as long as can be, since a run costs a cycle of its own.

What is used in which order is known, so a register whose word is not used again is free, and where none is, the word
that is used last gives way (Belady 1966).
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Word = TypeVar("Word", bound=Hashable)


@dataclass(slots=True)
class Registers(Generic[Word]):
    """Registers for words, on the way through a known order of uses."""

    registers: tuple[int, ...]
    uses: Sequence[Word]
    held: dict[Word, int] = field(default_factory=dict)
    _uses_of: dict[Word, list[int]] = field(default_factory=dict)  # of each word, the last first

    def __post_init__(self) -> None:
        for number in range(len(self.uses) - 1, -1, -1):
            self._uses_of.setdefault(self.uses[number], []).append(number)

    def fetched(self, number: int) -> list[tuple[Word, int]]:
        """What to load before use `number`: nothing where its word is there, else all that free registers hold."""
        if self.uses[number] in self.held:
            return []
        ahead = {word: self._next(word, number) for word in self.held}
        free = [register for register in self.registers if register not in self.held.values()]
        free += [self.held.pop(word) for word, use in ahead.items() if use == len(self.uses)]
        if not free:
            free.append(self.held.pop(max(self.held, key=lambda word: ahead[word])))
        found = list(zip(self._coming(number, len(free)), free))
        self.held |= dict(found)
        return found

    def _next(self, word: Word, number: int) -> int:
        """The next use of a word from `number` on; the number of all uses where there is none."""
        uses = self._uses_of[word]
        while uses and uses[-1] < number:
            uses.pop()
        return uses[-1] if uses else len(self.uses)

    def _coming(self, number: int, count: int) -> list[Word]:
        """So many words that no register holds, in the order of their next use."""
        found = dict[Word, None]()
        for k in range(number, len(self.uses)):
            if len(found) == count:
                break
            if self.uses[k] not in self.held:
                found[self.uses[k]] = None
        return list(found)
