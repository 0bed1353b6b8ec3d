"""Numbers values: two get the same number where they are built in the same way from the same parts.

Identities that are exact make one way of two: products and sums commute, (-w) x = -(w x), 1 x = x, a - b = a + (-b),
-(-a) = a, and a + a = 2 a.
"""

from typing import Any, TypeAlias

from armlet.arithmetic.arithmetic import Identities

Number: TypeAlias = int


class Numbering:
    """Hands out one number for each distinct way of building a value."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self._known: dict[tuple[Any, ...], Number] = {}
        self._keys: list[tuple[Any, ...]] = []

    def __call__(self, *key: Any) -> Number:
        found = self._known.setdefault(key, len(self._known))
        if found == len(self._keys):
            self._keys.append(key)
        return found

    def constant(self, bits: int) -> Number:
        """A word whose bits are known."""
        return self("constant", bits)

    def multiply(self, a: Number, b: Number) -> Number:
        """The rounded product; by a factor of one it is exact."""
        a, b = sorted((a, b))
        for w, x in ((a, b), (b, a)):
            bits, sign = self._bits(w), self._identities.sign
            if bits is not None and sign is not None and bits & sign:
                return self.negate(self.multiply(self.constant(bits ^ sign), x))
            if bits == self._identities.one:
                return x
        return self("multiply", a, b)

    def add(self, a: Number, b: Number) -> Number:
        """The rounded sum."""
        if a == b:
            return self.multiply(self.constant(self._identities.two), a)
        return self("add", *sorted((a, b)))

    def subtract(self, a: Number, b: Number) -> Number:
        """The rounded difference."""
        return self.add(a, self.negate(b))

    def divide(self, a: Number, b: Number) -> Number:
        """The rounded quotient."""
        return self("divide", a, b)

    def fused(self, addend: Number, a: Number, b: Number) -> Number:
        """addend + a * b, rounded once: as a sum where the product is exact."""
        one, sign = self._identities.one, self._identities.sign or 0
        if {self._bits(a), self._bits(b)} & {one, one | sign}:
            return self.add(addend, self.multiply(a, b))
        return self("fused", addend, *sorted((a, b)))

    def negate(self, a: Number) -> Number:
        """a with its sign turned."""
        kind, of, *_ = self._keys[a]
        return of if kind == "negate" else self("negate", a)

    def positive(self, a: Number) -> Number:
        """a, or +0 where its sign is set."""
        return self("positive", a, 0)

    def negative(self, a: Number) -> Number:
        """a, or +0 where its sign is clear."""
        return self("negative", a, 0)

    def magnitude(self, a: Number) -> Number:
        """a with its sign cleared."""
        return self("magnitude", a, 0)

    def raised(self, a: Number, by: int) -> Number:
        """The word a as a whole number, and `by` more."""
        return self("raised", a, by)

    def signed(self, a: Number, b: Number) -> Number:
        """The sign of a, and the rest of b."""
        return self("signed", a, b)

    def _bits(self, a: Number) -> int | None:
        key = self._keys[a]
        return key[1] if key[0] == "constant" else None
