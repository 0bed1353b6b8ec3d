"""Random networks come through the compiler to the bit, and the soak finds what is planted: its small run."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import soak
from armlet.build.read import Build
from armlet.formats.params import read_params
from armlet.toolchain.toolchain import find_toolchain

NETWORKS = 300


def test_random_networks_agree_to_the_bit():
    found: list[soak.Finding] = []
    tally = soak.soak(1, NETWORKS, None, found.append)
    assert not found, found[0]
    assert tally["networks"] == NETWORKS
    assert tally["calls"] > 10 * NETWORKS


def test_a_planted_fault_is_found_shrunk_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    honest = soak._build

    def lying(case: soak.Case) -> Build:
        """Loses the sign of every ReLU: the bits that BIC clears."""
        build = honest(case)
        object.__setattr__(build, "assembly", build.assembly.replace(", asr #31", ", lsr #31"))
        return build

    monkeypatch.setattr(soak, "_build", lying)
    found: list[soak.Finding] = []
    tools = find_toolchain()
    soak.soak(1, 24, None, found.append, tools=tools)
    assert found
    small = soak.shrink(found[0], tools)
    assert small.case.network.weights <= found[0].case.network.weights
    assert max(small.case.network.widths) <= 2
    back = read_params(soak.keep(small, 1, tmp_path))
    assert back.digest() == small.case.network.digest()
    assert soak.try_batch([small.case], tools, Counter())


def test_a_network_is_the_same_for_the_same_number():
    first, again = (list(zip(range(20), soak.cases(3, 5))) for _ in range(2))
    assert [case.network.digest() for _, case in first] == [case.network.digest() for _, case in again]
    assert [case.options for _, case in first] == [case.options for _, case in again]
    assert len({case.network.digest() for _, case in first}) == 20


def test_the_law_holds_what_it_promises():
    drawn = [case.network for case, _ in zip(soak.cases(0), range(400))]
    values = np.concatenate([layer.weight.ravel() for network in drawn for layer in network.dense])
    size = np.abs(values[values != 0])
    assert np.signbit(values[values == 0]).any()
    assert (size < np.finfo(np.float32).tiny).any()
    assert (size > 1e8).any()
    assert (np.frexp(size)[0] == 0.5).any()
    assert any((layer.weight == 0).all(axis=1).any() for network in drawn for layer in network.dense)
    assert any((network.dense[0].weight == 0).all(axis=0).any() for network in drawn)
    assert any(not network.domain.is_normalised for network in drawn)
