"""Sums of 64 bits and more that grow product by product, and are worked out when somebody asks."""

from collections.abc import Callable
from dataclasses import dataclass

from armlet.integer.forms.linear import Linear, add_part


@dataclass(slots=True, eq=False)
class LongSum:
    """An exact number: `known`, or the sum before it and factor times a signed word."""

    before: "LongSum | None" = None
    factor: int = 0
    added: int = 0
    known: Linear | None = None

    def form(self, value: Callable[[int], Linear]) -> Linear:
        """The sum, where `value` is the number that a signed word is."""
        waiting, at = list[LongSum](), self
        while at.known is None:
            waiting.append(at)
            assert at.before is not None
            at = at.before
        constant, parts = at.known.constant, dict(at.known.parts)
        for one in reversed(waiting):
            term = value(one.added)
            constant += one.factor * term.constant
            for unknown, coefficient in term.parts.items():
                add_part(parts, unknown, one.factor * coefficient)
        self.known = Linear(constant, parts)
        return self.known
