"""Memory by its bytes, each a piece of a word that was stored, and words put together of such pieces.

A piece that was loaded and is stored again stays a piece of its word: a value that is copied byte by byte is the value
again.
"""

from dataclasses import dataclass, field

from armlet.integer.forms.words import Word, Words


@dataclass(slots=True)
class ByteMemory:
    """What was stored: for each byte the word that it is of, and which byte of that."""

    words: Words
    stored: dict[int, tuple[Word, int]] = field(default_factory=dict)
    read: dict[tuple[int, bool, tuple[tuple[Word, int], ...]], Word] = field(default_factory=dict)
    pieces: dict[Word, tuple[Word, int, int]] = field(default_factory=dict)  # of which word, from which byte, how many

    def write(self, address: int, size: int, word: Word) -> None:
        """Store the lowest bytes of a word."""
        whole, first, held = self.pieces.get(word, (word, 0, 0))
        if size > held:
            whole, first = self.words.plain(word), 0
        for k in range(size):
            self.stored[address + k] = whole, first + k

    def load(self, address: int, size: int, signed: bool = False) -> Word | None:
        """What lies at an address, as a word; None where a byte of it was never written."""
        found = tuple(self.stored[address + k] for k in range(size) if address + k in self.stored)
        if len(found) < size:
            return None
        key = size, signed, found
        if key not in self.read:
            made = self.read[key] = self._joined(found, signed)
            word, first = found[0]
            if found == tuple((word, first + k) for k in range(size)):
                self.pieces.setdefault(made, (word, first, size))
        return self.read[key]

    def _joined(self, found: tuple[tuple[Word, int], ...], signed: bool) -> Word:
        word, size = found[0][0], len(found)
        if size == 4 and found == tuple((word, k) for k in range(size)):
            return word
        total, begin = self.words.constant(0), 0
        for end in range(1, size + 1):
            word, first = found[begin]
            if end < size and found[end] == (word, first + end - begin):
                continue
            moved = self.words.right(word, 8 * first, False)
            piece = self.words.field(moved, 8 * (end - begin), signed and end - begin == size)
            total = self.words.add(total, self.words.left(piece, 8 * begin))
            begin = end
        return self.words.field(total, 8 * size, signed) if size < 4 else total
