"""The float32 contract against exact rational arithmetic."""

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from armlet.arithmetic.float32 import FLOAT32, FLOAT32_FUSED
from armlet.network.activation import Activation
from armlet.network.frozen import F32

ON = FLOAT32.numbers
LARGEST = Fraction(float(np.finfo(np.float32).max))
SMALL = st.integers(-(2**24), 2**24)
numbers = st.floats(width=32, allow_nan=False, allow_infinity=False) | st.builds(
    lambda whole, exponent: float(np.float32(whole * 2.0**exponent)), SMALL, st.integers(-149, 60)
)


def row(value: float) -> F32:
    return np.array([value], np.float32)


def nearest(exact: Fraction) -> Fraction:
    """`exact` rounded to float32, half to even, as if its exponent had no upper end."""
    if exact == 0:
        return exact
    top = abs(exact)
    exponent = top.numerator.bit_length() - top.denominator.bit_length()
    exponent -= top < Fraction(2) ** exponent
    unit = Fraction(2) ** (max(exponent, -126) - 23)
    return round(exact / unit) * unit


@settings(max_examples=500)
@given(numbers, numbers, numbers)
def test_a_fused_multiply_add_rounds_once(a: float, w: float, x: float):
    exact = nearest(Fraction(a) + Fraction(w) * Fraction(x))
    got = FLOAT32_FUSED.accumulate(ON, row(a), row(w), row(x))[0]
    assert np.isinf(got) if abs(exact) > LARGEST else Fraction(float(got)) == exact


@settings(max_examples=300)
@given(numbers, numbers, numbers)
def test_a_separate_multiply_add_rounds_twice(a: float, w: float, x: float):
    product = nearest(Fraction(w) * Fraction(x))
    got = FLOAT32.accumulate(ON, row(a), row(w), row(x))[0]
    if abs(product) <= LARGEST:
        exact = nearest(Fraction(a) + product)
        assert np.isinf(got) if abs(exact) > LARGEST else Fraction(float(got)) == exact
        assert Fraction(float(FLOAT32.begin(ON, None, row(w), row(x))[0])) == product


@given(numbers)
def test_relu_gives_positive_values_and_positive_zero(x: float):
    got = FLOAT32.activate(ON, Activation.RELU, row(0.0), row(x))[0]
    assert got == max(x, 0.0)
    assert not np.signbit(got)
