"""What the lines of integer programs make of words, as linear forms: for the checker, which knows no machine."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from armlet.integer.forms.bitwise import clear, either, keep
from armlet.integer.forms.products import multiply, multiply_high
from armlet.integer.forms.words import Word, Words
from armlet.isa.integer_operation import IntegerOperation as Op

One: TypeAlias = Callable[[Words, Word, int, int], Word]  # of a, bits and a number
Two: TypeAlias = Callable[[Words, Word, Word, int], Word | None]  # of a, b and bits; None where it is not known

_LOW, _HIGH = -(1 << 31), (1 << 31) - 1


def _field(bits: int, signed: bool) -> One:
    return lambda words, a, by, number: words.field(a, bits or by, signed)


def _clamp(signed: bool) -> One:
    def clamped(words: Words, a: Word, by: int, number: int) -> Word:
        low, high = (-(1 << number - 1), (1 << number - 1) - 1) if signed else (0, (1 << number) - 1)
        return words.clip(words.scale_down(a, by), low, high)

    return clamped


def _two_bytes(words: Words, a: Word) -> Word:
    low, high = (words.field(words.right(a, start, False), 8, True) for start in (8, 24))
    return words.add(words.field(low, 16, False), words.left(high, 16))


ONE: Mapping[Op, One] = MappingProxyType(
    {
        Op.MOVE: lambda words, a, by, number: a,
        Op.NEGATE: lambda words, a, by, number: words.subtract(words.constant(0), a),
        Op.NOT_LEFT: lambda words, a, by, number: words.subtract(words.constant(-1), words.left(a, by)),
        Op.NOT_RIGHT: lambda words, a, by, number: words.subtract(words.constant(-1), words.right(a, by, False)),
        Op.NUMBER_LESS: lambda words, a, by, number: words.subtract(words.constant(number), a),
        Op.ADD_NUMBER: lambda words, a, by, number: words.add(a, words.constant(number)),
        Op.ADD_SMALL: lambda words, a, by, number: words.add(a, words.constant(number)),
        Op.SUBTRACT_NUMBER: lambda words, a, by, number: words.subtract(a, words.constant(number)),
        Op.SUBTRACT_SMALL: lambda words, a, by, number: words.subtract(a, words.constant(number)),
        Op.CONSTANT_HIGH: lambda words, a, by, number: words.add(
            words.field(a, 16, False), words.constant(number << 16)
        ),
        Op.LEFT: lambda words, a, by, number: words.left(a, by),
        Op.RIGHT: lambda words, a, by, number: words.right(a, by, False),
        Op.RIGHT_SIGNED: lambda words, a, by, number: words.scale_down(a, by),
        Op.ADD_SIGN: lambda words, a, by, number: words.add(a, words.right(a, 31, True)),
        Op.ODD_BYTES: lambda words, a, by, number: _two_bytes(words, a),
        Op.POSITIVE: lambda words, a, by, number: words.clip(a, 0, _HIGH),
        Op.NEGATIVE: lambda words, a, by, number: words.clip(a, _LOW, 0),
        Op.SIGNED_FIELD: _field(0, signed=True),
        Op.UNSIGNED_FIELD: _field(0, signed=False),
        Op.UNSIGNED_BYTE: _field(8, signed=False),
        Op.SIGNED_BYTE: _field(8, signed=True),
        Op.UNSIGNED_HALF: _field(16, signed=False),
        Op.SIGNED_HALF: _field(16, signed=True),
        Op.SATURATE: _clamp(signed=False),
        Op.SATURATE_SIGNED: _clamp(signed=True),
        Op.CLAMP: _clamp(signed=False),
        Op.CLAMP_SIGNED: _clamp(signed=True),
    }
)
ON_ITSELF = frozenset({Op.ADD_SMALL, Op.SUBTRACT_SMALL, Op.CONSTANT_HIGH})  # of these, those that take d for a

TWO: Mapping[Op, Two] = MappingProxyType(
    {
        Op.ADD: lambda words, a, b, by: words.add(a, b),
        Op.ADD_LOW_BYTE: lambda words, a, b, by: words.add(a, words.field(b, 8, False)),
        Op.ADD_BYTE: lambda words, a, b, by: words.add(a, words.field(words.right(b, by, False), 8, False)),
        Op.ADD_LEFT: lambda words, a, b, by: words.add(a, words.left(b, by)),
        Op.ADD_RIGHT: lambda words, a, b, by: words.add(a, words.right(b, by, False)),
        Op.SUBTRACT: lambda words, a, b, by: words.subtract(a, b),
        Op.SUBTRACT_LEFT: lambda words, a, b, by: words.subtract(a, words.left(b, by)),
        Op.SUBTRACT_RIGHT: lambda words, a, b, by: words.subtract(a, words.right(b, by, False)),
        Op.REVERSE_SUBTRACT_LEFT: lambda words, a, b, by: words.subtract(words.left(b, by), a),
        Op.AND: lambda words, a, b, by: keep(words, a, b),
        Op.CLEAR: lambda words, a, b, by: clear(words, a, b),
        Op.MULTIPLY: lambda words, a, b, by: multiply(words, a, b),
        Op.MULTIPLY_HIGH: lambda words, a, b, by: multiply_high(words, a, b, 1 << 31),
        Op.MULTIPLY_UPPER: lambda words, a, b, by: multiply_high(words, a, b, 0),
    }
)
ONTO: Mapping[Op, Two] = MappingProxyType(  # of d and a
    {
        Op.ADD_TO: lambda words, a, b, by: words.add(a, b),
        Op.AND_TO: lambda words, a, b, by: keep(words, a, b),
        Op.OR_TO: lambda words, a, b, by: either(words, a, b),
        Op.CLEAR_TO: lambda words, a, b, by: clear(words, a, b),
        Op.MULTIPLY_TO: lambda words, a, b, by: multiply(words, a, b),
    }
)


def _product(halves: str) -> Two:
    """Of a half of a and a half of b, each the top one or the bottom one."""

    def product(words: Words, a: Word, b: Word, by: int) -> Word | None:
        parts = (words.right(x, 16, True) if h == "t" else words.field(x, 16, True) for x, h in zip((a, b), halves))
        return multiply(words, *parts)

    return product


ADDED: Mapping[Op, tuple[Two, ...]] = MappingProxyType(  # products of a and b that d takes in
    {
        Op.MULTIPLY_ADD: (TWO[Op.MULTIPLY],),
        Op.MULTIPLY_LOW_LOW: (_product("bb"),),
        Op.MULTIPLY_HIGH_LOW: (_product("tb"),),
        Op.MULTIPLY_LOW_HIGH: (_product("bt"),),
        Op.MULTIPLY_HIGH_HIGH: (_product("tt"),),
        Op.MULTIPLY_BOTH: (_product("bb"), _product("tt")),
    }
)
