"""What loads and stores of words, halves and bytes mean: ARM DDI 0403, A7.7, on parts of words."""

import re
from collections.abc import Callable

from armlet.isa.semantics import IntegerMachine, IntegerStep, RefusalError, Term

_ENTRIES = 1 << 16  # that a table may have
_ADDRESS = re.compile(r"\[(\w+)(?:, (?:#(-?\w+)|(\w+)(?:, lsl #(\d))?))?\](!?)")


def load_part(size: int, signed: bool) -> Callable[[list[str]], IntegerStep]:
    """LDR, LDRB, LDRH, LDRSB and LDRSH. An address that depends on data must lie in a table."""

    def meaning(parts: list[str]) -> IntegerStep:
        d, find, moves = parts[0], *_address(parts)
        base, by = moves

        def step(s: IntegerMachine, _: int) -> int | None:
            address = find(s)
            place = s.terms.place(address)
            word = _look_up(s, address, size, signed) if place is None else s.load_part(place, size, signed)
            if by:
                s.move(base, by)
            if d == "pc":
                return s.target(word)
            s.put(d, word)
            return None

        return step

    return meaning


def load_pair(parts: list[str]) -> IntegerStep:
    """LDRD, with an offset and no more: two words that lie side by side."""
    one, two, *rest = parts
    find, moves = _address([one, *rest])
    if moves[1] or two in (one, "pc", "sp") or one in ("pc", "sp"):
        raise RefusalError("loads a pair in a way that the prover does not know")

    def step(s: IntegerMachine, _: int) -> None:
        place = s.terms.place(find(s))
        if place is None:
            raise RefusalError("takes an address that depends on data")
        words = [s.load_part(place + at, 4, False) for at in (0, 4)]
        s.put(one, words[0])
        s.put(two, words[1])

    return step


def store_pair(parts: list[str]) -> IntegerStep:
    """STRD, with an offset and no more."""
    one, two, *rest = parts
    find, moves = _address([one, *rest])
    if moves[1] or {one, two} & {"pc", "sp"}:
        raise RefusalError("stores a pair in a way that the prover does not know")

    def step(s: IntegerMachine, _: int) -> None:
        place = s.terms.place(find(s))
        if place is None:
            raise RefusalError("writes to an address that depends on data")
        s.store_part(place, 4, s.get(one))
        s.store_part(place + 4, 4, s.get(two))

    return step


def store_part(size: int) -> Callable[[list[str]], IntegerStep]:
    """STR, STRB and STRH."""

    def meaning(parts: list[str]) -> IntegerStep:
        d, find, moves = parts[0], *_address(parts)
        base, by = moves

        def step(s: IntegerMachine, _: int) -> None:
            place = s.terms.place(find(s))
            if place is None:
                raise RefusalError("writes to an address that depends on data")
            word = s.get(d)
            if by:
                s.move(base, by)
            s.store_part(place, size, word)

        return step

    return meaning


def _look_up(s: IntegerMachine, address: Term, size: int, signed: bool) -> Term:
    """The entry of a table of constants: all that the address may be must lie in it."""
    piece, offset = s.terms.address(address)
    low, high = s.terms.unknowns.interval(offset)
    if any(number % size for number in (offset.constant, *offset.parts.values())) or high - low > size * _ENTRIES:
        raise RefusalError("takes an address that depends on data")
    entries = [s.held((piece << 32) + at, size, signed) for at in range(low, high + 1, size)]
    return s.terms.word(s.terms.unknowns.lookup(s.terms.unknowns.floor(offset, size.bit_length() - 1), entries))


def _address(parts: list[str]) -> tuple[Callable[[IntegerMachine], Term], tuple[str, int]]:
    """[base, #offset] and [base, index]: the address, and the register that is moved with by how many bytes."""
    moved, text, *after = parts
    match = _ADDRESS.fullmatch(text)
    if match is None or len(after) > 1:
        raise RefusalError("has an address that the prover does not know")
    base, number, index, left, write_back = match.groups()
    offset, behind = int(number or "0", 0), int(after[0].removeprefix("#"), 0) if after else 0
    if base == moved and (write_back or after):
        raise RefusalError(f"moves {base} and updates it")

    def find(s: IntegerMachine) -> Term:
        address = s.terms.add(s.get(base), s.terms.constant(offset))
        return s.terms.add(address, s.terms.left(s.get(index), int(left or "0"))) if index else address

    return find, (base, offset + behind if write_back or after else 0)
