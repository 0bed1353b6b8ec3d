"""Forms as functions: their values for arrays of numbers, and the one linear form that all of a form is made of."""

from collections.abc import Callable, Collection
from math import gcd
from typing import TypeAlias

import numpy as np

from armlet.integer.formats import I64
from armlet.integer.forms.linear import Linear, Parts
from armlet.integer.forms.unknowns import SortedParts, Unknowns

Given: TypeAlias = Callable[[Parts], I64]  # the values of a sum of leaves

_MOST = 1 << 62


def leaves_of(unknowns: Unknowns, form: Linear, leaves: Collection[int]) -> tuple[set[int], set[int]]:
    """The leaves that a form is made of, and all other unknowns that it has no definition for."""
    seen, waiting, found, others = set[int](), list(form.parts), set[int](), set[int]()
    while waiting:
        unknown = waiting.pop()
        if unknown in seen:
            continue
        seen.add(unknown)
        parts = unknowns.definitions[unknown][1]
        if unknown in leaves:
            found.add(unknown)
        elif not parts:
            others.add(unknown)
        waiting += [part for part, _ in parts]
    return found, others


def base_of(unknowns: Unknowns, form: Linear, leaves: Collection[int]) -> dict[int, int] | None:
    """The sum of leaves, without a common factor, of which alone a form is a function; None where it is of more."""
    found: dict[int, int] | None = None
    seen, waiting = set[int](), [dict(form.parts)]
    while waiting:
        parts = waiting.pop()
        own = {v: c for v, c in parts.items() if v in leaves}
        if own:
            common = gcd(*own.values()) * (1 if min(own.items())[1] > 0 else -1)
            own = {v: c // common for v, c in own.items()}
            if found is not None and own != found:
                return None
            found = own
        for unknown in parts:
            if unknown not in leaves and unknown not in seen:
                seen.add(unknown)
                waiting.append(dict(unknowns.definitions[unknown][1]))
    return found


def evaluate(unknowns: Unknowns, form: Linear, leaves: Collection[int], given: Given) -> I64:
    """A form's values, where `given` knows those of sums of leaves."""
    known: dict[int, I64] = {}

    def value(parts: Parts) -> I64:
        own = {v: c for v, c in parts.items() if v in leaves}
        total = given(own) if own else np.int64(0)
        for unknown, coefficient in parts.items():
            if unknown not in leaves:
                if unknown not in known:
                    known[unknown] = _defined(unknowns, unknown, value)
                total = total + coefficient * known[unknown]
        return np.asarray(total, np.int64)

    _check(unknowns, form.parts, form.constant)
    return value(form.parts) + form.constant


def _check(unknowns: Unknowns, parts: Parts, constant: int) -> None:
    if abs(constant) + sum(abs(c) * max(map(abs, unknowns.intervals[v])) for v, c in parts.items()) >= _MOST:
        raise OverflowError("a form is beyond 64 bits")


def _defined(unknowns: Unknowns, unknown: int, value: Given) -> I64:
    """The values of an unknown that is made of others."""
    kind, sums, numbers = unknowns.definitions[unknown]
    parts = _nearest(sums, numbers[1]) if kind == "residue" else dict(sums)
    _check(unknowns, parts, numbers[0] if kind in ("floor", "residue") else 0)
    of = value(parts)
    match kind:
        case "floor":
            return of + numbers[0] >> numbers[1]
        case "step":
            return (of >= numbers[0]).astype(np.int64)
        case "clip":
            low, high = numbers
            return np.clip(of, low, high)
        case "sum":
            return of
        case "lookup":
            return np.array(numbers, np.int64)[of - unknowns.span(parts)[0]]
        case "residue":
            constant, bits, signed = numbers
            start = 1 << bits - 1 if signed else 0
            return ((of + constant + start) & (1 << bits) - 1) - start
        case _:
            raise AssertionError(kind)


def _nearest(sums: SortedParts, bits: int) -> Parts:
    """Coefficients that are congruent modulo 2^bits, none of them further from 0 than half of that."""
    half = 1 << bits - 1
    return {v: (c + half & (1 << bits) - 1) - half for v, c in sums}
