"""Numbers values: two get the same number where they are built in the same way from the same parts.

Identities that are exact in IEEE 754 make one way of two: products and sums commute, (-w) x = -(w x), a - b = a + (-b),
-(-a) = a, and a + a = 2 a.
"""

from typing import Any, TypeAlias

Number: TypeAlias = int

_SIGN, _TWO = 0x8000_0000, 0x4000_0000


class Numbering:
    """Hands out one number for each distinct way of building a value."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Number] = {}
        self._keys: list[tuple[Any, ...]] = []

    def __call__(self, *key: Any) -> Number:
        found = self._known.setdefault(key, len(self._known))
        if found == len(self._keys):
            self._keys.append(key)
        return found

    def constant(self, bits: int) -> Number:
        """A word whose bits are known."""
        return self("constant", bits & 0xFFFF_FFFF)

    def multiply(self, a: Number, b: Number) -> Number:
        """The rounded product."""
        a, b = sorted((a, b))
        for w, x in ((a, b), (b, a)):
            kind, bits, *_ = self._keys[w]
            if kind == "constant" and bits & _SIGN:
                return self.negate(self.multiply(self.constant(bits ^ _SIGN), x))
        return self("multiply", a, b)

    def add(self, a: Number, b: Number) -> Number:
        """The rounded sum."""
        if a == b:
            return self.multiply(self.constant(_TWO), a)
        return self("add", *sorted((a, b)))

    def subtract(self, a: Number, b: Number) -> Number:
        """The rounded difference."""
        return self.add(a, self.negate(b))

    def fused(self, addend: Number, a: Number, b: Number) -> Number:
        """addend + a * b, rounded once."""
        return self("fused", addend, *sorted((a, b)))

    def negate(self, a: Number) -> Number:
        """a with its sign turned."""
        kind, of, *_ = self._keys[a]
        return of if kind == "negate" else self("negate", a)
