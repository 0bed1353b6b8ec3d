"""A small part of the trial of the verifier over builds in integers (tests/integer_mutants.py)."""

import pytest

from armlet.isa.targets import INTEGER_TARGETS
from integer_mutants import ANY, trials


@pytest.mark.parametrize("target", INTEGER_TARGETS)
def test_no_mutant_of_any_mix_of_schemes_is_missed(target: str):
    found = [trial for _, trial in trials(target, "mixed", ANY, 90, 1, inputs=20)]
    assert [(trial.problem, trial.missed) for trial in found if not trial.holds] == []
    assert sum(trial.made for trial in found) == 90
