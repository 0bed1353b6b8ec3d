"""Numbers as few signed powers of two: the shifts and additions that multiply by them."""

from functools import lru_cache


@lru_cache(maxsize=1 << 16)
def signed_digits(number: int) -> tuple[tuple[int, int], ...]:
    """The non-adjacent form of a number: (exponent, 1 or -1), ascending.

    No form has fewer digits (Reitwiesner, Advances in Computers 1, 1960).
    """
    digits: list[tuple[int, int]] = []
    exponent = 0
    while number:
        if number & 1:
            digit = 2 - (number & 3)
            digits.append((exponent, digit))
            number -= digit
        number >>= 1
        exponent += 1
    return tuple(digits)
