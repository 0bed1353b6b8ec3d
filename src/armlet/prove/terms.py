"""What a program computes, as terms: every value is a constant, an input, or one rounding of other values.

Equal terms have equal numbers, so that two programs agree on a value, bit for bit and for every input, where they have
built the same number. Only identities that hold exactly in IEEE 754 are used: products and sums commute,
(-a) b = -(a b), a - b = a + (-b), 1 a = a, a + a = 2 a, -(-a) = a.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from armlet.arithmetic.arithmetic import Identities
from armlet.isa.semantics import Term

Key: TypeAlias = tuple[str, int, int, int, int]

_LOW = 0xFFFF_FFFF


@dataclass(slots=True)
class Terms:
    """All terms so far, each with one number."""

    identities: Identities
    keys: list[Key] = field(default_factory=list)
    numbers: dict[Key, Term] = field(default_factory=dict)

    @property
    def _sign(self) -> int:
        return self.identities.sign or 0

    def constant(self, bits: int) -> Term:
        """A word whose bits are known: a weight, or an address."""
        return self._number("constant", bits & _LOW)

    def pointer(self, place: int) -> Term:
        """An address in memory that the caller places: which memory in the high bits, any base in the low 32.

        What is computed from it moves the low bits alone, so that nothing is proved by where it lies.
        """
        return self._number("pointer", place)

    def place(self, a: Term) -> int | None:
        """The address that a word is, where it is one."""
        kind, value, *_ = self.keys[a]
        return value if kind in ("constant", "pointer") else None

    def moved(self, a: Term, by: int) -> Term | None:
        """A word that is known, or a pointer, some bytes on; they wrap round as the core's do."""
        kind, value, *_ = self.keys[a]
        if kind == "constant":
            return self.constant(value + by)
        return self.pointer(value & ~_LOW | (value + by) & _LOW) if kind == "pointer" else None

    def unknown(self, what: str, index: int) -> Term:
        """A word that only the caller knows: an input, or what a register held."""
        return self._number(what, index)

    def multiply(self, a: Term, b: Term) -> Term:
        """The rounded product."""
        sign, a, b = self._factors(a, b)
        one = next((y for x, y in ((a, b), (b, a)) if self.bits(x) == self.identities.one), None)
        product = self._number("multiply", a, b) if one is None else one
        return self.negate(product) if sign else product

    def add(self, a: Term, b: Term) -> Term:
        """The rounded sum."""
        if a == b:
            return self.multiply(self.constant(self.identities.two), a)
        return self._number("add", min(a, b), max(a, b))

    def subtract(self, a: Term, b: Term) -> Term:
        """The rounded difference."""
        return self.add(a, self.negate(b))

    def fused(self, addend: Term, a: Term, b: Term) -> Term:
        """addend + a * b, rounded once."""
        sign, a, b = self._factors(a, b)
        if self.identities.one in (self.bits(a), self.bits(b)):  # the product is exact
            return self.add(addend, self.negate(self.multiply(a, b)) if sign else self.multiply(a, b))
        return self._number("fused", addend, a, b, sign)

    def negate(self, a: Term) -> Term:
        """a with its sign turned."""
        kind, of, *_ = self.keys[a]
        if kind == "constant":
            return self.constant(of ^ self._sign)
        return of if kind == "negate" else self._number("negate", a)

    def positive(self, a: Term) -> Term:
        """a where its sign is clear, otherwise +0."""
        bits = self.bits(a)
        if bits is None:
            return self._number("positive", a)
        return self.constant(0 if bits & self._sign else bits)

    def divide(self, a: Term, b: Term) -> Term:
        """The rounded quotient."""
        return self._number("divide", a, b)

    def negative(self, a: Term) -> Term:
        """a where its sign is set, otherwise +0."""
        bits = self.bits(a)
        if bits is None:
            return self._number("negative", a)
        return self.constant(bits if bits & self._sign else 0)

    def magnitude(self, a: Term) -> Term:
        """a with its sign cleared."""
        bits = self.bits(a)
        return self._number("magnitude", a) if bits is None else self.constant(bits & ~self._sign)

    def signed(self, a: Term, b: Term) -> Term:
        """The sign of a, and the rest of b."""
        sign, rest = self.bits(a), self.bits(b)
        if sign is None or rest is None:
            return self._number("signed", a, b)
        return self.constant(sign & self._sign | rest & ~self._sign)

    def raised(self, a: Term, by: int) -> Term:
        """The word a as a whole number, and `by` more; it wraps round."""
        bits = self.bits(a)
        return self._number("raised", a, by & _LOW) if bits is None else self.constant(bits + by)

    def whole_sum(self, a: Term, b: Term) -> Term:
        """The words a and b as whole numbers, added; they wrap round."""
        return self._number("whole sum", min(a, b), max(a, b))

    def whole_difference(self, a: Term, b: Term) -> Term:
        """The word a as a whole number, b less; they wrap round."""
        return self._number("whole difference", a, b)

    def kept(self, a: Term, by: Term) -> Term:
        """The word a where the sign of `by` is clear, otherwise 0."""
        return self.positive(a) if a == by else self._number("kept", a, by)

    def bits(self, a: Term) -> int | None:
        """The word, where it is known."""
        kind, bits, *_ = self.keys[a]
        return bits if kind == "constant" else None

    def _factors(self, a: Term, b: Term) -> tuple[int, Term, Term]:
        """The sign of the product, and its factors without signs, in the order of their numbers."""
        sign = 0
        plain: list[Term] = []
        for factor in (a, b):
            kind, of, *_ = self.keys[factor]
            turned = kind == "negate" or (kind == "constant" and bool(of & self._sign))
            sign ^= turned
            plain.append(self.negate(factor) if turned else factor)
        return int(sign), min(plain), max(plain)

    def _number(self, kind: str, a: int = 0, b: int = 0, c: int = 0, d: int = 0) -> Term:
        key = (kind, a, b, c, d)
        found = self.numbers.get(key)
        if found is None:
            found = self.numbers[key] = len(self.keys)
            self.keys.append(key)
        return found
