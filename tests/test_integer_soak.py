"""A small part of the search among random networks in integers (tests/integer_soak.py)."""

import pytest

from armlet.isa.targets import INTEGER_TARGETS
from integer_soak import Finding, soak


@pytest.mark.parametrize("target", INTEGER_TARGETS)
def test_random_networks_are_exact_on_every_core(target: str):
    found: list[Finding] = []
    tally = soak(target, range(300), 1, 0.1, found.append)
    assert [(each.case.number, each.problem) for each in found] == []
    assert tally.total("networks") == 300
    assert tally.total("calls") >= 24 * tally.total("emulated") > 0
    assert tally.total("proved") > 0


@pytest.mark.parametrize(
    ("target", "seed", "number"),
    [
        ("cortex-m0plus", 2, 98),  # a product by 2^31 - 1 is a plain form
        ("cortex-m0plus", 2, 173),  # so is one whose multiplier ends with zeros
        ("cortex-m0plus", 2, 10),  # parts that are taken from a number
        ("cortex-m0plus", 31, 1520),
        ("cortex-m0plus-small-multiply", 2, 12),
        ("cortex-m0plus-small-multiply", 2, 457),
        ("cortex-m4", 11, 6620),  # the clamp shifts a plain form
        ("cortex-m4", 11, 8713),
        ("cortex-m4", 11, 9365),  # a field whose coefficient is beyond half of it
    ],
)
def test_products_that_were_once_not_told_to_be_right_are(target: str, seed: int, number: int):
    found: list[Finding] = []
    tally = soak(target, range(number, number + 1), seed, 1.0, found.append)
    assert [each.problem for each in found] == []
    assert tally.total("proved") == 1
