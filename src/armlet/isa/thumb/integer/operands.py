"""The operands of instructions on linear forms: the last one may be a number, or a register that is shifted."""

from collections.abc import Callable
from typing import TypeAlias

from armlet.integer.forms.words import Words
from armlet.isa.semantics import IntegerMachine, IntegerStep, RefusalError, Term

Meaning: TypeAlias = Callable[[list[str]], IntegerStep]
Second: TypeAlias = Callable[[IntegerMachine], Term]


def known(term: Term | None) -> Term:
    """A word that the algebra could tell. Raises `RefusalError` where it could not."""
    if term is None:
        raise RefusalError("makes of what depends on data what the prover does not know")
    return term


def shift(words: Words, kind: str, a: Term, by: int) -> Term:
    """a, shifted as the kind says."""
    match kind:
        case "lsl":
            return words.left(a, by)
        case "lsr":
            return words.right(a, by, False)
        case "asr":
            return words.scale_down(a, by)
        case _:
            raise RefusalError("shifts in a way that the prover does not know")


def last_operand(parts: list[str]) -> Second:
    """The last operand: a number, a register, or a register and how it is shifted."""
    if parts[0].startswith("#"):
        bits = int(parts[0][1:], 0)
        return lambda s: s.terms.constant(bits)
    name, *shifted = parts
    if not shifted:
        return lambda s: s.get(name)
    (text,) = shifted
    kind, by = text.split()
    number = int(by[1:], 0)
    return lambda s: shift(s.terms, kind, s.get(name), number)


def two(compute: Callable[[Words, Term, Term], Term | None]) -> Meaning:
    """d := a and the last operand, where d is a if there is but one more."""

    def meaning(parts: list[str]) -> IntegerStep:
        d, *rest = parts
        if len(rest) == 1 or " " in rest[1]:
            rest = [d, *rest]
        a, second = rest[0], last_operand(rest[1:])

        def step(s: IntegerMachine, _: int) -> None:
            s.put(d, known(compute(s.terms, s.get(a), second(s))))

        return step

    return meaning


def one(compute: Callable[[Words, Term], Term]) -> Meaning:
    """d := what is made of the last operand."""

    def meaning(parts: list[str]) -> IntegerStep:
        d, second = parts[0], last_operand(parts[1:])

        def step(s: IntegerMachine, _: int) -> None:
            s.put(d, compute(s.terms, second(s)))

        return step

    return meaning
