"""Verification of builds in integers: yes to what is right, no with the place to everything else."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from armlet.build.integer.read import read_integer_build
from armlet.cli import app
from armlet.formats.params import write_params
from armlet.integer.formats import INT16
from armlet.integer.interpret import evaluate, run_integers
from armlet.integer.requantise import Shift
from armlet.isa.targets import INTEGER_TARGETS
from armlet.mutate.trial import try_verifier
from armlet.network.activation import Activation
from armlet.verify.integer.intervals import intervals_disagreement
from armlet.verify.run import run_build, run_integer_program
from armlet.verify.verify import verify_build
from generators.builds import broken
from generators.integer_builds import QUICK as PLAIN
from generators.integer_builds import compiled_integers, naively_compiled, written
from generators.integers import draw_integer_network
from generators.naive_integers import draw_relu_network


@pytest.fixture
def build(tmp_path: Path) -> Path:
    return compiled_integers(draw_relu_network((12, 8, 3), 1), tmp_path)


def test_a_sound_build_is_verified_and_proved(build: Path):
    verdict = verify_build(build, random=4)
    assert verdict.holds, broken(verdict)
    claims = [check.claim for check in verdict.checks]
    for entry, figures in verdict.figures.items():
        assert f"{entry} is proved from its bytes for every input" in claims
        assert f"{entry} takes {figures.cycles:,} cycles for every input" in claims
    assert verdict.figures["net_core"].cycles < verdict.figures["net_run"].cycles


@pytest.mark.parametrize("seed", [0, 3, 11, 17, 30])  # tables, multipliers, leaks, clamps, every format
def test_networks_of_every_kind_compile_to_what_verifies(seed: int, tmp_path: Path):
    folder = compiled_integers(draw_integer_network(np.random.default_rng(seed), 10), tmp_path)
    verdict = verify_build(folder, random=3)
    assert verdict.holds, broken(verdict)


def test_only_where_tables_are_looked_up_may_addresses_depend_on_data(tmp_path: Path):
    network = draw_integer_network(np.random.default_rng(11), 10)
    assert any(layer.table is not None for layer in network.dense)
    verdict = verify_build(compiled_integers(network, tmp_path), random=2)
    same = [check for check in verdict.checks if check.claim.endswith("does the same steps for every input")]
    assert all(check.holds and "a table is read depends on data" in check.detail for check in same)


@pytest.mark.parametrize(("target", "widths"), [("cortex-m0plus", (40, 3)), ("cortex-m4f", (30, 9, 2))])
@pytest.mark.parametrize("packed", [False, True])
def test_the_plainest_programs_are_verified_as_well(target: str, widths: tuple[int, ...], packed: bool, tmp_path: Path):
    if target == "cortex-m0plus":
        widths = (30, 3) if not packed else (28, 3)
    verdict = verify_build(written(naively_compiled(draw_relu_network(widths, 4), target, packed), tmp_path), random=3)
    assert verdict.holds, broken(verdict)


def _edit(change: Callable[[str], str]) -> Callable[[Path], None]:
    def edit(build: Path) -> None:
        before = (build / "net.S").read_text()
        (build / "net.S").write_text(change(before))
        assert (build / "net.S").read_text() != before

    return edit


SABOTAGE = {
    "an addition turned round": (_edit(lambda t: t.replace("add.w", "sub.w", 1)), "its sum"),
    "a register not given back": (_edit(lambda t: t.replace("net_core:\n", "net_core:\n  mov.w r10, #1\n")), "r10"),
    "a branch on data": (
        _edit(lambda t: t.replace("net_core:\n", "net_core:\n  ldrb.w r3, [r0]\n  cmp r3, #0\n  bne.n 1f\n1:\n")),
        "is proved",
    ),
    "an input that is written": (
        _edit(lambda t: t.replace("net_core:\n", "net_core:\n  movs.n r3, #0\n  str.w r3, [r0]\n")),
        "may only be read",
    ),
    "memory beyond the block": (
        _edit(lambda t: t.replace("net_core:\n", "net_core:\n  str.w r0, [r0, #4000]\n")),
        "does not own",
    ),
}


@pytest.mark.parametrize("name", SABOTAGE)
def test_a_program_that_does_otherwise_is_refused(name: str, build: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("armlet.verify.integer.verify.strange_integer_text", lambda *_: "")  # were it let through
    change, _ = SABOTAGE[name]
    change(build)
    found = "; ".join(broken(verify_build(build, random=2)))
    assert "net_core is proved from its bytes for every input" in found or "faults" in found, found


def test_no_wrong_copy_is_missed(build: Path):
    trial = try_verifier(build, 90, 3)
    assert trial.holds, (trial.problem, trial.missed)
    assert trial.made == 90


def test_intervals_are_worked_out_again(build: Path):
    read = read_integer_build(build)
    assert intervals_disagreement(read.network, read.manifest.intervals) == ""
    assert "layers are declared" in intervals_disagreement(read.network, read.manifest.intervals[1:])
    turned = read.manifest.intervals[::-1]
    assert "layer 0 is declared" in intervals_disagreement(read.network, turned)


def test_a_build_runs_on_real_numbers_and_on_stored_ones(build: Path):
    read = read_integer_build(build)
    x = np.random.default_rng(0).random((4, 12)).astype(np.float32)
    stored = read.network.quantise(x)
    for entry in ("run", "core"):
        assert np.array_equal(run_build(build, x, entry), evaluate(read.network, x))
        assert np.array_equal(run_integer_program(read, stored, entry), run_integers(read.network, stored))


def armlet(*arguments: str):
    return CliRunner().invoke(app, arguments)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_params(draw_relu_network((12, 8, 3), 1), "P")
    return tmp_path


QUICK = "[compile.anneal]\nmoves = 10\ncycles = 1\n"


def test_the_command_line_compiles_runs_and_verifies_by_the_kind_of_the_folder(here: Path):
    Path("armlet.toml").write_text(QUICK)
    made = armlet("compile", "P", "net", "--config", "armlet.toml", "--optimize", "speed")
    assert made.exit_code == 0, made.output
    assert "in integers" in made.stdout
    assert "no sum overflows" in made.stdout
    assert "exact to the bit" in made.stdout
    assert armlet("verify", "build/net").stdout.endswith("verified; inputs declared, from 0 to 1\n")
    x = np.random.default_rng(1).random((3, 12))
    np.savetxt("x.csv", x, delimiter=",")
    network = read_integer_build("build/net").network
    assert armlet("run", "build/net", "x.csv", "-o", "y.csv").exit_code == 0
    assert np.allclose(np.loadtxt("y.csv", delimiter=","), evaluate(network, x.astype(np.float32)), rtol=1e-8)
    shown = armlet("run", "build/net", "x.csv", "--stored", "--entry", "core", "--quiet").stdout
    assert [line.split(",") for line in shown.split()] == [
        [str(value) for value in row] for row in run_integers(network, network.quantise(x.astype(np.float32))).tolist()
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--registers", "9"), "--registers: is about programs in float32"),
        (("--multiply-add", "fused"), "--multiply-add: is about programs in float32"),
        (("--target", "cortex-m9"), "choose from: cortex-m4, "),
        (("--flash", "100"), "bytes of flash, 100 are given"),
        (("--optimize", "beauty"), "give speed, size or balanced"),
        (("--declare", "low=0,high=1"), "a network in integers"),
        (("--print", "code"), "shows stages of programs in float32"),
    ],
)
def test_what_has_no_meaning_for_integers_is_refused_in_one_line(words: tuple[str, ...], told: str, here: Path):
    result = armlet("compile", "P", "net", "--no-verify", *words)
    assert result.exit_code == 2
    assert told in result.stderr
    assert not Path("build").exists()


def test_a_network_in_real_numbers_asks_for_its_own_targets(here: Path):
    from generators.perceptrons import small_network

    write_params(small_network(), "R")
    result = armlet("compile", "R", "net", "--target", "cortex-m4")
    assert result.exit_code == 2
    assert "armlet sparsify --weights" in result.stderr
    assert "is about programs in integers" in armlet("compile", "R", "net", "--optimize", "size").stderr


@pytest.mark.parametrize("target", INTEGER_TARGETS)
def test_outputs_in_int16_are_proved_where_they_are_copied_byte_by_byte(target: str, tmp_path: Path):
    network, by = draw_relu_network((6, 4), 5), Shift(np.zeros(4, np.int64))
    low, high = np.zeros(4, np.int32), np.full(4, INT16.high, np.int32)
    scaled = {"requantisation": by, "activation": Activation.RELU, "stored": INT16, "low": low, "high": high}
    network = replace(network, layers=(replace(network.dense[0], **scaled),))
    verdict = verify_build(compiled_integers(network, tmp_path, replace(PLAIN, target=target)), random=2)
    assert verdict.holds, broken(verdict)
