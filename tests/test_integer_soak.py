"""A small part of the search among random networks in integers (tests/integer_soak.py)."""

from pathlib import Path

import pytest

from integer_soak import soak


@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m0plus"])
def test_random_networks_are_exact_on_both_cores(target: str, tmp_path: Path):
    found = soak(40, 7, target, 2, tmp_path)
    assert found["differs"] == found["not told to be right"] == 0
    assert found["right in the emulator"] > 0
