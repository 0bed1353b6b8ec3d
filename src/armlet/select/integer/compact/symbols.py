"""The connections of a layer in a byte each, where its weights are few: symbols of a code book.

A symbol stands for the distance of a source from the one before, in bytes of memory, and a weight. The book has all
short distances with each weight, steps of their multiples without a weight, and of the longer distances those that are
most frequent. So each connection takes one symbol, or a step and a symbol.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

_STEP = 255  # bytes that a symbol may go on
_MOST = 256  # symbols
_SHORT = range(1, 65)  # sources that the short distances may span
_ROUNDS = 3
_WORD = 4
_FILLING = (0, 0)

Symbol: TypeAlias = tuple[int, int]  # a distance in bytes, and a weight


@dataclass(frozen=True, slots=True)
class CodeBook:
    """What symbols stand for."""

    short: int  # all distances below have symbols with each weight
    longest: int  # step without a weight, a multiple of `short`
    frequent: frozenset[Symbol]  # longer distances that have a symbol

    def symbols(self, distance: int, weight: int) -> Iterator[Symbol]:
        """Those of a connection."""
        while distance >= self.short and (distance, weight) not in self.frequent:
            step = min(distance - distance % self.short, self.longest)
            yield step, 0
            distance -= step
        yield distance, weight


def book_obstacle(weight: NDArray[np.int16], size: int) -> str:
    """Why there are too many symbols for bytes; empty where there are not."""
    count = len(np.unique(weight[weight != 0]))
    return "" if _bases(count, size) else f"it has {count} different weights, too many for symbols of a byte"


def coded_words(weight: NDArray[np.int16], size: int, per_trip: int) -> tuple[list[Symbol], list[list[int]]]:
    """The code book in the order of its symbols' numbers, and the words of each neuron, whole trips of so many."""
    rows = [_connections(row, size) for row in weight]
    count = Counter(each for row in rows for each in row)
    book = _book(count, size)
    written = [_coded(row, book) for row in rows]
    used = Counter(each for row in written for each in row)
    entries = [_FILLING, *(symbol for symbol, _ in used.most_common() if symbol != _FILLING)]
    numbers = {symbol: number for number, symbol in enumerate(entries)}
    return entries, [_words([numbers[each] for each in row], per_trip) for row in written]


def _connections(row: NDArray[np.int16], size: int) -> list[Symbol]:
    sources = np.flatnonzero(row)
    return list(zip((size * np.diff(sources, prepend=0)).tolist(), row[sources].tolist()))


def _coded(row: list[Symbol], book: CodeBook) -> list[Symbol]:
    return [symbol for distance, weight in row for symbol in book.symbols(distance, weight)]


def _words(numbers: list[int], per_trip: int) -> list[int]:
    """One trip at least; what fills up the last one is symbol 0."""
    each = _WORD * per_trip
    filled = bytes(numbers + [0] * (-len(numbers) % each or each * (not numbers)))
    return np.frombuffer(filled, "<u4").tolist()


def _bases(weights: int, size: int) -> list[tuple[int, int, int]]:
    """Spans of short distances, the longest step, and the symbols that are left, at most, for frequent ones."""
    found: list[tuple[int, int, int]] = []
    for sources in _SHORT:
        short = sources * size
        steps = _STEP // short
        left = _MOST - 1 - steps - sources * weights
        if left >= 0 and steps:
            found.append((short, steps * short, left))
    return found


def _book(count: Counter[Symbol], size: int) -> CodeBook:
    """The one that takes fewest symbols."""
    bases = _bases(len({weight for _, weight in count}), size)
    books = (_filled(count, *base) for base in bases)
    return min(books, key=lambda book: sum(n * len([*book.symbols(*each)]) for each, n in count.items()))


def _filled(count: Counter[Symbol], short: int, longest: int, left: int) -> CodeBook:
    """The frequent distances: what is kept for symbols that nothing takes is given to more of them."""
    longer = [each for each, _ in sorted(count.items(), key=lambda item: (-item[1], item[0]))]
    longer = [each for each in longer if short <= each[0] <= _STEP]
    book = CodeBook(short, longest, frozenset(longer[:left]))
    for _ in range(_ROUNDS):
        used = {symbol for each in count for symbol in book.symbols(*each)}
        left = len(book.frequent) + _MOST - 1 - len(used - {_FILLING})
        larger = CodeBook(short, longest, frozenset(longer[:left]))
        if len({symbol for each in count for symbol in larger.symbols(*each)} - {_FILLING}) >= _MOST:
            break
        book = larger
    return book
