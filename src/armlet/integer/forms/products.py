"""Products of words as linear forms, where one operand is known; otherwise they are not linear, and None.

SMLAL and its kin hold an exact form F in two words: the low one is F modulo 2^32, the high one floor(F / 2^32). A field
in the middle is read by shifting the high word up by k, the low one down by 32 - k, and joining them: floor(F / 2^(32 -
k)), which `joined` knows by where its operands come from.
"""

from armlet.integer.forms.linear import Linear
from armlet.integer.forms.long_sum import LongSum
from armlet.integer.forms.words import Word, Words

_BITS = 32


def multiply(words: Words, a: Word, b: Word) -> Word | None:
    """a * b."""
    for known, other in ((b, a), (a, b)):
        number = words.bits(known)
        if number is not None:
            return words.word(words.form(other).times(number))
    return None


def multiply_high(words: Words, a: Word, b: Word, added: int) -> Word | None:
    """The upper word of the signed product of a and b, and `added`."""
    for known, other in ((b, a), (a, b)):
        if words.bits(known) is not None:
            product = words.value(other, True).times(words.value(known, True).constant)
            whole = product.plus(added)
            return words.part(words.word(words.unknowns.floor(whole, _BITS)), whole, _BITS)
    return None


def add_product(words: Words, pair: tuple[Word, Word] | None, a: Word, b: Word) -> tuple[Word, Word] | None:
    """The low and the high word of the sum in two words, 0 for None, and the signed product of a and b."""
    for known, other in ((a, b), (b, a)):
        bits = words.bits(known)
        if bits is not None:
            factor = bits - (1 << _BITS) if bits >> _BITS - 1 else bits
            return _added(words, pair or (words.constant(0), words.constant(0)), factor, other)
    return None


def _added(words: Words, pair: tuple[Word, Word], factor: int, other: Word) -> tuple[Word, Word]:
    made = LongSum(_sum_of(words, pair), factor, other)
    low = words.chained(pair[0], factor, other)
    high = words.later(lambda: words.unknowns.floor(_form(words, made), _BITS))
    words.sums[high] = low, made
    words.lows.add(low)
    return low, high


def _sum_of(words: Words, pair: tuple[Word, Word]) -> LongSum:
    """The number in two words: the sum that they are the words of, or what each of them is."""
    low, high = pair
    found = words.sums.get(high)
    if found is not None and found[0] == low:
        return found[1]
    return LongSum(known=words.value(high, True).times(1 << _BITS).add(words.value(low, False)))


def joined(words: Words, upper: Word, lower: Word) -> Word | None:
    """The word in the middle of a long sum, where it is put together of the high word and the low one; else None."""
    (high, up), (low, down) = words.halves.get(upper, (0, 0)), words.halves.get(lower, (0, 0))
    found = words.sums.get(high)
    if not up or up + down != _BITS or found is None or found[0] != low:
        return None
    return words.word(words.unknowns.floor(_form(words, found[1]), down))


def _form(words: Words, of: LongSum) -> Linear:
    return of.form(lambda word: words.value(word, True))
