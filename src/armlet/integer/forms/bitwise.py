"""AND, BIC, ORR and EOR of words as linear forms, where one is known, is a sign, or shares no bit with the other.

Anything else is not linear, and gives None.
"""

from armlet.integer.forms.linear import twos
from armlet.integer.forms.products import joined
from armlet.integer.forms.words import Word, Words

_BITS = 32
_MASK = (1 << _BITS) - 1
_LOWEST, _HIGHEST = -(1 << 31), (1 << 31) - 1


def keep(words: Words, a: Word, b: Word) -> Word | None:
    """a and b, where one is a mask, or the sign of the other."""
    for one, other in ((a, b), (b, a)):
        mask = words.bits(other)
        if mask is not None:
            return _masked(words, one, mask)
        if words.same(other, words.right(one, _BITS - 1, True)):
            return words.clip(one, _LOWEST, 0)
    return None


def clear(words: Words, a: Word, b: Word) -> Word | None:
    """a and not b, where b is a mask, or the sign of a."""
    mask = words.bits(b)
    if mask is not None:
        return _masked(words, a, mask ^ _MASK)
    return words.clip(a, 0, _HIGHEST) if words.same(b, words.right(a, _BITS - 1, True)) else None


def either(words: Words, a: Word, b: Word) -> Word | None:
    """a or b, where they have no bit in common: one lies below the lowest bit that the other may have."""
    for one, other in ((a, b), (b, a)):
        if (whole := joined(words, one, other)) is not None:
            return whole
    for one, other in ((a, b), (b, a)):
        form = words.form(other)
        free = min(twos(c, _BITS) for c in (form.constant, *form.parts.values()))
        if words.unknowns.interval(words.value(one, False))[1] < 1 << free:
            return words.add(one, other)
    for one, other in ((a, b), (b, a)):
        mask = words.bits(other)
        if mask is not None and (cleared := _masked(words, one, mask ^ _MASK)) is not None:
            return words.add(cleared, other)
    return None


def exclusive(words: Words, a: Word, b: Word) -> Word | None:
    """a or b but not both, where one of them is known: a bit is turned, or a run of them."""
    for one, other in ((a, b), (b, a)):
        mask = words.bits(other)
        if mask is not None:
            return _bit_turned(words, one, mask) if mask and not mask & (mask - 1) else _turned(words, one, mask)
    return None


def _bit_turned(words: Words, a: Word, mask: int) -> Word:
    """a with one bit turned: the field that ends with it is moved by half its size, and wraps round."""
    moved = words.add(a, words.constant(mask))
    if mask.bit_length() == _BITS:
        return moved
    before, after = (words.field(x, mask.bit_length(), False) for x in (a, moved))
    return words.add(words.subtract(a, before), after)


def _turned(words: Words, a: Word, mask: int) -> Word:
    """a and the mask, without twice what they have in common."""
    total, rest = words.add(a, words.constant(mask)), mask
    while rest:
        carried = rest + (rest & -rest)
        run = rest & ~carried
        total = words.subtract(total, words.left(_run(words, a, run), 1))
        rest &= carried
    return total


def _masked(words: Words, a: Word, mask: int) -> Word | None:
    """The bits of a under a mask that is one run of ones, or all but one run."""
    if not mask or mask == _MASK:
        return a if mask else words.constant(0)
    if _is_run(mask):
        return _run(words, a, mask)
    rest = mask ^ _MASK
    return words.subtract(a, _run(words, a, rest)) if _is_run(rest) else None


def _is_run(mask: int) -> bool:
    start = twos(mask, _BITS)
    return not (mask >> start) & ((mask >> start) + 1)


def _run(words: Words, a: Word, mask: int) -> Word:
    """The bits of a under one run of ones."""
    start = twos(mask, _BITS)
    return words.left(words.field(words.right(a, start, False), mask.bit_length() - start, False), start)
