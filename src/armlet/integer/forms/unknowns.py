"""The unknowns of linear forms: inputs, and what is not linear in other forms, each with its interval.

Equal definitions have equal numbers. A definition is brought into one shape first, by laws that hold for all whole
numbers: constants leave a clamp and multiples a division that rounds down, divisions and clamps of each other become
one, a function of a table's entry is another table, which begins with 0 and goes up first. What has two values only is
a step, whatever makes it, and any function of that a straight line. So one value that two programs make in two ways is
one form.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import gcd
from typing import TypeAlias

from armlet.integer.forms.linear import Linear, Parts, add_part, twos

SortedParts: TypeAlias = tuple[tuple[int, int], ...]
Definition: TypeAlias = tuple[str, SortedParts, tuple[int, ...]]  # kind, of which form, numbers that belong to the kind
Interval: TypeAlias = tuple[int, int]  # closed

_TRIED = 4  # coefficients from which on a residue may be taken as negative


@dataclass(slots=True)
class Unknowns:
    """All unknowns so far."""

    definitions: list[Definition] = field(default_factory=list)
    intervals: list[Interval] = field(default_factory=list)
    numbers: dict[Definition, int] = field(default_factory=dict)
    congruent: dict[int, tuple[int, Linear]] = field(default_factory=dict)  # to which form, modulo two to which power

    def given(self, what: str, index: int, interval: Interval) -> int:
        """What only the caller knows: an input, or what a register held."""
        return self._number((what, (), (index,)), interval)

    def interval(self, of: Linear) -> Interval:
        """Of a form: exact where its unknowns are independent, otherwise too wide."""
        low, high = self.span(of.parts)
        return of.constant + low, of.constant + high

    def span(self, parts: Parts) -> Interval:
        """The interval of a form without its constant."""
        low = high = 0
        for unknown, coefficient in parts.items():
            a, b = self.intervals[unknown]
            low += coefficient * (a if coefficient > 0 else b)
            high += coefficient * (b if coefficient > 0 else a)
        return low, high

    def floor(self, of: Linear, bits: int) -> Linear:
        """of / 2^bits, rounded down."""
        exact = self.quotient(of, bits)
        if exact is not None:
            return exact
        if self._has_two_values(of):
            return self._line(of, lambda value: value >> bits)
        mask = (1 << bits) - 1
        common = min(twos(c, bits) for c in of.parts.values())
        left = bits - common
        rest = Linear((of.constant & mask) >> common, {v: c >> common for v, c in of.parts.items()})
        if min(rest.parts.items())[1] < 0:  # one of a form and its opposite: -a / 2^b down is a / 2^b up, turned
            rest = rest.times(-1).plus((1 << left) - 1)
            return self.floor(rest, left).times(-1).plus(of.constant >> bits)
        return self._floored(rest, left).plus(of.constant >> bits)

    def quotient(self, of: Linear, bits: int) -> Linear | None:
        """of / 2^bits, rounded down, where what each coefficient leaves over decides nothing together; else None.

        Of two fields that hold one value, as in v + 2^24 v, each goes its own way.
        """
        for nearest in (True, False):
            left = self._left_over(of, bits, nearest)
            low, high = self.span({v: c for v, c in left.items() if c})
            if (of.constant + low) >> bits == (of.constant + high) >> bits:
                whole = {v: c - left[v] >> bits for v, c in of.parts.items() if c != left[v]}
                return Linear((of.constant + low) >> bits, whole)
        return None

    def _left_over(self, of: Linear, bits: int, nearest: bool) -> dict[int, int]:
        """What each coefficient leaves modulo 2^bits: from 0 on, or below 0 where nearer or where only that has room.

        How much room there is above and below is the same for all choices: that of the form with its least unknowns.
        """
        period, half = 1 << bits, 1 << bits >> 1
        below = (of.constant + sum(c * self.intervals[v][0] for v, c in of.parts.items())) % period
        left = dict[int, int]()
        for unknown, coefficient in of.parts.items():
            low, high = self.intervals[unknown]
            rest, width = coefficient % period, high - low
            falls = nearest and rest > half and (period - rest) * width <= below
            left[unknown] = rest - period if falls or rest * width >= period - below else rest
        return left

    def clip(self, of: Linear, low: int, high: int) -> Linear:
        """`of` between low and high, which do not cross."""
        least, most = self.interval(of)
        if least >= high or most <= low:
            return Linear(high if least >= high else low)
        low, high = max(low, least), min(high, most)
        if (low, high) == (least, most):
            return of
        if self._has_two_values(of):
            return self._line(of, lambda value: min(max(value, low), high))
        kind, parts, _ = self._shape(of)
        if self._is_entry(of):
            return self._mapped(of, lambda value: min(max(value, low), high))
        sums = tuple(sorted(of.parts.items()))
        if sums[0][1] < 0:  # one of a form and its opposite
            return self.clip(of.times(-1), -high, -low).times(-1)
        low, high = low - of.constant, high - of.constant
        if kind == "clip":
            return self.clip(Linear(0, dict(parts)), low, high).plus(of.constant)
        if high == low + 1:
            return self._step(Linear(0, of.parts), high).plus(low + of.constant)
        return self._opaque(("clip", sums, (low, high)), (low, high)).plus(of.constant)

    def greatest(self, one: Linear, other: Linear) -> Linear:
        """The greater of two forms: `other`, and what `one` is above it."""
        above = one.add(other.times(-1))
        raised = other.add(self.clip(above, 0, max(0, self.interval(above)[1])))
        (low, high), (least, most) = self.interval(one), self.interval(other)
        return self._narrowed(raised, max(low, least), max(high, most))

    def _narrowed(self, of: Linear, low: int, high: int) -> Linear:
        """A form that is known to lie in an interval: an unknown of its own where its parts do not show that."""
        least, most = self.interval(of)
        if low <= least and most <= high:
            return of
        low, high = max(low, least) - of.constant, min(high, most) - of.constant
        return self._opaque(("sum", tuple(sorted(of.parts.items())), (low, high)), (low, high)).plus(of.constant)

    def lookup(self, of: Linear, values: Sequence[int]) -> Linear:
        """The value for `of`; `values` are those for the whole interval of `of`, from its lower end on."""
        if min(values) == max(values):
            return Linear(values[0])
        least = self.interval(of)[0]
        if self._has_two_values(of):
            return self._line(of, lambda value: values[value - least])
        if self._is_entry(of):
            return self._mapped(of, lambda value: values[value - least])
        common = gcd(*of.parts.values()) * (1 if min(of.parts.items())[1] > 0 else -1)
        if common != 1:  # entries between are never asked for; one of a form and its opposite
            return self.lookup(of.over(common), values[::common])
        changes = [k for k in range(1, len(values)) if values[k] != values[k - 1]]
        if len(changes) == 1:
            jump = values[-1] - values[0]
            return self._step(Linear(0, of.parts), least + changes[0] - of.constant).times(jump).plus(values[0])
        sums, first = tuple(sorted(of.parts.items())), values[0]
        unit = gcd(*(value - first for value in values)) * (1 if values[changes[0]] > first else -1)
        steps = tuple((value - first) // unit for value in values)  # from 0, and up first
        return self._opaque(("lookup", sums, steps), (min(steps), max(steps))).times(unit).plus(first)

    def residue(self, of: Linear, bits: int, signed: bool) -> Linear:
        """The number congruent to `of` modulo 2^bits that so many bits hold: in two's complement where `signed`."""
        start = -(1 << bits - 1) if signed else 0
        whole = self.reduced(of, bits)
        for top in _tops(whole.parts, bits, signed):
            parts = {v: c - (1 << bits) if c >= top else c for v, c in whole.parts.items()}
            low, high = self.span(parts)
            constant = (whole.constant + low - start) % (1 << bits) + start - low
            if constant + high < start + (1 << bits):
                return Linear(constant, parts)
        if self._has_two_values(whole):
            return self._line(whole, lambda value: (value - start) % (1 << bits) + start)
        if self._is_entry(whole):
            return self._mapped(whole, lambda value: (value - start) % (1 << bits) + start)
        sums = tuple(sorted(whole.parts.items()))
        found = self._opaque(("residue", sums, (whole.constant, bits, signed)), (start, start + (1 << bits) - 1))
        (unknown,) = found.parts
        self.congruent[unknown] = bits, whole
        return found

    def reduced(self, of: Linear, bits: int) -> Linear:
        """A form congruent to `of` modulo 2^bits, all its numbers from 0 on, in one shape."""
        mask = (1 << bits) - 1
        constant, parts = of.constant, {v: c & mask for v, c in of.parts.items() if c & mask}
        while True:
            stands = self.congruent.keys() & parts.keys()
            stands = {v for v in stands if twos(parts[v], bits) + self.congruent[v][0] >= bits}
            if not stands:
                return Linear(constant & mask, parts)
            for unknown in stands:
                coefficient, form = parts.pop(unknown), self.congruent[unknown][1]
                constant += coefficient * form.constant
                for v, c in form.parts.items():
                    add_part(parts, v, c * coefficient & mask)
            parts = {v: c & mask for v, c in parts.items() if c & mask}

    def _floored(self, of: Linear, bits: int) -> Linear:
        """of / 2^bits, rounded down, where the constant is less than 2^bits and no two divides all coefficients."""
        kind, parts, numbers = self._shape(of)
        if self._is_entry(of):
            return self._mapped(of, lambda value: value >> bits)
        if kind == "floor":
            constant, before = numbers
            return self.floor(Linear(constant + (of.constant << before), dict(parts)), before + bits)
        if self._shape(of, any_coefficient=True)[0] == "clip":
            ((unknown, factor),) = of.parts.items()
            _, parts, ends = self.definitions[unknown]
            low, high = sorted((factor * end + of.constant) >> bits for end in ends)
            return self.clip(self.floor(Linear(0, dict(parts)).times(factor).plus(of.constant), bits), low, high)
        low, high = (end >> bits for end in self.interval(of))
        if high == low + 1:
            return self._step(Linear(0, of.parts), (high << bits) - of.constant).plus(low)
        sums = tuple(sorted(of.parts.items()))
        return self._opaque(("floor", sums, (of.constant, bits)), (low, high))

    def _step(self, of: Linear, least: int) -> Linear:
        """1 where `of`, which has no constant, is `least` or more, otherwise 0."""
        common = gcd(*of.parts.values())
        of, least = of.over(common), -(-least // common)
        low, high = self.interval(of)
        if low >= least or high < least:
            return Linear(int(low >= least))
        if high == low + 1 and len(of.parts) == 1:
            return of.plus(-low)
        sums = tuple(sorted(of.parts.items()))
        if sums[0][1] < 0:  # one of a form and its opposite
            return self._step(of.times(-1), 1 - least).times(-1).plus(1)
        kind, parts, numbers = self._shape(of)
        if kind in ("floor", "clip"):
            start, bits = numbers if kind == "floor" else (0, 0)
            return self._step(Linear(0, dict(parts)), (least << bits) - start)
        if self._is_entry(of):
            return self._mapped(of, lambda value: int(value >= least))
        return self._opaque(("step", sums, (least,)), (0, 1))

    def _has_two_values(self, of: Linear) -> bool:
        """Whether a form is one unknown that holds one of two neighbouring numbers, times something."""
        ends = [self.intervals[unknown] for unknown in of.parts]
        return len(ends) == 1 and ends[0][1] == ends[0][0] + 1

    def _line(self, of: Linear, value: Callable[[int], int]) -> Linear:
        """Any function of a form that has two values: a straight line."""
        ((unknown, coefficient),) = of.parts.items()
        low, high = self.intervals[unknown]
        first, last = (value(of.constant + coefficient * end) for end in (low, high))
        return Linear(0, {unknown: 1}).plus(-low).times(last - first).plus(first)

    def _shape(self, of: Linear, any_coefficient: bool = False) -> Definition:
        """The definition of the unknown that a form is, but for a constant; of none where it is more than that."""
        unknown = of.single
        if any_coefficient and len(of.parts) == 1:
            (unknown,) = of.parts
        return ("", (), ()) if unknown is None else self.definitions[unknown]

    def _is_entry(self, of: Linear) -> bool:
        """Whether a form is an entry of a table, times something."""
        return self._shape(of, any_coefficient=True)[0] == "lookup"

    def _mapped(self, of: Linear, value: Callable[[int], int]) -> Linear:
        """A function of a form that has one unknown, a table's entry, as a table."""
        ((unknown, coefficient),) = of.parts.items()
        _, parts, entries = self.definitions[unknown]
        return self.lookup(Linear(0, dict(parts)), tuple(value(of.constant + coefficient * entry) for entry in entries))

    def _opaque(self, definition: Definition, interval: Interval) -> Linear:
        return Linear(interval[0]) if interval[0] == interval[1] else Linear(0, {self._number(definition, interval): 1})

    def _number(self, definition: Definition, interval: Interval) -> int:
        found = self.numbers.get(definition)
        if found is None:
            found = self.numbers[definition] = len(self.definitions)
            self.definitions.append(definition)
            self.intervals.append(interval)
        return found


def _tops(parts: Parts, bits: int, signed: bool) -> tuple[int, ...]:
    """From where on coefficients modulo 2^bits are taken as negative: half, none, then the largest ones of others.

    A coefficient beyond half is right where its unknown has few values.
    """
    half, quarter = 1 << bits >> 1, 1 << bits >> 2
    others = sorted({c for c in parts.values() if c > quarter and c != half}, reverse=True)[:_TRIED]
    return (half, *(() if signed else (1 << bits,)), *others)
