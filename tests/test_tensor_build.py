"""Builds of networks with windows: what both entries compute, what they cost, and what a manifest may not say."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from armlet.build.tensors.arrays import array_order, array_places
from armlet.build.tensors.memory import peak_of
from armlet.build.tensors.read import read_tensor_build
from armlet.cli import app
from armlet.errors import CapacityError, InputError
from armlet.formats.params import write_params
from armlet.integer.interpret import evaluate, run_integers
from armlet.integer.network import IntegerNetwork
from armlet.mutate.trial import try_verifier
from armlet.prove.tensors.entry import prove_tensor_entry
from armlet.simulate.link import link_build
from armlet.simulate.tensors.runner import TensorRunner
from armlet.toolchain.toolchain import Toolchain, find_toolchain
from armlet.verify.run import run_build
from armlet.verify.tensors.text import strange_tensor_text
from armlet.verify.verify import verify_build
from generators.builds import broken
from generators.tensor_builds import compiled_tensors, tensors_made
from generators.windows import windowed_network

PLANES = next(seed for seed in range(100) if len(windowed_network(seed).shapes[-1]) == 3)  # gives planes
SEEDS = (0, 1, 2, 3, PLANES, 9, 16, 21)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled_tensors(windowed_network(0), tmp_path_factory.mktemp("tensors"))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sound_build_is_verified_and_proved(seed: int, tmp_path: Path):
    """Both entries for all inputs, text, object, links, files, places, and exact lines and cycles of each layer."""
    verdict = verify_build(compiled_tensors(windowed_network(seed), tmp_path), random=3)
    assert verdict.holds, broken(verdict)
    assert {*verdict.figures} == {"net_run", "net_core"}


def test_mutants_are_caught_or_the_same(build: Path):
    trial = try_verifier(build, 18, seed=1)
    assert trial.holds, (trial.problem, trial.missed)
    assert trial.made == 18


@pytest.mark.parametrize("seed", [0, PLANES])
def test_proof_of_the_packing_finds_what_it_leaves_out(seed: int, tmp_path: Path):
    """Each instruction of NAME_run left out: proved are only copies that give the same."""
    built = read_tensor_build(compiled_tensors(windowed_network(seed), tmp_path))
    head, _, rest = built.assembly.partition("\nnet_run:\n")
    body, _, tail = rest.partition("  .size net_run")
    lines, tools = body.split("\n"), find_toolchain()
    x = np.random.default_rng(0).integers(-128, 128, (3, built.network.inputs))
    wanted = run_integers(built.network, x)
    refused = 0
    for at in range(1, len(lines) - 2):
        if lines[at].endswith(":"):
            continue
        text = "\n".join([*lines[:at], *lines[at + 1 :]])
        image = link_build(replace(built, assembly=f"{head}\nnet_run:\n{text}  .size net_run{tail}"), tools)
        runner = TensorRunner(built, image)
        if prove_tensor_entry(runner, runner.decoded, "net_run").problem:
            refused += 1
        else:
            assert [runner.run(row).tolist() for row in x] == wanted.tolist(), lines[at]
    assert refused > len(lines) // 2


@pytest.mark.parametrize("shape", [(3, 4, 5), (1, 6, 2), (7, 1, 1), (9,)])
def test_c_arrays_have_the_channels_of_a_position_together(shape: tuple[int, ...]):
    values = np.arange(int(np.prod(shape)))
    wanted = values.reshape(shape).transpose(1, 2, 0).ravel() if len(shape) == 3 else values
    assert values[array_order(shape)].tolist() == wanted.tolist()
    assert wanted[array_places(shape)].tolist() == values.tolist()


def test_the_same_network_gives_the_same_bytes():
    one, other = (dict(tensors_made(windowed_network(2)).bundle.files) for _ in range(2))
    assert one == other


def test_outputs_are_planes_where_the_network_gives_planes(tmp_path: Path):
    network = windowed_network(PLANES)
    assert len(network.shapes[-1]) == 3
    folder = compiled_tensors(network, tmp_path)
    header = (folder / "net.h").read_text()
    assert all(f"#define net_OUTPUT_{extent} " in header for extent in ("HEIGHT", "WIDTH", "CHANNELS"))
    runner = TensorRunner(built := read_tensor_build(folder), link_build(built, find_toolchain()))
    x = np.random.default_rng(1).integers(-128, 128, network.inputs)
    assert all(call(x).tolist() == run_integers(network, x)[0].tolist() for call in runner.entries.values())


def test_size_takes_fewer_bytes_and_speed_fewer_cycles():
    network = windowed_network(1)
    made = {wish: tensors_made(network, optimize=wish).bundle.manifest for wish in ("speed", "balanced", "size")}
    assert made["size"].memory.flash < made["speed"].memory.flash
    assert made["speed"].cycles < made["size"].cycles
    assert made["size"].memory.flash <= made["balanced"].memory.flash <= made["speed"].memory.flash


def test_the_fastest_program_that_fits_the_flash_is_taken():
    network = windowed_network(1)
    fast, small = (tensors_made(network, optimize=wish).bundle.manifest.memory.flash for wish in ("speed", "size"))
    assert tensors_made(network, flash=fast).bundle.manifest.memory.flash == fast
    assert small <= tensors_made(network, flash=fast - 1).bundle.manifest.memory.flash < fast
    with pytest.raises(CapacityError, match=f"net needs {small} bytes of flash, {small - 1} are given"):
        tensors_made(network, flash=small - 1)


def test_too_little_ram_is_refused_with_both_numbers_and_the_layer():
    made = tensors_made(windowed_network(1))
    memory, peak = made.bundle.manifest.memory, peak_of(made.selection.program)
    assert peak.bytes == memory.bound <= memory.block
    tensors_made(windowed_network(1), ram=memory.ram)
    told = f"needs {memory.ram} bytes of RAM, {memory.ram - 1} are given; most is held at layer {memory.peak} "
    with pytest.raises(CapacityError, match=told):
        tensors_made(windowed_network(1), ram=memory.ram - 1)


def armlet(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_from_params_to_outputs_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    network = windowed_network(2)
    write_params(network, tmp_path / "P")
    made = armlet("compile", "P", "net", "--target", "cortex-m4")
    assert made.exit_code == 0, made.output
    assert "at layer" in made.stdout
    assert "exact to the bit in the emulator" in made.stdout
    rows = np.random.default_rng(3).integers(-200, 200, (4, network.inputs)).astype(np.float32)
    np.savetxt("rows.csv", rows, delimiter=",")
    for entry in ("run", "core"):
        ran = armlet("run", "build/net", "rows.csv", "--entry", entry, "-o", f"{entry}.npy")
        assert ran.exit_code == 0, ran.output
        assert np.load(f"{entry}.npy").tolist() == evaluate(network, rows).tolist()
    planes = rows.reshape(4, *network.shape)
    for tensors in (planes, planes.transpose(0, 2, 3, 1)):
        np.save("tensors.npy", tensors)
        assert armlet("run", "build/net", "tensors.npy", "-o", "y.npy").exit_code == 0
        assert np.load("y.npy").tolist() == evaluate(network, rows).tolist()
    np.save("tensors.npy", planes.transpose(0, 3, 1, 2))
    assert "holds tensors" in armlet("run", "build/net", "tensors.npy").stderr
    assert run_build(Path("build/net"), rows).tolist() == evaluate(network, rows).tolist()
    judged = armlet("verify", "build/net", "--random", "2")
    assert judged.exit_code == 0, judged.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--target", "cortex-m0plus"), "compiles no networks with windows yet"),
        (("--ram", "10"), "bytes of RAM, 10 are given; most is held at layer"),
        (("--flash", "10"), "bytes of flash, 10 are given"),
        (("--print", "code"), "shows stages of programs in float32"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: tuple[str, ...], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    write_params(windowed_network(2), tmp_path / "P")
    refused = armlet("compile", "P", "net", *arguments)
    assert refused.exit_code == 2
    assert says in refused.output.replace("\n", " ")
    assert not Path("build").exists()


def _set(*path: str | int) -> Callable[[Any, int], None]:
    """Add a number to what lies at a place of the manifest."""

    def change(manifest: Any, by: int) -> None:
        for step in path[:-1]:
            manifest = manifest[step]
        manifest[path[-1]] += by

    return change


FORGED: dict[str, tuple[Callable[[Any, int], None], int]] = {
    "cycles of a layer": (_set("layers", 0, "cycles"), 1),
    "lines of a layer": (_set("layers", 0, "lines"), -1),
    "bytes of a layer": (_set("layers", 0, "bytes"), 2),
    "a body's width": (_set("layers", 0, "across"), 8),
    "cycles": (_set("cycles"), 1),
    "instructions": (_set("instructions"), 1),
    "bound": (_set("memory", "bound"), -4),
    "peak": (_set("memory", "peak"), 1),
    "stack": (_set("memory", "stack"), 8),
    "code": (_set("memory", "code"), 4),
    "ram": (_set("memory", "ram"), -4),
    "where the input lies": (_set("values", 0, "start"), 4),
    "where a value lies": (_set("values", -1, "start"), 4),
    "the border of a value": (_set("values", -1, "top"), 1),
    "the last reader of the input": (_set("values", 0, "last"), 1),
    "where outputs lie": (_set("outputs"), -4),
    "an interval": (_set("intervals", 0, "greatest"), 1),
    "a vector": (_set("vectors", 0, "output", 0), 1),
    "weights": (_set("network", "weights"), 1),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_figure_is_found(what: str, build: Path, tmp_path: Path):
    folder = tmp_path / "net"
    folder.mkdir()
    for path in build.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    manifest = json.loads((folder / "net.json").read_text())
    change, by = FORGED[what]
    change(manifest, by)
    (folder / "net.json").write_text(json.dumps(manifest, indent=1) + "\n")
    try:
        verdict = verify_build(folder, random=1)
    except InputError:
        return
    assert not verdict.holds


def test_a_line_that_armlet_does_not_write_is_found(build: Path):
    built = read_tensor_build(build)
    memory, network = built.manifest.memory, built.network

    def strange(text: str) -> str:
        return strange_tensor_text(text, "net", built.target, memory.constants, memory.block, network)

    text = built.assembly
    assert strange(text) == ""
    lines = text.split("\n")
    at = next(k for k, line in enumerate(lines) if "smlal" in line)
    for fault in ("  nop", "  .word 1", "  smlal r6, r7, r1, sp", "  ldr.w r2, [sp, #2]", "  b .L1", "@ layer 0: conv"):
        assert strange("\n".join([*lines[:at], fault, *lines[at:]])) != ""
    for old, new in ((".Lrun1:", ".Lrun2:"), ("@ layer 0:", "@ layer 9:"), ("sub.w sp, sp", "add.w sp, sp")):
        assert old in text
        assert strange(text.replace(old, new, 1)) != ""


def test_drivers_give_every_input_a_byte_that_the_layout_has(build: Path):
    built = read_tensor_build(build)
    layout = built.manifest.values[0]
    bytes_of = [value.offset for value in built.inputs.values]
    assert len({*bytes_of}) == built.network.inputs
    assert {offset % 4 for offset in bytes_of} <= {layout.start % 4, layout.start % 4 + 3}
    assert {value.lift for value in built.inputs.values} == ({128, 0} if layout.shape[1] > 1 else {128})


@pytest.mark.parametrize("seed", [1, PLANES])
def test_c_calls_it_with_arrays_as_the_header_says(seed: int, each_toolchain: Toolchain):
    """The macros of the header are compiled; scales that differ stand in the order of the arrays."""
    network = windowed_network(seed)
    made = tensors_made(_scaled(network))
    given = f"static int8_t in[net_INPUTS]; static {network.result_format.c_type} out[net_OUTPUTS];"
    use = f"int go(void) {{ {given} net_run(in, out); return out[0]; }}\n"
    use += "static const double scales[] = net_INPUT_SCALES;\ndouble one(int k) { return scales[k]; }\n"
    header = made.bundle.files["net.h"].decode()
    assert each_toolchain.compile_c(header + header + use, made.selection.program.target.core)
    scales = [
        float(word) for word in header.partition("net_INPUT_SCALES {")[2].partition("}")[0].replace("\\", "").split(",")
    ]
    assert scales == (1.0 + np.arange(network.inputs))[array_order(network.shape)].tolist()


def _scaled(network: IntegerNetwork) -> IntegerNetwork:
    return replace(network, input_scale=1.0 + np.arange(network.inputs))
