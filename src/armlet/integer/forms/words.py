"""Words of 32 bits as linear forms, each with a number: two words of one number are equal for all inputs.

A word is a form modulo 2^32, so that sums, differences, shifts to the left and products by constants are exact whatever
wraps round. What asks for the value of a word, a shift to the right, a field, a clamp, gets it by its interval: where
the form lies in the window of the operation for all inputs, the value is the form; otherwise it is an unknown of its
own, defined by the word. An address is the unknown base of a piece of memory, and an offset.

A long sum is kept as its last step, and is added up when somebody asks for it.

A product of two long numbers is made from its lowest digit on: shifted down, and added to the next digit times the
same number. So a word remembers of which form it is a part, 2^k of which it counts: floor(a / 2^k) + b is
floor((a + 2^k b) / 2^k), exactly. Where b is a multiple of a, but for constants, the sum is that: one unknown.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from armlet.integer.forms.linear import Linear, Parts, add_part, twos
from armlet.integer.forms.long_sum import LongSum
from armlet.integer.forms.unknowns import Unknowns

Word: TypeAlias = int
_Step: TypeAlias = tuple[int, Word, int, Word]  # a factor and the sum before, a factor and what is added
_Later: TypeAlias = Callable[[], Linear]

_BITS = 32
_MASK = (1 << _BITS) - 1
_ANY = (-(1 << 31), (1 << 31) - 1)
_SHORT = 16  # parts of a form that is added up at once


@dataclass(slots=True)
class Words:
    """All words so far, by their numbers."""

    unknowns: Unknowns = field(default_factory=Unknowns)
    keys: list[Linear | _Step | _Later] = field(default_factory=list)
    numbers: dict[tuple[int, frozenset[tuple[int, int]]], Word] = field(default_factory=dict)
    differences: dict[Word, tuple[Word, Word]] = field(default_factory=dict)  # of which two words
    excesses: dict[Word, tuple[Word, Word, int]] = field(default_factory=dict)  # of a word over another, and the most
    scaled: dict[Word, tuple[Linear, int]] = field(default_factory=dict)  # of which form, divided by two to which power
    values: dict[tuple[Word, bool], Linear] = field(default_factory=dict)  # numbers that words are, in two's complement
    sums: dict[Word, tuple[Word, LongSum]] = field(default_factory=dict)  # by the high word: the low one, and of which
    lows: set[Word] = field(default_factory=set)  # of long sums
    halves: dict[Word, tuple[Word, int]] = field(default_factory=dict)  # words of long sums, shifted by how much

    def word(self, of: Linear) -> Word:
        """The word that a form is modulo 2^32."""
        return self._number(self.unknowns.reduced(of, _BITS))

    def anything(self, index: int) -> Word:
        """A word of which nothing is known: for each index another unknown, so that it is equal to nothing else."""
        unknown = self.unknowns.given("left", index, (-(1 << _BITS - 1), (1 << _BITS - 1) - 1))
        return self.word(Linear(0, {unknown: 1}))

    def constant(self, bits: int) -> Word:
        """A word whose bits are known."""
        return self._number(Linear(bits & _MASK))

    def pointer(self, place: int) -> Word:
        """An address in memory that the caller places: which piece in the high bits, an offset in the low 32."""
        return self.word(Linear(place & _MASK, {self.unknowns.given("piece", place >> _BITS, (0, _MASK)): 1}))

    def unknown(self, what: str, index: int) -> Word:
        """A word of which nothing is known."""
        return self.word(Linear(0, {self.unknowns.given(what, index, _ANY): 1}))

    def form(self, a: Word) -> Linear:
        """The form of a word, all its numbers from 0 to 2^32 - 1."""
        before, waiting = self.keys[a], list[tuple[int, _Step]]()
        factor, at = 1, a
        while isinstance(before, tuple):
            waiting.append((factor, before))
            factor, at = factor * before[0], before[1]
            before = self.keys[at]
        if not isinstance(before, Linear):
            before = self.keys[at] = self.unknowns.reduced(before(), _BITS)
        if not waiting:
            return before
        whole = before.times(factor)
        parts, constant = dict(whole.parts), whole.constant
        for factor, (_, _, times, added) in waiting:
            form = self.form(added)
            constant += factor * times * form.constant
            for unknown, coefficient in form.parts.items():
                add_part(parts, unknown, factor * times * coefficient)
        found = self.keys[a] = self.unknowns.reduced(Linear(constant, parts), _BITS)
        return found

    def same(self, a: Word, b: Word) -> bool:
        """Whether two words are equal for all inputs."""
        return a == b or self._number(self.form(a)) == self._number(self.form(b))

    def bits(self, a: Word) -> int | None:
        """The word, where it is known."""
        form = self.form(a)
        return None if form.parts else form.constant

    def place(self, a: Word) -> int | None:
        """The address that a word is, where it is one: a known offset in one piece of memory."""
        piece, offset = self.address(a)
        return None if offset.parts else (piece << _BITS) + offset.constant

    def address(self, a: Word) -> tuple[int, Linear]:
        """A word as the piece of memory that it points into, 0 for none, and the offset in it."""
        form = self.form(a)
        for unknown, coefficient in form.parts.items():
            kind, _, numbers = self.unknowns.definitions[unknown]
            if kind == "piece" and coefficient == 1:
                offset = {v: c for v, c in form.parts.items() if v != unknown}
                return numbers[0], self.unknowns.residue(Linear(form.constant, offset), _BITS, False)
        return 0, form

    def moved(self, a: Word, by: int) -> Word | None:
        """A known word or a pointer, some bytes on; they wrap round as the core's do."""
        return None if self.place(a) is None else self.add(a, self.constant(by))

    def add(self, a: Word, b: Word) -> Word:
        """a + b; what a is above b, and b, are the greater of both."""
        for excess, other in ((a, b), (b, a)):
            over = self.excesses.get(excess)
            if over is not None and over[1] == other and (greatest := self._greatest(*over)) is not None:
                return greatest
        return self._sum(1, a, 1, b)

    def subtract(self, a: Word, b: Word) -> Word:
        """a - b."""
        found = self._sum(1, a, -1, b)
        self.differences[found] = a, b
        return found

    def left(self, a: Word, bits: int) -> Word:
        """a shifted to the left."""
        if a in self.sums and bits:
            return self._half(a, bits, lambda: self.form(a).times(1 << bits))
        return self.word(self.form(a).times(1 << bits))

    def right(self, a: Word, bits: int, signed: bool) -> Word:
        """a shifted to the right, its sign kept where `signed`, rounded down."""
        if bits >= _BITS:
            return self.right(a, _BITS - 1, True) if signed else self.constant(0)
        if not bits:
            return a
        if a in self.lows and not signed:
            return self._half(a, bits, lambda: self._shifted(a, bits, False))
        return self.word(self._shifted(a, bits, signed))

    def _shifted(self, a: Word, bits: int, signed: bool) -> Linear:
        moved = self.unknowns.quotient(self.form(a), bits)
        if moved is not None:
            return self.unknowns.residue(moved, _BITS - bits, signed)
        return self.unknowns.floor(self.value(a, signed), bits)

    def _half(self, a: Word, bits: int, form: Callable[[], Linear]) -> Word:
        """A word of a long sum, shifted: it is remembered of which, and worked out later, if ever."""
        found = self.later(form)
        self.halves[found] = a, bits
        return found

    def later(self, form: Callable[[], Linear]) -> Word:
        """A word that is worked out when somebody asks."""
        self.keys.append(form)
        return len(self.keys) - 1

    def chained(self, a: Word, times: int, b: Word) -> Word:
        """a + times * b, added up when somebody asks."""
        self.form(b)  # added up now, so that no sum waits for another but the one it goes on from
        self.keys.append((1, a, times, b))
        return len(self.keys) - 1

    def scale_down(self, a: Word, bits: int) -> Word:
        """a shifted to the right, its sign kept: as `right`, and it is remembered what the word is a part of."""
        if not 0 < bits < _BITS - 1:  # by 31 it is a sign, not a part
            return self.right(a, bits, True)
        whole, before = self.scaled.get(a, (self.value(a, True), 0))
        if not self._is_word(whole, before):
            whole, before = self.value(a, True), 0
        moved = self.unknowns.quotient(self.form(a), bits)
        found = self.right(a, bits, True) if moved is not None else self.word(self.unknowns.floor(whole, before + bits))
        return self.part(found, whole, before + bits)

    def plain(self, a: Word) -> Word:
        """The same word, of which nothing more is remembered."""
        return self._number(self.form(a)) if a in self.scaled else a

    def part(self, a: Word, whole: Linear, bits: int) -> Word:
        """The same word under a number of its own, as a part of a form in which nothing wraps round."""
        if not self.unknowns.congruent.keys().isdisjoint(whole.parts):
            return a
        if not whole.parts or all(twos(c, bits) == bits for c in (whole.constant, *whole.parts.values())):
            return a  # nothing is lost
        self.keys.append(self.form(a))
        self.scaled[len(self.keys) - 1] = whole, bits
        return len(self.keys) - 1

    def _is_word(self, whole: Linear, bits: int) -> bool:
        """Whether a form, divided by 2^bits, is a signed number of 32 bits for all inputs."""
        low, high = (end >> bits for end in self.unknowns.interval(whole))
        return _ANY[0] <= low and high <= _ANY[1]

    def value(self, a: Word, signed: bool) -> Linear:
        """The number that a word is, in two's complement where `signed`."""
        key = a, signed
        if key not in self.values:
            self.values[key] = self.unknowns.residue(self.form(a), _BITS, signed)
        return self.values[key]

    def field(self, a: Word, bits: int, signed: bool) -> Word:
        """The lowest bits of a word as a number."""
        return self.word(self.unknowns.residue(self.form(a), bits, signed))

    def clip(self, a: Word, low: int, high: int) -> Word:
        """The signed number a, between low and high."""
        found = self.word(self.unknowns.clip(self.value(a, True), low, high))
        if low == 0 and a in self.differences:
            self.excesses[found] = *self.differences[a], high
        return found

    def _greatest(self, a: Word, b: Word, most: int) -> Word | None:
        """The greater of two signed numbers; None where their difference may be beyond `most` or wrap round."""
        one, other = self.value(a, True), self.value(b, True)
        low, high = self.unknowns.interval(one.add(other.times(-1)))
        if low < _ANY[0] or high > most or not other.parts:
            return None
        return self.word(self.unknowns.greatest(one, other))

    def _sum(self, factor: int, a: Word, times: int, b: Word) -> Word:
        """factor * a + times * b, where the factors are 1 or -1."""
        if a in self.scaled and (found := self._digit(factor, a, times, b)) is not None:
            return found
        if b in self.scaled and (found := self._digit(times, b, factor, a)) is not None:
            return found
        one, two = self.keys[a], self.keys[b]
        if isinstance(one, Linear) and isinstance(two, Linear):
            if len(one.parts) + len(two.parts) <= _SHORT:
                return self.word(one.times(factor).add(two.times(times)))
            if len(one.parts) < len(two.parts):
                factor, a, times, b = times, b, factor, a
        elif isinstance(one, Linear):
            factor, a, times, b = times, b, factor, a
        self.form(b)  # added up now, so that no sum waits for another but the one it goes on from
        self.keys.append((factor, a, times, b))
        return len(self.keys) - 1

    def _digit(self, factor: int, a: Word, times: int, b: Word) -> Word | None:
        """factor * a + times * b, where b is a number and a multiple of what a is a part of; otherwise None.

        Turned, a part that is rounded down is one that is rounded up: -floor(w / 2^k) = floor((2^k - 1 - w) / 2^k).
        """
        (whole, bits), form = self.scaled[a], self.form(b)
        if len(form.parts) not in (0, len(whole.parts)):
            return None
        value = self.value(b, True)
        if not _is_multiple(value.parts, whole.parts):
            return None
        if factor < 0:
            whole = whole.times(-1).plus((1 << bits) - 1)
        whole = whole.add(value.times(times << bits))
        return self.part(self.word(self.unknowns.floor(whole, bits)), whole, bits)

    def _number(self, form: Linear) -> Word:
        key = form.constant, frozenset(form.parts.items())
        found = self.numbers.get(key)
        if found is None:
            found = self.numbers[key] = len(self.keys)
            self.keys.append(form)
        return found


def _is_multiple(one: Parts, other: Parts) -> bool:
    """Whether a form without its constant is the other, times any number; 0 is a multiple of all."""
    if not one:
        return True
    if one.keys() != other.keys():
        return False
    first = next(iter(one))
    return all(one[v] * other[first] == other[v] * one[first] for v in one)
