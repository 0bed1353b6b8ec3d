"""What README.md shows is so: its Python runs, its assembly is emitted, its C calls it, its commands exist."""

import re
import shlex
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.main
from typer.testing import CliRunner

from armlet import InputDomain, multilayer_perceptron, write_params
from armlet.cli import app
from armlet.errors import ToolchainError
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.simulate.machine import Machine
from armlet.toolchain.image import read_image
from armlet.toolchain.toolchain import find_toolchain

REPOSITORY = Path(__file__).parent.parent
TEXT = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.M | re.S)


def commands() -> list[list[str]]:
    """The words of every command of armlet in a shell block."""
    lines = [shlex.split(line, comments=True) for block in blocks("sh") for line in block.splitlines()]
    return [words[1:] for words in lines if words and words[0] == "armlet"]


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the Python of the README leaves."""
    monkeypatch.chdir(tmp_path)
    (program,) = [block for block in blocks("python") if block.startswith("import armlet\n")]
    exec(compile(program, "README.md", "exec"), {})
    return tmp_path / "build" / "gesture"


def test_the_ten_lines_of_assembly_are_emitted(build: Path):
    (shown,) = blocks("asm")
    assert len(shown.splitlines()) == 10
    assert shown in (build / "gesture.S").read_text()


def test_the_c_calls_the_build_and_gets_the_networks_answer(build: Path):
    (program,) = blocks("c")
    include = '#include "gesture.h"\n'
    assert include in program
    tools, core = find_toolchain(), CORTEX_M4F_CORE
    try:
        caller = tools.compile_c(program.replace(include, (build / "gesture.h").read_text()), core)
    except ToolchainError as missing:
        if "is not installed" in str(missing):
            pytest.skip(f"needs a C compiler for ARM: {missing}")
        raise
    assembled = tools.assemble((build / "gesture.S").read_text(), core)
    machine = Machine(core, read_image(tools.link([caller, assembled], core, "is_gesture"), core.instruction_set))
    sensor = machine.reserve(12)
    for x in np.random.default_rng(0).uniform(-1, 1, (8, 3)).astype(np.float32):
        machine.write_floats(sensor, x)
        machine.call("is_gesture", (sensor,))
        hidden = np.maximum(np.array([[1.7, 0, -0.6], [0, 0, 2.3]]) @ x + (0.25, -1), 0)
        assert machine.register("r0") == (hidden @ (0.9, -1.4) + 0.5 > 0)


def test_every_command_and_option_in_the_readme_exists():
    known_commands: Mapping[str, Any] = vars(typer.main.get_command(app))["commands"]
    assert {words[0] for words in commands()} >= {"sparsify", "compile", "verify", "run", "moments"}
    inline = [shlex.split(text)[1:] for text in re.findall(r"`(armlet [^`]*)`", TEXT)]
    for name, *words in commands() + [words for words in inline if not words[0].startswith("-")]:
        assert name in known_commands
        known = {option for each in known_commands[name].params for option in each.opts} | {"--help"}
        assert {word for word in words if word.startswith("--")} <= known, (name, words)


def test_the_commands_for_a_network_of_your_own_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """All but the sparsifier, which takes long: its product stands there already."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    weights = [random.normal(size=(4, 3)), random.normal(size=(2, 4))]
    network = multilayer_perceptron([*weights], [np.zeros(4), np.zeros(2)], InputDomain.uniform(3))
    write_params(network, tmp_path / "PARAMS_SPARSE")
    np.savetxt("inputs.csv", random.random((5, 3)), delimiter=",")
    np.savez("network.npz", W1=weights[0], b1=np.zeros(4), W2=weights[1], b2=np.zeros(2))
    own = next(block for block in blocks("sh") if block.startswith("armlet inspect network.npz "))
    lines = [shlex.split(line, comments=True)[1:] for line in own.splitlines()]
    assert [words[0] for words in lines] == ["inspect", "sparsify", "compile", "verify", "run"]
    for words in lines[:1] + lines[2:]:
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output


def test_every_target_of_make_and_every_extra_exists():
    targets = re.findall(r"^(\w+):", (REPOSITORY / "Makefile").read_text(), re.M)
    assert set(re.findall(r"\bmake (\w+)(?= {2,}#|`)", TEXT)) <= {*targets}
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {*re.findall(r"'\.\[(\w+)\]'", TEXT)} == {"all"} <= {*extras}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/README.md"])
def test_every_document_that_a_page_links_to_exists(page: str):
    path = REPOSITORY / page
    for link in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / link).exists(), link


def test_a_cell_of_a_table_holds_one_figure():
    rows = [line for line in TEXT.splitlines() if line.startswith("|") and re.search(r"\d", line)]
    for row in rows:
        for cell in row.strip("|").split("|")[1:]:
            assert ";" not in cell or not re.search(r"\d.*;.*\d", cell), row
