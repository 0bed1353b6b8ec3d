"""Brings a constant into a low register of Cortex-M0+, eight bits at a time."""

from functools import lru_cache
from typing import TypeAlias

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.select.integer.writer import Writer

_Steps: TypeAlias = tuple[tuple[Does, int], ...]  # operations and their numbers; the first is SMALL_CONSTANT


def write_constant(writer: Writer, d: int, value: int, bits: int = 32) -> None:
    """register d := value, of which the lowest `bits` alone count."""
    for op, number in _fewest(value % (1 << bits), bits):
        if op == Does.LEFT:
            writer.add(op, d, d, by=number)
        else:
            writer.add(op, d, d if op == Does.NEGATE else 0, number=number)


def constant_lines(value: int, bits: int = 32) -> int:
    """Lines that bring a constant into a register."""
    return len(_fewest(value % (1 << bits), bits))


@lru_cache(maxsize=1 << 14)
def _fewest(value: int, bits: int) -> _Steps:
    """The fewest steps to a value, congruent modulo 2^bits."""
    signed = value - (value >> bits - 1 << bits)
    ways = [_built(value), _built(-signed), _built((1 << bits) - value)]
    plain, negated = ways[0], (*min(ways[1:], key=len), (Does.NEGATE, 0))
    return plain if len(plain) <= len(negated) else negated


@lru_cache(maxsize=1 << 14)
def _built(value: int) -> _Steps:
    """The fewest steps to a value that is not negative: shifts, and additions of what eight bits hold."""
    if value < 0:
        return ((Does.LEFT, 0),) * 9  # none
    if value < 256:
        return ((Does.SMALL_CONSTANT, value),)
    zeros = (value & -value).bit_length() - 1
    if zeros:
        return (*_built(value >> zeros), (Does.LEFT, zeros))
    below, above = value & 0xFF, 256 - (value & 0xFF)
    ways = ((*_built(value - below), (Does.ADD_SMALL, below)), (*_built(value + above), (Does.SUBTRACT_SMALL, above)))
    return min(ways, key=len)
