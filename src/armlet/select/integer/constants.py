"""Brings a constant into a register by the fewest and shortest instructions that the core has for it."""

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.isa.integer_target import LOW
from armlet.select.integer.writer import Writer


def write_constant(writer: Writer, d: int, value: int, bits: int = 32) -> None:
    """register d := value, of which the lowest `bits` alone count."""
    mask = (1 << bits) - 1
    for candidate in (value, value & mask, (value & mask) - (mask + 1)):
        if 0 <= candidate < 256 and d < LOW and writer.target.can(Does.SMALL_CONSTANT):
            writer.add(Does.SMALL_CONSTANT, d, number=candidate)
            return
        if 0 <= candidate < 1 << 16:
            writer.add(Does.CONSTANT, d, number=candidate)
            return
        if -(1 << 31) <= candidate < 0 and is_modified(~candidate):
            writer.add(Does.NOT_CONSTANT, d, number=~candidate)
            return
    word = value & 0xFFFF_FFFF
    writer.add(Does.CONSTANT, d, number=word & 0xFFFF)
    writer.add(Does.CONSTANT_HIGH, d, number=word >> 16)


def write_sum(writer: Writer, d: int, a: int, number: int) -> None:
    """register d := a + number, where d is another register than a if the number is large."""
    if abs(number) >= 1 << 12:
        write_constant(writer, d, number)
        writer.add(Does.ADD, d, d, a)
    elif number:
        writer.add(Does.ADD_NUMBER if number > 0 else Does.SUBTRACT_NUMBER, d, a, number=abs(number))
    elif d != a:
        writer.add(Does.MOVE, d, a)


def is_modified(number: int) -> bool:
    """Whether a Thumb instruction can hold it (ARM DDI 0403, A5.3.2): 8 bits anywhere, or a repeated byte."""
    if not 0 <= number < 1 << 32:
        return False
    low, second = number & 0xFF, number >> 8 & 0xFF
    if number in (low, low * 0x0001_0001, low * 0x0101_0101, second * 0x0100_0100):
        return True
    top = number.bit_length()
    return top > 8 and number % (1 << (top - 8)) == 0
