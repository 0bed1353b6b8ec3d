"""A small part of the trial of the verifier over programs of networks with windows (tests/tensor_mutants.py)."""

from tensor_mutants import ALL, trials


def test_no_mutant_of_a_program_with_windows_is_missed():
    found = [trial for _, trial in trials(3 * len(ALL), len(ALL), 10, 7, 40)]
    assert [(trial.problem, trial.missed) for trial in found if not trial.holds] == []
    assert sum(trial.made for trial in found) == 3 * len(ALL)
    assert {kind for trial in found for kind, counts in trial.fates.items() if sum(counts.values())} == {*ALL}
