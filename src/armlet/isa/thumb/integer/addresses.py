"""Addresses that cores without MOVW make of their four bytes, from the highest on: MOVS, then LSLS and ADDS by turns.

Each byte that the linker fills in is no number but an unknown, until all four stand in their places: that is a pointer.
"""

from armlet.integer.forms.words import Words
from armlet.isa.semantics import IntegerMachine, IntegerStep, RefusalError, Term


def first_byte(parts: list[str]) -> IntegerStep:
    """MOVS: a number, or the highest byte of an address."""
    d, number = parts[0], int(parts[1][1:], 0)

    def step(s: IntegerMachine, at: int) -> None:
        place = s.linked(at)
        if place is None:
            s.put(d, s.terms.constant(number))
        elif number == _byte(place, 3):
            s.put(d, _above(s.terms, place, 3))
        else:
            raise RefusalError("holds no byte of the address that the linker filled in")

    return step


def add_byte(parts: list[str]) -> IntegerStep:
    """ADDS: a number, or the next byte of an address, of which the register holds those above."""
    d, number = parts[0], int(parts[1][1:], 0)

    def step(s: IntegerMachine, at: int) -> None:
        place, before = s.linked(at), s.get(d)
        if place is None:
            s.put(d, s.terms.add(before, s.terms.constant(number)))
            return
        for k in range(3):
            if number == _byte(place, k) and s.terms.same(before, s.terms.left(_above(s.terms, place, k + 1), 8)):
                s.put(d, _above(s.terms, place, k) if k else s.terms.pointer(place))
                return
        raise RefusalError("adds a byte of an address whose higher ones the register does not hold")

    return step


def _byte(place: int, k: int) -> int:
    return place >> 8 * k & 0xFF


def _above(words: Words, place: int, k: int) -> Term:
    """The bytes of an address from k on, as unknowns in their places."""
    total = words.constant(0)
    for j in range(3, k - 1, -1):
        total = words.add(words.left(total, 8), words.unknown(f"byte {j} of an address", place))
    return total
