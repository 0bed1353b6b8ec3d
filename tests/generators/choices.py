"""Where a random law takes its choices from: hypothesis, which shrinks what fails, or a seed, which is fast."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

F64 = NDArray[np.float64]
T = TypeVar("T")


class Choices(Protocol):
    """One random choice after the other; `spread` for what is spread over arrays and need not shrink."""

    spread: np.random.Generator

    def chance(self, one_in: int) -> bool:
        """True once in so many times."""
        ...

    def integer(self, low: int, high: int) -> int:
        """From low to high, both included."""
        ...

    def number(self, low: float, high: float) -> float:
        """In the interval."""
        ...

    def pick(self, options: Sequence[T]) -> T: ...

    def pool(self, special: Sequence[float], most: int) -> F64:
        """One to `most` float32 values: ordinary ones, from -8 to 8, and special ones."""
        ...

    def ends(self, special: Sequence[float], count: int) -> F64:
        """Intervals, (count, 2), whose ends are ordinary float32 values, from -4 to 4, or special ones."""
        ...


class Seeded:
    """Choices out of one numpy generator: thousands of networks a second."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.spread = rng

    def chance(self, one_in: int) -> bool:
        return bool(self.spread.random() < 1 / one_in)

    def integer(self, low: int, high: int) -> int:
        return int(self.spread.integers(low, high + 1))

    def number(self, low: float, high: float) -> float:
        return float(self.spread.uniform(low, high))

    def pick(self, options: Sequence[T]) -> T:
        return options[int(self.spread.integers(len(options)))]

    def pool(self, special: Sequence[float], most: int) -> F64:
        count, rng = self.integer(1, most), self.spread
        drawn = np.where(rng.random(count) < 0.5, rng.uniform(-8, 8, count), rng.choice(np.array(special), count))
        return drawn.astype(np.float32).astype(np.float64)

    def ends(self, special: Sequence[float], count: int) -> F64:
        rng, shape = self.spread, (count, 2)
        free = rng.uniform(-4, 4, shape).astype(np.float32)
        return np.sort(np.where(rng.random(shape) < 0.5, free, rng.choice(np.array(special), shape)), axis=1)


class Drawn:
    """Choices that hypothesis makes: a failing example shrinks to few widths, few weights and seed 0."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.spread = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))

    def chance(self, one_in: int) -> bool:
        return self.draw(st.integers(0, one_in - 1)) == one_in - 1

    def integer(self, low: int, high: int) -> int:
        return low + self.draw(st.integers(0, high - low))

    def number(self, low: float, high: float) -> float:
        return self.draw(_float32(low, high))

    def pick(self, options: Sequence[T]) -> T:
        return self.draw(st.sampled_from(options))

    def pool(self, special: Sequence[float], most: int) -> F64:
        values = _float32(-8, 8) | st.sampled_from(special)
        return np.array(self.draw(st.lists(values, min_size=1, max_size=most)))

    def ends(self, special: Sequence[float], count: int) -> F64:
        end = st.sampled_from(special) | _float32(-4, 4)
        return np.array([sorted(self.draw(st.tuples(end, end))) for _ in range(count)])


def _float32(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(float(np.float32(low)), float(np.float32(high)), width=32)
