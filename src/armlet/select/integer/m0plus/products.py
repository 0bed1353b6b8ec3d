"""Writes what one visit of a word adds to accumulators, each product of a field made once for all that take it.

The high field comes out of the word by a shift to the right; the low one needs nothing taken away, since what lies
above it stays above the sum. A high register can only be added to: what it is to lose is negated first, either the
product alone or the word from which more products are made, whichever is shorter.
"""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.isa.integer_target import LOW
from armlet.select.integer.digits import signed_digits
from armlet.select.integer.m0plus.constants import constant_lines, write_constant
from armlet.select.integer.writer import Writer

FIELD = 24  # bits from the low to the high field, and of a sum

Connection: TypeAlias = tuple[int, int]  # source and neuron


class Product(NamedTuple):
    """A field of a word, 0 low and 1 high, shifted to the left by `value` bits or multiplied by `value`."""

    field: int
    is_multiple: bool
    value: int

    @property
    def is_field(self) -> bool:
        """Whether it is the field itself."""
        return not self.is_multiple and self.value == 0


class Taker(NamedTuple):
    """An accumulator that takes a product, or the negative of it."""

    register: int
    sign: int
    connection: Connection

    @property
    def needs_negative(self) -> bool:
        """Whether it is high and is to lose the product."""
        return self.register >= LOW and self.sign < 0


Takers: TypeAlias = dict[Product, list[Taker]]


def products_of(weight: int, of: int, multiply_cycles: int) -> tuple[tuple[Product, int], ...]:
    """The products of the field `of`, with their signs, that add up to the field times `weight`."""
    digits = signed_digits(weight)
    added = sum(1 if (of, exponent) == (0, 0) else 2 for exponent, _ in digits)
    if constant_lines(abs(weight)) + multiply_cycles + 1 < added:
        return ((Product(of, True, abs(weight)), 1 if weight > 0 else -1),)
    return tuple((Product(of, False, exponent), sign) for exponent, sign in digits)


@dataclass(slots=True)
class Visit:
    """A word in register x, what takes its products, and low registers that are free: one at least beside x where a
    product is not a field itself."""

    writer: Writer
    x: int
    takers: Takers
    free: list[int]
    fresh: set[int]  # accumulators that hold nothing yet

    def write(self) -> None:
        """All lines."""
        low, high = ([p for p in sorted(self.takers) if p.field == of] for of in (0, 1))
        if low:
            self._multiples(low, keeps=bool(high))
        if not high:
            return
        turned = sum(_signs(self.takers[p])[1] for p in high)
        apart = len(high) + turned  # each out of the word
        whole = 1 + sum(_lines(p) for p in high) + min(turned, _turned(high, self.takers))
        if any(p.is_multiple for p in high) or whole < apart:
            self.writer.add(Does.RIGHT, self.x, self.x, by=FIELD)
            self._multiples(high, keeps=False)
            return
        for p in high:
            self._each(p, keeps=p is not high[-1], shift=FIELD - p.value)

    def _multiples(self, products: list[Product], keeps: bool) -> None:
        """Products of what x holds; it stays where something `keeps` it."""
        others = not all(p.is_field for p in products)
        negated = sum(_signs(self.takers[p])[1] for p in products)
        room = not keeps or len(self.free) > others
        if not room or _turned(products, self.takers) >= negated:
            for p in products:
                self._each(p, keeps or p is not products[-1])
            return
        for p in products:
            plus, minus = _signs(self.takers[p])
            if plus or not minus:
                self._give(p, [t for t in self.takers[p] if not t.needs_negative], self._made(p, self.x), 1)
        turned = self.free.pop() if keeps else self.x
        self.writer.add(Does.NEGATE, turned, self.x)
        for p in products:
            plus, minus = _signs(self.takers[p])
            if minus:
                takers = [t for t in self.takers[p] if t.needs_negative or not plus]
                self._give(p, takers, self._made(p, turned), -1)
        if keeps:
            self.free.append(turned)

    def _each(self, p: Product, keeps: bool, shift: int = 0) -> None:
        """One product, and its negative where a high register takes that; `shift` takes it out of the word."""
        takers = self.takers[p]
        plus, minus = [t for t in takers if not t.needs_negative], [t for t in takers if t.needs_negative]
        made = self._shifted(shift, keeps) if shift else self._made(p, self.x)
        self._give(p, plus, made, 1)
        if not minus:
            return
        turned = self.free[0] if self.free else self.x
        self.writer.add(Does.NEGATE, turned, made)
        self._give(p, minus, turned, -1)
        if turned == self.x and keeps:
            self.writer.add(Does.NEGATE, turned, turned)

    def _made(self, p: Product, source: int) -> int:
        """The register of a product of what `source` holds."""
        if p.is_field:
            return source
        made = self.free[0]
        if p.is_multiple:
            write_constant(self.writer, made, p.value)
            self.writer.add(Does.MULTIPLY_TO, made, source)
        else:
            self.writer.add(Does.LEFT, made, source, by=p.value)
        return made

    def _shifted(self, shift: int, keeps: bool) -> int:
        made = self.free[0] if keeps else self.x
        self.writer.add(Does.RIGHT, made, self.x, by=shift)
        return made

    def _give(self, p: Product, takers: list[Taker], made: int, sign: int) -> None:
        """Add to each what `made` holds: the product, or its negative where `sign` says so."""
        for register, wanted, connection in takers:
            plus = wanted == sign
            if register in self.fresh:
                self.fresh.discard(register)
                self.writer.connect(Does.MOVE if plus else Does.NEGATE, register, made, 0, 0, connection)
            elif register >= LOW:
                self.writer.connect(Does.ADD_TO, register, made, 0, 0, connection)
            else:
                self.writer.connect(Does.ADD if plus else Does.SUBTRACT, register, register, made, 0, connection)


def _lines(p: Product) -> int:
    """Lines that make a product of a field."""
    return constant_lines(p.value) + 1 if p.is_multiple else 1 - p.is_field


def _signs(takers: list[Taker]) -> tuple[bool, bool]:
    """Whether high registers take the product, and its negative."""
    high = [t for t in takers if t.register >= LOW]
    return any(t.sign > 0 for t in high), any(t.sign < 0 for t in high)


def _turned(products: list[Product], takers: Takers) -> int:
    """Lines more where the field is negated, and products made of it again."""
    return 1 + sum(_lines(p) for p in products if _signs(takers[p]) == (True, True))
