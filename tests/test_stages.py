"""Random networks pass every stage's checker, and each checker refuses faults planted in what it checks."""

from stages import run


def test_every_checker_passes_what_was_made_and_refuses_what_was_wounded():
    seen = run(0, 40)
    for stage in ("graph", "order", "code", "layout", "program"):
        assert seen[f"{stage}: passed"] == seen["networks"] > 30
        assert seen[f"{stage}: fault refused"] >= 5
    for stage in ("graph", "order", "code", "layout"):
        assert seen[f"{stage}: fault without effect"] == 0
