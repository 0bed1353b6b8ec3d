"""Multiplies a sum by a multiplier of 31 bits without a product of 64: digit after digit, the lowest first.

With m = d0 + 2^a d1 + 2^b d2 ..., the product shifted down is ((s d0 >> a) + s d1 >> b - a) + s d2 ...: each shift
rounds down, and what is rounded off decides nothing later, so all of it is s m shifted down at once. A digit is 1 or
-1, which takes a shift and an addition, or a number of eight bits, which takes a constant and MULS more.
"""

from functools import lru_cache
from typing import TypeAlias

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.select.integer.writer import Writer

_POINT = 31  # bits behind the point of a multiplier
_EIGHT = 8  # bits of a digit, and of a number that an addition holds
_WORD = 32
_ROUND = _POINT - _EIGHT  # from here up half a unit is a number of eight bits
_SPARE = 1 << _EIGHT  # that rounding adds

_Digits: TypeAlias = tuple[tuple[int, int], ...]  # position and digit, ascending


def write_product(writer: Writer, multiplier: int, largest: int, s: int, t: int, w: int, rounds: bool = True) -> None:
    """register t := the number in s, no larger than `largest`, times multiplier / 2^31; w is free.

    To the nearest, or down unless it `rounds`.
    """
    add = writer.add
    if not multiplier:
        add(Does.SMALL_CONSTANT, t, number=0)
        return
    most = min((1 << _EIGHT) - 1, ((1 << _WORD - 1) - _SPARE) // max(largest, 1) - 1)
    digits = multiplier_digits(multiplier, max(most, 1), writer.target.templates[Does.MULTIPLY_TO].cycles)
    (at, first), *others = digits
    source = _begin(writer, first, s, t)
    for position, digit in others:
        if position == _POINT:
            break
        add(Does.RIGHT_SIGNED, t, source, by=position - at)
        source, at = t, position
        _add(writer, digit, s, t, w)
    if at < _ROUND and (rounds or at == 0):  # shifted by 31 at once a product would be taken for a sign
        add(Does.RIGHT_SIGNED, t, source, by=_ROUND - at)
        source, at = t, _ROUND
    if source == s:
        add(Does.MOVE, t, s)
    if rounds:
        add(Does.ADD_SMALL, t, number=1 << _POINT - 1 - at)
    add(Does.RIGHT_SIGNED, t, t, by=_POINT - at)
    if digits[-1][0] == _POINT:
        _add(writer, digits[-1][1], s, t, w)


def multiplier_digits(number: int, most: int, multiply_cycles: int) -> _Digits:
    """A number as digits in the fewest cycles, none greater than `most`; what stands at 2^31 is 1."""
    return _fewest(number, most, multiply_cycles)[1]


@lru_cache(maxsize=1 << 14)
def _fewest(number: int, most: int, multiply_cycles: int) -> tuple[int, _Digits]:
    """Cycles and digits."""
    if not number:
        return 0, ()
    zeros = (number & -number).bit_length() - 1
    odd = number >> zeros
    ways: list[tuple[int, _Digits]] = []
    for bits in range(1, _EIGHT + 2):
        below = odd & (1 << bits) - 1
        for digit in (below, below - (1 << bits))[: 2 if odd >> bits else 1]:  # turned, it goes on with one more
            if abs(digit) > most:
                continue
            cycles, others = _fewest(odd - digit >> bits, most, multiply_cycles)
            own = 2 if abs(digit) == 1 else 3 + multiply_cycles
            ways.append((own + cycles, ((zeros, digit), *((zeros + bits + at, other) for at, other in others))))
    return min(ways)


def _begin(writer: Writer, digit: int, s: int, t: int) -> int:
    """The register that holds the first digit's product: that of the sum itself, or t."""
    if digit == 1:
        return s
    if digit == -1:
        writer.add(Does.NEGATE, t, s)
        return t
    writer.add(Does.SMALL_CONSTANT, t, number=abs(digit))
    writer.add(Does.MULTIPLY_TO, t, s)
    if digit < 0:
        writer.add(Does.NEGATE, t, t)
    return t


def _add(writer: Writer, digit: int, s: int, t: int, w: int) -> None:
    """t := t + digit * s."""
    made = s
    if abs(digit) > 1:
        writer.add(Does.SMALL_CONSTANT, w, number=abs(digit))
        writer.add(Does.MULTIPLY_TO, w, s)
        made = w
    writer.add(Does.ADD if digit > 0 else Does.SUBTRACT, t, t, made)
