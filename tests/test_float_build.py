"""Builds of networks with windows in single precision: both entries, their costs, and what no manifest may say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from armlet.arithmetic.float32 import FLOAT32
from armlet.build.floats.read import read_float_build
from armlet.cli import app
from armlet.config import CompileOptions
from armlet.errors import CapacityError, InputError
from armlet.formats.params import write_params
from armlet.mutate.trial import try_verifier
from armlet.network.domain import InputDomain
from armlet.network.layers import Conv, Pool, Reduction
from armlet.network.network import Network
from armlet.pipeline import write_build
from armlet.tensors.floats.interpret import run_planes
from armlet.verify.floats.text import strange_float_text
from armlet.verify.run import run_build
from armlet.verify.verify import verify_build
from armlet.windows.compile import FloatCompilation, compile_float_network
from generators.builds import broken
from generators.floats import small
from generators.layered import KINDS, LINEAR, RELU, network_with, zeros


def built(network: Network, folder: Path, options: CompileOptions = CompileOptions()) -> FloatCompilation:
    made = compile_float_network(network, "net", options)
    write_build(made, folder / "net")
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_a_build_of_each_kind_of_layer_is_verified(tmp_path: Path, kind: str):
    built(network_with(KINDS[kind]), tmp_path)
    assert broken(verify_build(tmp_path / "net", random=2)) == []


@pytest.mark.parametrize("rounding", ["separate", "fused"])
def test_a_build_with_all_kinds_of_layers_is_verified(tmp_path: Path, rounding: str):
    built(small(np.random.default_rng(3)), tmp_path, CompileOptions(multiply_add=rounding))
    assert broken(verify_build(tmp_path / "net", random=2)) == []


def test_planes_that_come_out_are_an_array_with_the_channels_together(tmp_path: Path):
    weight = np.random.default_rng(0).standard_normal((20, 18, 1, 1)).astype(np.float32)
    network = Network((Conv(weight, zeros(20), LINEAR),), InputDomain.undeclared(18 * 15), (18, 3, 5))
    built(network, tmp_path)
    rows = np.random.default_rng(1).standard_normal((2, network.inputs)).astype(np.float32)
    wanted = run_planes(network, FLOAT32, rows)
    for entry in ("run", "core"):
        assert run_build(tmp_path / "net", rows, entry).tobytes() == wanted.tobytes()
    assert broken(verify_build(tmp_path / "net", random=1)) == []


def test_far_places_of_a_large_block_are_reached(tmp_path: Path):
    random = np.random.default_rng(0)
    weight = np.where(random.random((6, 6, 3, 3)) < 0.1, random.standard_normal((6, 6, 3, 3)), 0).astype(np.float32)
    layers = (Conv(weight, zeros(6) + 1, RELU, padding=(1, 1, 1, 1)), Conv(weight, zeros(6) + 1, RELU, stride=(2, 2)))
    network = Network(layers, InputDomain.uniform(6 * 40 * 40, -1, 1), (6, 40, 40))
    built(network, tmp_path)
    assert broken(verify_build(tmp_path / "net", random=1)) == []


def test_the_same_network_gives_the_same_bytes():
    made = [compile_float_network(small(np.random.default_rng(3)), "net").bundle.files for _ in range(2)]
    assert made[0] == made[1]


def test_a_budget_of_flash_chooses_smaller_bodies_or_is_refused_with_both_numbers():
    random = np.random.default_rng(0)
    network = Network(
        (Conv(random.standard_normal((8, 8, 3, 3)).astype(np.float32), zeros(8), RELU, padding=(1, 1, 1, 1)),),
        InputDomain.undeclared(8 * 64),
        (8, 8, 8),
    )
    fast = compile_float_network(network, "net").bundle.manifest
    small_ = compile_float_network(network, "net", CompileOptions(flash=fast.memory.flash - 1)).bundle.manifest
    assert small_.memory.flash < fast.memory.flash
    assert small_.cycles > fast.cycles
    with pytest.raises(CapacityError, match=r"net needs \d+ bytes of flash, 1000 are given"):
        compile_float_network(network, "net", CompileOptions(flash=1000))
    with pytest.raises(CapacityError, match=r"net needs \d+ bytes of RAM, 1000 are given; most is held at layer 0"):
        compile_float_network(network, "net", CompileOptions(ram=1000))


def normalised(means: float | np.ndarray, padded: bool = True, groups: int = 1) -> Network:
    random = np.random.default_rng(0)
    weight, sides = (
        random.standard_normal((4, 2 // groups, 3, 3)).astype(np.float32),
        (1, 1, 1, 1) if padded else (0, 0, 0, 0),
    )
    conv = Conv(weight, zeros(4) + np.float32(0.5), RELU, padding=sides, groups=groups)
    domain = InputDomain.uniform(50, 0, 255, means, np.repeat([50.0, 60.0], 25))
    return Network((conv, Pool(Reduction.AVERAGE)), domain, (2, 5, 5))


EACH = np.repeat([100.0, 120.0], 25)


@pytest.mark.parametrize("network", [normalised(110), normalised(110, groups=2), normalised(EACH, padded=False)])
def test_a_mean_and_std_are_folded_and_the_mean_stands_in_the_border(tmp_path: Path, network: Network):
    built(network, tmp_path)
    assert broken(verify_build(tmp_path / "net", random=4)) == []
    rows = network.domain.draw(np.random.default_rng(0), 8).astype(np.float32)
    assert np.abs(run_build(tmp_path / "net", rows) - network(rows)).max() < 1e-5


def test_a_normalisation_that_cannot_be_folded_is_refused():
    uneven = np.full(50, 110.0)
    uneven[0] = 111.0
    pool = Network((Pool(Reduction.MAX, (2, 2)), *normalised(110).layers), normalised(110).domain, (2, 5, 5))
    for network, told in (
        (normalised(EACH), "pads inputs whose means differ"),
        (normalised(uneven, padded=False), "is not the same all over a channel"),
        (pool, "folded into layers of weights alone"),
    ):
        with pytest.raises(InputError, match=told):
            compile_float_network(network, "net")


def test_no_mutant_survives(tmp_path: Path):
    built(small(np.random.default_rng(3)), tmp_path)
    trial = try_verifier(tmp_path / "net", 40)
    assert trial.holds, (trial.problem, trial.missed)
    assert trial.made == 40


def change(folder: Path, how: Callable[[Any], object]) -> None:
    path = folder / "net" / "net.json"
    told = json.loads(path.read_text())
    how(told)
    path.write_text(json.dumps(told, indent=1) + "\n")


LIES: dict[str, Callable[[Any], object]] = {
    "cycles": lambda told: told.__setitem__("cycles", told["cycles"] - 1),
    "cycles of a layer": lambda told: told["layers"][0].__setitem__("cycles", 1),
    "bytes of layers": lambda told: [
        told["layers"][0].__setitem__("bytes", told["layers"][0]["bytes"] - 4),
        told["layers"][1].__setitem__("bytes", told["layers"][1]["bytes"] + 4),
    ],
    "a life": lambda told: told["values"][1].__setitem__("last", 5),
    "a border": lambda told: told["values"][2].__setitem__("left", 3),
    "the peak": lambda told: told["memory"].__setitem__("peak", 5),
    "a vector": lambda told: told["vectors"].pop(),
    "what need not be computed": lambda told: told["simplified"].__setitem__("channels", 1),
    "the rounding": lambda told: told.__setitem__("multiply_add", "fused"),
    "a body": lambda told: told["layers"][0].__setitem__("across", 0),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_manifest_that_lies_is_found_out(tmp_path: Path, lie: str):
    built(small(np.random.default_rng(3)), tmp_path)
    change(tmp_path, LIES[lie])
    assert broken(verify_build(tmp_path / "net", random=1))


STRANGE = {
    "a label twice": ("\n.L1:\n", "\n.L1:\n.L1:\n"),
    "a macro": ("\n  vldmia", "\n#define vmul.f32 vadd.f32\n  vldmia"),
    "an instruction of its own": ("\n  vldmia", "\n  cpsid i\n  vldmia"),
    "a comment twice": ("\n  vldmia r1!", "\n  @ layer 0: conv\n  vldmia r1!"),
    "a branch elsewhere": ("bne.w .L1", "bne.w net_run"),
}


@pytest.mark.parametrize("strange", STRANGE)
def test_a_text_that_armlet_does_not_write_is_found_out(tmp_path: Path, strange: str):
    built(small(np.random.default_rng(3)), tmp_path)
    path, (old, new) = tmp_path / "net" / "net.S", STRANGE[strange]
    text = path.read_text()
    assert old in text
    assert strange_float_text(read_float_build(tmp_path / "net")) == ""
    path.write_text(text.replace(old, new, 1))
    assert "not what armlet writes" in strange_float_text(read_float_build(tmp_path / "net"))


def test_the_command_line_compiles_runs_and_verifies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    network = small(np.random.default_rng(3))
    write_params(network, tmp_path / "P")
    done = CliRunner().invoke(app, ("compile", "P", "net", "--no-verify"))
    assert done.exit_code == 0, done.output
    assert "depthwise" in done.output
    assert "cycles" in done.output
    rows = np.random.default_rng(0).standard_normal((2, network.inputs)).astype(np.float32)
    np.save("x.npy", rows)
    for entry in ("run", "core"):
        done = CliRunner().invoke(app, ("run", "build/net", "x.npy", "-o", "y.npy", "--entry", entry))
        assert done.exit_code == 0, done.output
        assert np.load("y.npy").tobytes() == run_planes(network, FLOAT32, rows).tobytes()
    done = CliRunner().invoke(app, ("compile", "P", "other", "--registers", "8"))
    assert done.exit_code == 2
    assert "is about networks of dense layers, this one has others" in done.stderr
    done = CliRunner().invoke(app, ("compile", "P", "other", "--print", "graph"))
    assert done.exit_code == 2
    assert "the lines are in NAME.S" in done.stderr
