"""A term with other terms in place of its unknowns: what a loop's body computes, told in the words of a declaration."""

from collections.abc import Callable

from armlet.isa.semantics import Term
from armlet.prove.terms import Terms

_TERMS = {  # how many of the numbers in a key are terms
    "multiply": 2,
    "add": 2,
    "fused": 3,
    "negate": 1,
    "positive": 1,
    "negative": 1,
    "magnitude": 1,
    "divide": 2,
    "signed": 2,
    "raised": 1,
    "whole sum": 2,
    "whole difference": 2,
    "kept": 2,
}


def parts(terms: Terms, whole: Term) -> list[Term]:
    """All terms that `whole` is made of, itself at last; each after those that it is made of."""
    found, waiting = {whole}, [whole]
    while waiting:
        kind, *numbers = terms.keys[waiting.pop()]
        fresh = set(numbers[: _TERMS.get(kind, 0)]) - found
        found |= fresh
        waiting += fresh
    return sorted(found)


def substitute(terms: Terms, whole: Term, leaf: Callable[[Term], Term]) -> Term:
    """`whole`, made again with `leaf` of each constant, pointer and unknown in its place."""
    made: dict[Term, Term] = {}
    for term in parts(terms, whole):
        kind, *numbers = terms.keys[term]
        count = _TERMS.get(kind, 0)
        a, b, c = ([made[number] for number in numbers[:count]] + [0, 0, 0])[:3]
        match kind:
            case "multiply":
                made[term] = terms.multiply(a, b)
            case "add":
                made[term] = terms.add(a, b)
            case "fused":
                made[term] = terms.fused(a, terms.negate(b) if numbers[3] else b, c)
            case "negate":
                made[term] = terms.negate(a)
            case "positive":
                made[term] = terms.positive(a)
            case "negative":
                made[term] = terms.negative(a)
            case "magnitude":
                made[term] = terms.magnitude(a)
            case "divide":
                made[term] = terms.divide(a, b)
            case "signed":
                made[term] = terms.signed(a, b)
            case "raised":
                made[term] = terms.raised(a, numbers[1])
            case "whole sum":
                made[term] = terms.whole_sum(a, b)
            case "whole difference":
                made[term] = terms.whole_difference(a, b)
            case "kept":
                made[term] = terms.kept(a, b)
            case _:
                made[term] = leaf(term)
    return made[whole]
