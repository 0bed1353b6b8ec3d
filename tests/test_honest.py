"""Honest builds are verified: random ones, every kind that there is, and those that corrupted copies hardly change."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from armlet.build.manifest import cheapest
from armlet.build.read import read_build
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Dense
from armlet.network.network import Network
from armlet.toolchain.toolchain import Toolchain
from armlet.verify.link.text import Sizes, strange_text
from armlet.verify.verify import verify_build
from generators.builds import QUICK, broken, compiled
from generators.survivors import survivors
from honest import try_honest
from mutants import SMALL, Kind, kinds, network_of

under_both = pytest.mark.usefixtures("each_toolchain")


def test_random_builds_are_accepted(each_toolchain: Toolchain):
    found: list[str] = []
    tally = try_honest(16, 2, 0, (each_toolchain,), found.append)
    assert found == []
    assert tally["builds"] == 16


@under_both
@pytest.mark.parametrize("kind", tuple(kinds()), ids=lambda kind: kind.name)
def test_every_kind_of_build_is_verified_and_its_figures_are_one(kind: Kind, tmp_path: Path):
    folder = compiled(network_of(kind.activation, SMALL), tmp_path, kind.options)
    verdict = verify_build(folder, random=1)
    assert verdict.holds, broken(verdict)
    name, told = "net", cheapest(read_build(folder).manifest.layouts)
    assert (verdict.figures[f"{name}_core"].cycles, verdict.figures[f"{name}_run"].cycles) == (told.core, told.run)


def _layer(weight: object, bias: object, kind: Activation = Activation.LINEAR) -> Dense:
    return Dense(np.array(weight, np.float32), np.array(bias, np.float32), kind)


@pytest.mark.parametrize("how", ["separate", "fused"])
def test_the_text_of_a_wide_network_is_armlets(how: str, tmp_path: Path):
    """Far addresses, offsets below a pointer, long lists: what small networks do not need."""
    network, texts = survivors((1500, 300, 100, 10), 0.98), list[str]()
    for inputs in ("free", "natural"):
        options = replace(QUICK, multiply_add=how, inputs=inputs)
        build = read_build(compiled(network, tmp_path / inputs, options))
        memory = build.manifest.memory
        sizes = Sizes(memory.constants // build.word, memory.work, memory.block)
        assert strange_text(build.assembly, "net", build.target, sizes, build.order.graph) == ""
        texts.append(build.assembly)
    for form in ("  movt r2, #", ", #-", "  addw ", "  subs.n ", "  stmia.w ", "  vldmia r2!"):
        assert any(form in text.replace("#:", "") for text in texts), form


QUIET = {
    "no constants": (_layer([[1, -1], [1, 1]], [0, 0]),),
    "a constant network": (_layer([[0, 0], [0, 0]], [0.3, -0.4]),),
    "a network of zeros": (_layer([[0, 0]], [0]),),
    "a network that is always zero": (_layer([[0.3, 0.7]], [-90], Activation.RELU),),
    "outputs that are always zero, unproved": (_layer([[0.3, 0.7]], [-0.95], Activation.RELU),),
    "saturated sigmoids": (_layer([[30.5, 40.25]], [90], Activation.SIGMOID),),
    "saturated tanh": (_layer([[300.5, 400.25], [1, 2]], [-9000, 700], Activation.TANH),),
    "saturated behind a layer": (
        _layer([[0.3, 0.2], [0.7, -0.4]], [0.1, 0.2], Activation.RELU),
        _layer([[55.3, 41.7]], [80], Activation.TANH),
    ),
    "zero on nearly all inputs": (_layer([[0.51, 0.52]], [-1.02], Activation.RELU),),
}


@under_both
@pytest.mark.parametrize("what", QUIET)
def test_a_network_on_which_corrupted_copies_change_little_is_verified(what: str, tmp_path: Path):
    network = Network(QUIET[what], InputDomain.uniform(2), (2,))
    for number, simplify in enumerate((True, False)):
        verdict = verify_build(compiled(network, tmp_path / str(number), replace(QUICK, simplify=simplify)), random=4)
        assert verdict.holds, broken(verdict)
        told = {check.claim: check.detail for check in verdict.checks}
        assert not told["copies with one wrong instruction bit fail"].startswith("0 of")
        weights = told["copies with one wrong weight bit fail"]
        assert not weights.startswith("0 of") or "none changes" in weights or "none to corrupt" in weights
