"""What the instructions of core registers mean that move words, and make addresses.

A word that the linker fills in is no number here: it is the lower half of a pointer, or with it the pointer itself.
"""

from collections.abc import Callable

from armlet.isa.semantics import CoreMachine, CoreStep, RefusalError, Step, SymbolicMachine, Term


def _value(text: str) -> Callable[[CoreMachine], Term]:
    """An operand that is a register or an immediate."""
    if text.startswith("#"):
        bits = int(text[1:], 0)
        return lambda s: s.terms.constant(bits)
    return lambda s: s.get(text)


def move(parts: list[str]) -> CoreStep:
    """MOV and VMOV of one word."""
    d, source = parts[0], _value(parts[1])
    if len(parts) != 2:
        raise RefusalError("is unknown to the prover")

    def step(s: CoreMachine, _: int) -> None:
        s.put(d, source(s))

    return step


def move_low(parts: list[str]) -> CoreStep:
    """MOVW: a number, or the lower half of a symbol's address, which the linker fills in."""
    d, number = parts[0], int(parts[1][1:], 0)

    def step(s: CoreMachine, at: int) -> None:
        place = s.linked(at)
        low = place is not None and place & 0xFFFF == number
        s.put(d, s.terms.unknown("lower half", place or 0) if low else s.terms.constant(number))

    return step


def move_top(parts: list[str]) -> CoreStep:
    """MOVT: the upper half of a number, or of the symbol whose lower half the register holds."""
    d, high = parts[0], int(parts[1][1:], 0)

    def step(s: CoreMachine, at: int) -> None:
        place, before = s.linked(at), s.get(d)
        if place is not None and place >> 16 & 0xFFFF == high and before == s.terms.unknown("lower half", place):
            s.put(d, s.terms.pointer(place))
            return
        low = s.terms.bits(before)
        if low is None:
            raise RefusalError(f"takes half of {d}, which depends on data or on where memory lies")
        s.put(d, s.terms.constant(high << 16 | low & 0xFFFF))

    return step


def address_sum(sign: int) -> Callable[[list[str]], Step]:
    """ADD and SUB of core registers move addresses, and the bits of a value by a known number or by another value."""

    def meaning(parts: list[str]) -> Step:
        d, a, b = parts if len(parts) == 3 else [parts[0], *parts]
        second = _value(b)

        def step(s: SymbolicMachine, _: int) -> None:
            one, two = s.get(a), second(s)
            if sign > 0 and s.terms.bits(two) is None:
                one, two = two, one
            by = s.terms.bits(two)
            if by is None and s.terms.moved(one, 0) is None and s.terms.moved(two, 0) is None:
                s.put(d, s.terms.whole_sum(one, two) if sign > 0 else s.terms.whole_difference(one, two))
                return
            if by is None:
                raise RefusalError("adds what depends on data to an address")
            moved = s.terms.moved(one, sign * by)
            s.put(d, s.terms.raised(one, sign * by) if moved is None else moved)

        return step

    return meaning
