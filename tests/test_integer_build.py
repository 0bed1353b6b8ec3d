"""Builds of networks in integers: files that say what the program does, read with suspicion, the same every time."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from armlet.build.integer.read import read_integer_build
from armlet.build.integer.read_any import read_any_build
from armlet.build.read import read_build
from armlet.config import CompileOptions, IntegerCompileOptions
from armlet.errors import CapacityError, InputError
from armlet.integer.bounds import integer_bounds
from armlet.integer.formats import INT16
from armlet.integer.interpret import run_integers
from armlet.isa.targets import INTEGER_TARGETS
from armlet.network.domain import InputDomain
from armlet.pipeline import compile_integer_network, compile_network
from armlet.simulate.integer.runner import IntegerRunner, fill_block, read_block
from armlet.simulate.integer.trials import integer_trials
from armlet.simulate.link import link_build
from armlet.toolchain.toolchain import find_toolchain
from conftest import Golden
from generators.builds import compiled
from generators.integer_builds import QUICK, compiled_integers, naively_compiled, written
from generators.naive_integers import draw_relu_network
from generators.perceptrons import small_network

TARGETS = ("cortex-m4", "cortex-m4f", "cortex-m0plus")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return compiled_integers(draw_relu_network((9, 6, 3)), tmp_path)


def test_integer_header_text(golden: Golden):
    made = naively_compiled(draw_relu_network((5, 4, 3)))
    golden.check(made.bundle.files["net.h"].decode())


def test_driver_and_entry_text(golden: Golden):
    made = naively_compiled(draw_relu_network((5, 3)), "cortex-m0plus")
    text, driver = made.bundle.files["net.S"].decode(), made.bundle.files["net_input_driver.json"].decode()
    golden.check(driver + text[text.index("@ void net_run") :])


def test_scales_that_differ_are_initialisers_of_arrays():
    network = draw_relu_network((10, 3))
    scale = np.arange(1, 11) / 255
    made = naively_compiled(replace(network, input_scale=scale, domain=InputDomain.uniform(10, 0, scale * 255)))
    text = made.bundle.files["net.h"].decode()
    values = text.split("#define net_INPUT_SCALES {")[1].split("}")[0].replace("\\\n", "")
    assert [float(value) for value in values.split(",")] == scale.tolist()


def test_the_same_network_gives_the_same_bytes():
    network = draw_relu_network((12, 8, 3))
    one, two = (compile_integer_network(network, "net", QUICK).bundle.files for _ in range(2))
    assert dict(one) == dict(two)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("packed", [False, True])
def test_both_entries_give_what_the_network_gives_to_the_bit(target: str, packed: bool, tmp_path: Path):
    widths = (7, 3) if target == "cortex-m0plus" else (21, 9, 4)
    build = read_integer_build(written(naively_compiled(draw_relu_network(widths, 3), target, packed), tmp_path))
    runner, tried = IntegerRunner(build, link_build(build, find_toolchain())), integer_trials(build, 20, 1)
    wanted = run_integers(build.network, tried.inputs)
    for call in runner.entries.values():
        assert np.array_equal(np.stack([call(x) for x in tried.inputs]), wanted)


def test_the_ends_of_every_interval_are_tried(folder: Path):
    build = read_integer_build(folder)
    tried = integer_trials(build, 4, 0)
    low, high = build.network.input_ends
    assert (tried.inputs == low).all(axis=1).any()
    assert (tried.inputs == high).all(axis=1).any()
    assert ((tried.inputs >= low) & (tried.inputs <= high)).all()
    assert len({*tried.labels}) == len(tried.labels)


def test_the_manifest_holds_the_proof_that_no_sum_overflows(folder: Path):
    manifest, network = json.loads((folder / "net.json").read_text()), read_integer_build(folder).network
    assert manifest["kind"] == "integer"
    for entry, bounds in zip(manifest["intervals"], integer_bounds(network)):
        assert (entry["least"], entry["greatest"]) == (bounds.sum_low.min(), bounds.sum_high.max())
        half = 2 ** (entry["bits"] - 1)
        assert -half <= entry["least"] <= entry["greatest"] < half
        assert not -half // 2 <= entry["least"] <= entry["greatest"] < half // 2
    for vector in manifest["vectors"]:
        assert run_integers(network, vector["input"])[0].tolist() == vector["output"]


def test_the_drivers_say_where_the_block_holds_what(folder: Path):
    build = read_integer_build(folder)
    runner = IntegerRunner(build, link_build(build, find_toolchain()))
    x = np.arange(9, dtype=np.int64) * 20
    block = fill_block(build.inputs, x)
    assert len(block) == build.inputs.inputs
    placed = [v for v in build.inputs.values if v.offset is not None]
    assert [block[v.offset or 0] for v in placed] == [x[v.index] for v in placed]
    assert sum(block) == sum(x[v.index] for v in placed)  # all else is zero
    left = block + b"\x80" * (build.outputs.block - len(block))
    assert read_block(build.outputs, build.stored, left).tolist() == [-0x7F7F7F80] * 3
    assert np.array_equal(runner.core(x), runner.run(x))


def test_arrays_are_aligned_to_no_more_than_their_numbers(folder: Path):
    build = read_integer_build(folder)
    runner = IntegerRunner(build, link_build(build, find_toolchain()))
    inputs, outputs = runner.arguments("net_run")
    assert inputs % 2 == 1
    assert (outputs % 4, outputs % 8) == (0, 4)


def test_a_program_that_fits_no_budget_is_refused_with_both_numbers():
    network = draw_relu_network((9, 6, 3))
    with pytest.raises(CapacityError, match=r"net needs \d+ bytes of flash, 64 are given"):
        compile_integer_network(network, "net", replace(QUICK, flash=64))
    with pytest.raises(CapacityError, match=r"net needs \d+ bytes of RAM, 8 are given"):
        compile_integer_network(network, "net", replace(QUICK, ram=8))


def test_targets_are_those_of_the_kind_of_network():
    with pytest.raises(InputError, match=r"cortex-m9: does not exist; choose from: cortex-m4,"):
        compile_integer_network(draw_relu_network((3, 2)), "net", IntegerCompileOptions("cortex-m9"))
    with pytest.raises(InputError, match=r"cortex-m4: computes in integers.*armlet sparsify --weights"):
        compile_network(small_network(), "net", CompileOptions("cortex-m4"))
    assert {"cortex-m4", "cortex-m0plus"} <= set(INTEGER_TARGETS)


def test_each_kind_of_build_has_its_reader(folder: Path, tmp_path: Path):
    real = compiled(small_network(), tmp_path / "real")
    assert read_any_build(folder).name == read_any_build(real).name == "net"
    with pytest.raises(InputError, match="in integers"):
        read_build(folder)


DAMAGE: dict[str, tuple[str, Any, str]] = {
    "a driver of another format": ("net_input_driver.json", ("format", 1), "format is 1"),
    "a driver of the other direction": ("net_input_driver.json", ("direction", "output"), "does not list"),
    "a driver of another format of numbers": ("net_input_driver.json", ("dtype", "float32"), "dtype is 'float32'"),
    "a block that is no whole words": ("net_input_driver.json", ("block", 26), "has a block of"),
    "a block of the other driver's": ("net_output_driver.json", ("block", 1 << 20), "speaks of another block"),
    "a negative block": ("net_input_driver.json", ("inputs", -4), "has a block of"),
    "an unknown target": ("net.json", ("target", "z80"), "target 'z80' is unknown"),
    "a later format": ("net.json", ("format", 9), "format is 9"),
    "another version": ("net.json", ("armlet", "9.9"), "is by armlet '9.9'"),
    "a name that leaves the folder": ("net.json", ("name", "../net"), "is not a C identifier"),
    "another kind": ("net.json", ("kind", "complex"), "is not a manifest"),
    "vectors of another size": ("net.json", ("vectors", [{"input": [1], "output": [1]}]), "does not fit"),
    "vectors beyond the format": ("net.json", ("vectors", [{"input": [256] * 9, "output": [0] * 3}]), "leaves uint8"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_hostile_folder_is_refused_in_one_line(kind: str, folder: Path):
    name, (key, value), told = DAMAGE[kind]
    content = json.loads((folder / name).read_text())
    content[key] = value
    (folder / name).write_text(json.dumps(content))
    with pytest.raises(InputError, match=told) as refused:
        read_any_build(folder)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"offset": 1 << 40}, "beyond its part"),
        ({"offset": -4}, "beyond its part"),
        ({"offset": None}, "lies nowhere"),
        ({"bytes": 8}, "lies nowhere"),
        ({"bytes": 4, "offset": 2}, "beyond its part"),
        ({"place": "register"}, "is not a driver"),
        ({"index": 1}, "does not list"),
    ],
)
def test_a_driver_that_places_a_value_badly_is_refused(change: dict[str, Any], told: str, folder: Path):
    for name in ("net_input_driver.json", "net_output_driver.json"):
        content = json.loads((folder / name).read_text())
        content["values"][0] |= {"place": "memory", "offset": 0, "bytes": 4 if "output" in name else 1} | change
        kept = (folder / name).read_bytes()
        (folder / name).write_text(json.dumps(content))
        with pytest.raises(InputError, match=told):
            read_any_build(folder)
        (folder / name).write_bytes(kept)


def test_two_inputs_in_one_place_are_refused(folder: Path):
    content = json.loads((folder / "net_input_driver.json").read_text())
    for value in content["values"][:2]:
        value |= {"place": "memory", "offset": 0, "bytes": 1}
    (folder / "net_input_driver.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="lies over another one"):
        read_any_build(folder)


def test_inputs_may_lie_in_fields_as_narrow_as_their_intervals(tmp_path: Path):
    network = replace(draw_relu_network((6, 4, 2), 5), input_format=INT16)
    build = read_integer_build(compiled_integers(network, tmp_path))
    assert {value.bytes for value in build.inputs.values} == {1}
    runner, stored = IntegerRunner(build, link_build(build, find_toolchain())), integer_trials(build, 3, 0).inputs
    for entry in runner.entries.values():
        assert [entry(row).tolist() for row in stored] == run_integers(network, stored).tolist()


def test_fields_narrower_than_what_they_hold_are_refused(tmp_path: Path):
    network = replace(draw_relu_network((6, 4, 2), 5), input_format=INT16, input_scale=np.full(6, 1 / 300))
    build = compiled_integers(network, tmp_path)
    for name, told in (("input", "has 1 bytes for values from 0 to 300"), ("output", "has 1 bytes for int32")):
        content = json.loads((build / f"net_{name}_driver.json").read_text())
        content["values"][0]["bytes"] = 1
        kept = (build / f"net_{name}_driver.json").read_bytes()
        (build / f"net_{name}_driver.json").write_text(json.dumps(content))
        with pytest.raises(InputError, match=told):
            read_integer_build(build)
        (build / f"net_{name}_driver.json").write_bytes(kept)
