"""Verification says yes to what is right, and no, with the place, to everything else."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from armlet.build.read import read_build
from armlet.cli import app
from armlet.config import CompileOptions
from armlet.errors import InputError
from armlet.formats.arrays import read_npy, read_npz
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Dense
from armlet.network.network import Network
from armlet.pipeline import compile_network
from armlet.schedule.interpret import run_order
from armlet.simulate.vectors import trials
from armlet.toolchain.toolchain import ZigToolchain, find_toolchain
from armlet.verify.declaration import disagreement
from armlet.verify.run import run_build
from armlet.verify.verify import verify_build
from generators.builds import QUICK, broken, compiled
from generators.networks import inputs_for, networks
from generators.perceptrons import small_network


@pytest.fixture
def build(tmp_path: Path) -> Path:
    return compiled(small_network(), tmp_path)


def _steep(low: float) -> Network:
    """2 a + 2 b of inputs up to 3e38: infinite for most, finite where they are small."""
    layer = Dense(np.array([[2, 2]], np.float32), np.zeros(1, np.float32), Activation.LINEAR)
    return Network((layer,), InputDomain.uniform(2, low, 3e38), (2,))


def test_sums_that_may_leave_float32_narrow_the_claim_in_so_many_words(tmp_path: Path):
    verdict = verify_build(compiled(_steep(-1.0), tmp_path), random=40)
    assert verdict.holds, broken(verdict)
    check = next(check for check in verdict.checks if "leave float32" in check.claim)
    assert check.claim.startswith("sums may leave float32 on some declared inputs: nothing is claimed")
    left, of = map(int, re.findall(r"\d+", check.detail))
    assert 30 < left < of
    sound = verify_build(compiled(small_network(), tmp_path / "sound"), random=2)
    assert next(c for c in sound.checks if "float32 on" in c.claim).claim.startswith("no sum leaves float32")


def test_a_network_without_a_specified_result_is_not_verified(tmp_path: Path):
    verdict = verify_build(compiled(_steep(2e38), tmp_path), random=4)
    assert "there is an input with a specified result" in [check.claim for check in verdict.checks if not check.holds]


@pytest.mark.parametrize(
    "options",
    [
        QUICK,
        replace(QUICK, registers=3),
        replace(QUICK, multiply_add="fused"),
        replace(QUICK, inputs="natural"),
        replace(QUICK, simplify=False),
    ],
)
def test_a_sound_build_is_verified(options: CompileOptions, tmp_path: Path):
    verdict = verify_build(compiled(small_network(), tmp_path, options), random=4)
    assert verdict.holds, broken(verdict)
    assert verdict.worst_error <= verdict.error_bound
    assert set(verdict.figures) == {"net_run", "net_core"}
    assert verdict.figures["net_core"].cycles < verdict.figures["net_run"].cycles
    claims = [check.claim for check in verdict.checks]
    for entry, figures in verdict.figures.items():
        assert f"{entry} takes {figures.cycles:,} cycles for every input" in claims


@settings(max_examples=20)
@given(st.data())
def test_every_network_compiles_to_what_verifies(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject):
    network = data.draw(networks())
    folder = compiled(network, tmp_path_factory.mktemp("any"))
    verdict = verify_build(folder, random=2)
    assert not [line for line in broken(verdict) if "wrong" not in line]  # tiny ones may compute nothing to corrupt
    x, made = data.draw(inputs_for(network)), read_build(folder)
    assert run_build(folder, x, "core").tobytes() == run_order(made.order, x).tobytes()


def _edit(build: Path, change: Callable[[str], str]) -> None:
    path = build / "net.S"
    before = path.read_text()
    path.write_text(change(before))
    assert path.read_text() != before


def _after_entry(lines: str) -> Callable[[str], str]:
    return lambda text: text.replace("net_core:\n", f"net_core:\n{lines}\n", 1)


SABOTAGE = {
    "an addition turned round": (lambda t: t.replace("vadd.f32", "vsub.f32", 1), "exact to the bit"),
    "a product left out": (lambda t: t.replace("  vmul.f32", "@ vmul.f32", 1), "exact to the bit"),
    "a register not given back": (_after_entry("  mov r10, #1"), "without giving back r10"),
    "a branch on data": (_after_entry("  ldr r3, [r0]\n  cmp r3, #0\n  bmi 1f\n  nop\n1:"), "takes another way"),
    "a read outside": (_after_entry("  ldr r3, [r0, #-16]"), "stays inside"),
    "a write to its input": (_after_entry("  ldr r3, [r0]\n  str r3, [r0]"), "stays inside"),
    "a write to its constants": (lambda t: t.replace("  bx lr", "  str r0, [r1, #-4]\n  bx lr", 1), "faults"),
    "another core's instruction": (_after_entry("  vadd.f64 d0, d0, d1"), "assembles for"),
    "a time that depends on data": (_after_entry("  udiv r3, r0, r0"), "the time of udiv depends on data"),
    "more code than declared": (_after_entry("  nop.w"), "takes the memory"),
    "an endless loop": (_after_entry("1: b 1b"), "does not return"),
}


@pytest.mark.parametrize("what", SABOTAGE)
def test_sabotaged_assembly_is_refused(what: str, build: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("armlet.simulate.machine.SECONDS", 0.5)
    monkeypatch.setattr("armlet.verify.verify.strange_text", lambda *_: "")  # were such a text let through
    change, says = SABOTAGE[what]
    _edit(build, change)
    found = broken(verify_build(build, random=4))
    assert any(says in line for line in found), found
    assert any(line.startswith("the files are as compile left them: changed since: net.S") for line in found)


def test_a_network_of_zeros_is_verified_too(tmp_path: Path):
    zero = Dense(np.zeros((2, 3), np.float32), np.zeros(2, np.float32), Activation.LINEAR)
    verdict = verify_build(compiled(Network((zero,), InputDomain.uniform(3), (3,)), tmp_path), random=1)
    assert verdict.holds, broken(verdict)


def test_a_changed_weight_in_the_constants_is_refused_by_running_it(build: Path):
    bits = int(np.float32(read_build(build).order.graph.weight[0]).view(np.uint32))
    _edit(build, lambda text: text.replace(f"{bits:#010x}", f"{bits ^ 1 << 20:#010x}"))
    found = broken(verify_build(build, random=16))
    assert any("net_run is exact to the bit: output" in line and "must be" in line for line in found), found


def test_a_declared_order_that_is_not_the_networks_is_refused(build: Path):
    made = read_build(build)
    graph = made.order.graph
    weight = graph.weight.copy()
    weight[2] *= 2
    wrong = replace(made.order, graph=replace(graph, weight=weight))
    assert "weight from" in disagreement(wrong, made.network)
    keep = np.arange(graph.connections) != 3
    less = replace(graph, source=graph.source[keep], target=graph.target[keep], weight=graph.weight[keep])
    order = made.order.connections
    wrong = replace(made.order, graph=less, connections=np.argsort(np.argsort(order[order != 3])))
    assert "weight from" in disagreement(wrong, made.network)
    bias = graph.bias.copy()
    bias[graph.inputs] = np.nextafter(bias[graph.inputs], np.float32(9))
    assert "bias" in disagreement(replace(made.order, graph=replace(graph, bias=bias)), made.network)
    other = replace(graph, activation=np.zeros_like(graph.activation))
    assert "activation" in disagreement(replace(made.order, graph=other), made.network)
    turned = replace(graph, outputs=graph.outputs[::-1].copy())
    assert "output 0" in disagreement(replace(made.order, graph=turned), made.network)
    assert disagreement(made.order, made.network) == ""


@given(networks())
@settings(max_examples=20)
def test_every_declared_order_is_the_networks(network: Network):
    for simplify in (True, False):
        made = compile_network(network, "net", replace(QUICK, simplify=simplify))
        assert disagreement(made.order, network) == ""


def test_a_swapped_network_or_manifest_is_refused(build: Path, tmp_path: Path):
    (build / "b_0.npy").write_bytes((build / "b_1.npy").read_bytes())
    with pytest.raises(InputError, match=r"b_0\.npy"):
        verify_build(build)
    other = compiled(small_network(1), tmp_path / "other")
    for name in ("W_0.npy", "W_1.npy", "W_2.npy", "b_0.npy", "b_1.npy", "b_2.npy"):
        (build / name).write_bytes((other / name).read_bytes())
    found = broken(verify_build(build, random=2))
    assert any("the network is the one compiled" in line for line in found), found
    assert any("every connection once" in line for line in found), found


@pytest.mark.parametrize("name", ["net.json", "net.S", "net_order.npz", "net_input_driver.json", "W_1.npy", "net.h"])
def test_a_missing_or_cut_file_is_one_line_that_names_it(name: str, build: Path):
    path = build / name
    whole = path.read_bytes()
    path.unlink()
    result = CliRunner().invoke(app, ["verify", str(build)])
    assert (result.exit_code, result.output.count("\n")) == (2, 1), result.output
    if name not in ("net.S", "net.h"):  # those are text: a cut one is another program, and is refused as that
        path.write_bytes(whole[: len(whole) // 2])
        result = CliRunner().invoke(app, ["verify", str(build)])
        assert (result.exit_code, result.output.count("\n")) == (2, 1), result.output
        assert name in result.output or name == "W_1.npy"


def test_trials_lie_in_the_interval_and_reach_its_ends(build: Path):
    made = read_build(build)
    tried = trials(made, 20, 0)
    low, high = made.network.domain.low, made.network.domain.high
    assert ((tried.inputs >= low) & (tried.inputs <= high)).all()
    assert len(set(tried.labels)) == len(tried.labels) == len(tried.inputs)
    assert {-1.0, 2.0, 0.0} <= set(np.unique(tried.inputs).tolist())
    assert np.signbit(tried.inputs[tried.inputs == 0]).any()
    assert (np.abs(tried.inputs[tried.inputs != 0]) < 1.2e-38).any()


def test_the_command_line_answers_with_its_exit_code(build: Path):
    runner = CliRunner()
    good = runner.invoke(app, ["verify", str(build), "--random", "2"])
    assert (good.exit_code, good.output.splitlines()[-1]) == (0, f"{build}: verified; inputs declared, from -1 to 2")
    told = runner.invoke(app, ["verify", str(build), "--random", "2", "--json"])
    assert json.loads(told.output)["verified"] is True
    _edit(build, lambda text: text.replace("vadd.f32", "vsub.f32", 1))
    bad = runner.invoke(app, ["verify", str(build), "--random", "2"])
    assert bad.exit_code == 1
    assert "NOT verified" in bad.output


@pytest.mark.parametrize("ending", ["csv", "npy", "npz"])
def test_run_gives_the_outputs_to_the_bit(ending: str, build: Path, tmp_path: Path):
    x = np.random.default_rng(0).uniform(-1, 2, (5, 9)).astype(np.float32)
    np.savez(tmp_path / "x.npz", X=x)
    path = tmp_path / f"y.{ending}"
    result = CliRunner().invoke(app, ["run", str(build), str(tmp_path / "x.npz"), "-o", str(path)])
    assert result.exit_code == 0, result.output
    readers = {"csv": lambda p: np.loadtxt(p, delimiter=","), "npy": read_npy, "npz": lambda p: read_npz(p)["Y"]}
    y = readers[ending](path)
    wanted = run_order(read_build(build).order, x)
    assert y.astype(np.float32).tobytes() == wanted.tobytes()


def test_run_refuses_what_it_cannot_write_before_it_runs(build: Path, tmp_path: Path):
    result = CliRunner().invoke(app, ["run", str(build), str(tmp_path / "none.csv"), "-o", "y.txt"])
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert "y.txt" in result.output


def test_a_verifier_that_compares_nothing_is_found_out(build: Path, monkeypatch: pytest.MonkeyPatch):
    """The negative controls stand trial too: with the comparison made blind, they must not pass."""
    monkeypatch.setattr("armlet.mutate.controls._is_refused", lambda *_: False)
    verdict = verify_build(build, random=2)
    assert len(broken(verdict)) == 1
    assert "nothing here is proof" in broken(verdict)[0]
    weights = next(check for check in verdict.checks if check.claim == "copies with one wrong weight bit fail")
    assert "none changes an output" in weights.detail


def test_without_tools_the_mend_is_named(monkeypatch: pytest.MonkeyPatch, build: Path):
    monkeypatch.setattr("armlet.toolchain.toolchain._zig", lambda: None)
    monkeypatch.setattr("shutil.which", lambda _: None)
    result = CliRunner().invoke(app, ["verify", str(build)])
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert "armlet[verify]" in result.output


def test_without_the_extra_the_mend_is_named(monkeypatch: pytest.MonkeyPatch, build: Path):
    monkeypatch.setattr("armlet.extras.find_spec", lambda name: None if name == "elftools" else name)
    for command in (["verify", str(build)], ["run", str(build), "x.csv"]):
        result = CliRunner().invoke(app, command)
        assert (result.exit_code, result.output.count("\n")) == (2, 1)
        assert "pyelftools; pip install 'armlet[verify]'" in result.output


def test_figures_that_the_manifest_makes_up_are_refused(build: Path):
    path = build / "net.json"
    manifest = json.loads(path.read_text())
    manifest["moves"]["loads"] -= 1
    manifest["memory"]["code"] += 4
    path.write_text(json.dumps(manifest))
    found = broken(verify_build(build, random=1))
    assert any("moves activations" in line for line in found), found
    assert any("takes the memory" in line for line in found), found


def test_the_tools_are_named_in_the_verdict(build: Path):
    tools = find_toolchain()
    assert verify_build(build, random=1, tools=tools).tools == tools.describe()
    with pytest.raises(Exception, match="not installed"):
        verify_build(build, tools=ZigToolchain("/nowhere/zig"))
