"""The largest of several bytes, as it is made of differences: b and what a is above it, where that is above 0."""

from collections.abc import Mapping

from armlet.integer.forms.linear import Linear
from armlet.integer.forms.unknowns import Unknowns

_FAR = 1 << 40


def largest_of(unknowns: Unknowns, form: Linear, leaves: Mapping[int, int]) -> dict[int, int] | None:
    """The leaves of which a form is the largest, and what it has more than each; None where it is something else."""
    waiting, found = [form], dict[int, int]()
    while waiting:
        one = waiting.pop()
        single = one.single
        if single is not None and single in leaves:
            if found.setdefault(leaves[single], one.constant) != one.constant:
                return None
            continue
        split = _opened(unknowns, one, single) if single is not None else None
        split = _split(unknowns, one) if split is None else split
        if split is None:
            return None
        waiting += split
    return found


def _opened(unknowns: Unknowns, form: Linear, single: int) -> list[Linear] | None:
    """A sum of which an interval is known that its parts do not show."""
    kind, parts, _ = unknowns.definitions[single]
    return [Linear(form.constant, dict(parts))] if kind == "sum" else None


def _split(unknowns: Unknowns, form: Linear) -> list[Linear] | None:
    """rest + clip(p, low, high) is the largest of two forms, rest + low and rest + p, where p is never above high."""
    for unknown in sorted(form.parts, reverse=True):
        kind, parts, ends = unknowns.definitions[unknown]
        coefficient = form.parts[unknown]
        if kind != "clip" or abs(coefficient) != 1:
            continue
        low, high = ends if coefficient > 0 else (-ends[1], -ends[0])
        inside = Linear(0, dict(parts)).times(coefficient)
        if unknowns.interval(inside)[1] > high:
            continue
        rest = Linear(form.constant, {v: c for v, c in form.parts.items() if v != unknown})
        return [rest.plus(low), rest.add(inside)]
    return None


def clamped(unknowns: Unknowns, form: Linear) -> tuple[Linear, int, int, int]:
    """A form as what is clamped, between which ends, and what is added to that; far ends where nothing is clamped.

    A step is a clamp between two neighbours: 1 where p >= n, otherwise 0, is p between n - 1 and n, and 1 - n.
    """
    ((unknown, coefficient),) = form.parts.items() if len(form.parts) == 1 else ((-1, 0),)
    if abs(coefficient) != 1:
        return form, -_FAR, _FAR, 0
    kind, parts, numbers = unknowns.definitions[unknown]
    match kind:
        case "clip":
            ends, more = numbers, 0
        case "step":
            ends, more = (numbers[0] - 1, numbers[0]), 1 - numbers[0]
        case _:
            return form, -_FAR, _FAR, 0
    low, high = sorted(end * coefficient for end in ends)
    return Linear(0, dict(parts)).times(coefficient), low, high, form.constant + coefficient * more
