"""Twenty runs killed at random moments leave nothing half, and the next run is as if they had never been."""

import os
from pathlib import Path

import pytest

from armlet.formats.params import write_params
from generators.perceptrons import random_network
from kills import STAGES, soak

KILLS = 20


@pytest.mark.skipif(os.name == "nt", reason="kills process groups")
def test_a_killed_run_leaves_nothing_half_and_the_next_gives_the_unbroken_bytes(tmp_path: Path):
    _, _, sparsify, compile_ = STAGES
    for name in ("P", "S"):
        write_params(random_network([16, 8, 10], 0.5, 1), tmp_path / "given" / name)
    tally = soak(KILLS, 1, (sparsify, *[compile_] * 9), tmp_path / "given")
    resumed = [number for what, number in tally.items() if "resumed" in what]
    assert sum(tally.values()) - sum(resumed) == KILLS
    assert len(resumed) == 2
