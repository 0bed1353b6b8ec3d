"""The verifier stands trial: mutants of linked programs are caught or equivalent, and a verifier that lies is named."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from armlet.build.read import Build, read_build
from armlet.cli import app
from armlet.config import CompileOptions
from armlet.isa.targets import TARGETS
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.mutate.fields import find_fields, read_one, turned
from armlet.mutate.mutants import KINDS, changed, mutants
from armlet.mutate.trial import Outcome, try_image
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Dense
from armlet.network.network import Network
from armlet.pipeline import compile_network
from armlet.prove.prove import Proof
from armlet.simulate.link import link_build
from armlet.toolchain.image import Image
from armlet.toolchain.toolchain import find_toolchain
from generators.builds import QUICK, compiled
from generators.perceptrons import small_network
from mutants import LAYOUTS, SMALL, Kind, kinds, network_of, try_kind


def linked(network: Network, folder: Path, options: CompileOptions = QUICK) -> tuple[Build, Image]:
    build = read_build(compiled(network, folder, options))
    return build, link_build(build, find_toolchain())


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> tuple[Build, Image]:
    return linked(small_network(), tmp_path_factory.mktemp("usual"))


@pytest.mark.parametrize("kind", tuple(kinds()), ids=lambda kind: kind.name)
def test_every_mutant_of_every_kind_of_build_is_caught_or_equivalent(kind: Kind):
    trial = try_kind(kind, 54, 7, SMALL, find_toolchain(), inputs=40)
    assert (trial.problem, trial.missed, trial.made) == ("", (), 54)
    assert all(sum(counts.values()) == 54 // len(KINDS) for counts in trial.fates.values())
    assert trial.total(Outcome.EQUIVALENT) <= 18  # commuted factors, independent neighbours, bits that encode the same
    assert trial.total(Outcome.PROOF) >= 30


def test_the_trial_finds_what_there_is_to_try_by_itself():
    wishes = [(kind.options.target, kind.options.multiply_add, kind.options.inputs) for kind in kinds()]
    assert {target for target, _, _ in wishes} == set(TARGETS)
    assert {(how, inputs) for _, how, inputs in wishes} == {(h, i) for h in ("separate", "fused") for i in LAYOUTS}
    assert {kind.activation for kind in kinds()} == set(Activation) - {Activation.LINEAR}
    usual = [kind for kind in kinds() if (kind.options.multiply_add, kind.options.inputs) == ("separate", "free")]
    programs = [compile_network(network_of(kind.activation, SMALL), "net", kind.options) for kind in usual]
    assert len({made.bundle.files["net.S"] for made in programs}) == len(programs)  # none is another in name only


def test_mutants_are_different_from_the_program_and_each_other_and_decided_by_the_seed(usual: tuple[Build, Image]):
    core, image = usual[0].target.core, usual[1]
    made = [list(mutants(core, image, 200, seed)) for seed in (3, 3, 4)]
    assert [m.change for m in made[0]] == [m.change for m in made[1]] != [m.change for m in made[2]]
    whole = {tuple(s.content for s in m.image.sections) for m in made[0]}
    assert len(whole) == 200
    assert tuple(s.content for s in image.sections) not in whole
    assert {m.kind for m in made[0]} == set(KINDS)
    for mutant in made[0]:
        assert changed(image, mutant.change) == mutant.image
        assert [s.size for s in mutant.image.sections] == [len(s.content) or s.size for s in image.sections]


def test_a_program_without_constants_has_mutants_too(tmp_path: Path):
    zero = Dense(np.zeros((2, 3), np.float32), np.zeros(2, np.float32), Activation.LINEAR)
    build, image = linked(Network((zero,), InputDomain.uniform(3), (3,)), tmp_path)
    trial = try_image(build, image, 60, seed=0, inputs=20)
    assert (trial.problem, trial.missed) == ("", ())
    assert 30 < trial.made <= 60


def test_every_instruction_set_has_its_nothing():
    for target in TARGETS.values():
        for size, code in target.core.instruction_set.nothing.items():
            assert read_one(target.core.decoder(), code, target.core.flash.base).startswith("nop")
            assert len(code) == size


@pytest.mark.parametrize(
    ("code", "exchanged"),
    [
        ("25ee861a", {f"vmul.f32 {order}" for order in ("s11, s2, s12", "s12, s11, s2", "s2, s12, s11")}),
        ("d1ed021a", set()),  # vldr s3, [r1, #8]: registers of two files
        ("4b68", {"ldr r1, [r3, #4]"}),
    ],
)
def test_operands_are_exchanged_by_what_the_decoder_reads(code: str, exchanged: set[str]):
    core, content = CORTEX_M4F_CORE, bytes.fromhex(code)
    decoder = core.decoder()
    fields = find_fields(decoder, content, core.flash.base)
    texts = {read_one(decoder, turned(content, bits), core.flash.base) for bits in fields.exchanges()}
    assert texts == exchanged
    assert not set(fields.registers) & set(fields.numbers)


def test_a_verifier_that_believes_everything_is_found_out(usual: tuple[Build, Image], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("armlet.mutate.trial.prove", lambda *_: Proof("", 0, 0))
    monkeypatch.setattr("armlet.simulate.machine.SECONDS", 0.5)
    build, image = usual
    trial = try_image(build, image, 45, seed=0, inputs=30)
    assert not trial.holds
    assert trial.total(Outcome.SURVIVED) == len(trial.missed) > 20
    result = CliRunner().invoke(app, ["verify", str(build.folder), "--mutants", "9"])
    assert result.exit_code == 1
    assert "missed 0x0800" in result.output
    assert result.output.splitlines()[-1].endswith("mutants are SURVIVED")


def test_the_command_line_tells_the_trial(usual: tuple[Build, Image], tmp_path: Path):
    folder = str(usual[0].folder)
    command = ["verify", folder, "--mutants", "9", "--seed", "2"]
    shown = CliRunner().invoke(app, command)
    assert (shown.exit_code, shown.output.splitlines()[-1]) == (0, f"{folder}: every mutant is caught or equivalent")
    told = [CliRunner().invoke(app, [*command, "--json"]).output for _ in range(2)]
    assert told[0] == told[1]
    report = json.loads(told[0])
    assert (report["holds"], report["mutants"], report["inputs"]) == (True, 9, 1000)


def test_a_program_that_is_wrong_itself_stands_no_trial(tmp_path: Path):
    folder = compiled(small_network(), tmp_path)
    path = folder / "net.S"
    path.write_text(path.read_text().replace("vadd.f32", "vsub.f32", 1))
    result = CliRunner().invoke(app, ["verify", str(folder), "--mutants", "9"])
    assert result.exit_code == 1
    assert "the program itself is caught by proof" in result.output
