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
