"""Registers of a machine as the word code sees them: which may hold accumulators, which words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WordRegisters:
    """Registers in the order in which they are given out; one that is in both lists serves either."""

    accumulators: tuple[int, ...]
    words: tuple[int, ...]
    width: int  # accumulators open at a time
    weights: tuple[int, ...] = ()  # those that words may take, in the order in which weights take them
    runs: bool = False  # whether words that lie side by side are best loaded together, into registers that ascend

    @property
    def fetched(self) -> tuple[int, ...]:
        """Registers for constants, in the order in which they are given out."""
        return self.weights or self.words

    @property
    def all(self) -> frozenset[int]:
        """All of them."""
        return frozenset((*self.accumulators, *self.words))

    @property
    def spare(self) -> int:
        """Registers for words that are left when all accumulators are open."""
        shared = len({*self.accumulators} & {*self.words})
        own = len(self.accumulators) - shared
        return len(self.words) - max(0, self.width - own)
