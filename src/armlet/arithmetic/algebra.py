"""What values an arithmetic can be computed on: numbers, value numbers of a checker, or terms of a prover.

An arithmetic says which operations a sum or an activation takes, in which order; an algebra says what each does. So one
definition serves the interpreters, the checkers and the prover, and each of these keeps its own idea of a value.
"""

from typing import Protocol, TypeVar

Value = TypeVar("Value")


class Algebra(Protocol[Value]):
    """The operations of 32-bit floating point, and of the words that hold its numbers."""

    def constant(self, bits: int) -> Value:
        """A word whose bits are known."""
        ...

    def multiply(self, a: Value, b: Value) -> Value:
        """The rounded product."""
        ...

    def add(self, a: Value, b: Value) -> Value:
        """The rounded sum."""
        ...

    def subtract(self, a: Value, b: Value) -> Value:
        """The rounded difference."""
        ...

    def divide(self, a: Value, b: Value) -> Value:
        """The rounded quotient."""
        ...

    def fused(self, addend: Value, a: Value, b: Value) -> Value:
        """addend + a * b, rounded once."""
        ...

    def positive(self, a: Value) -> Value:
        """a, or +0 where its sign is set."""
        ...

    def negative(self, a: Value) -> Value:
        """a, or +0 where its sign is clear."""
        ...

    def magnitude(self, a: Value) -> Value:
        """a with its sign cleared."""
        ...

    def raised(self, a: Value, by: int) -> Value:
        """The word a as a whole number, and `by` more; it wraps round."""
        ...

    def signed(self, a: Value, b: Value) -> Value:
        """The sign of a, and the rest of b."""
        ...
