"""An installation without the optional parts does what it can, and says which part the rest needs."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from armlet.extras import EXTRAS, extra_of
from armlet.formats.params import write_params
from armlet.network.network import multilayer_perceptron

PROJECT = Path(__file__).parent.parent / "pyproject.toml"
# Python with some modules that are not there, whatever is installed.
WITHOUT = """
import importlib.abc, importlib.util, sys
gone = set(sys.argv.pop(1).split(","))
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name.partition(".")[0] in gone else found(name, *rest)
class Gone(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in gone:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Gone())
"""
COMMAND = f"{WITHOUT}\nfrom armlet.__main__ import main\nmain()"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    write_params(multilayer_perceptron([np.ones((2, 3))], [np.zeros(2)]), tmp_path / "P")
    (tmp_path / "t.csv").write_text("5, 10\n")
    (tmp_path / "x.csv").write_text("0,0,0\n")
    (tmp_path / "n.onnx").write_bytes(b"")
    return tmp_path


def python(here: Path, program: str, *arguments: str, **named: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=here, env={**os.environ, **named})


ALL = tuple(module for modules in EXTRAS.values() for module in modules)
NEEDS = [
    (("dataset", "t.csv"), "the digits come with scikit-learn; pip install 'armlet[data]'"),
    (("train", "Q", "t.csv"), "training needs jax, optax, scipy, threadpoolctl; pip install 'armlet[sparsify]'"),
    (("sparsify", "P", "Q"), "sparsifying needs jax, optax, scipy, threadpoolctl; pip install 'armlet[sparsify]'"),
    (("verify", "b"), "running a build needs unicorn, capstone, pyelftools; pip install 'armlet[verify]'"),
    (("run", "b", "x.csv"), "running a build needs unicorn, capstone, pyelftools; pip install 'armlet[verify]'"),
    (("demo",), "; pip install 'armlet[data,sparsify,verify]'"),
]


@pytest.mark.parametrize(("arguments", "says"), NEEDS, ids=lambda part: part[0] if isinstance(part, tuple) else "")
def test_a_command_that_lacks_its_extra_says_which(here: Path, arguments: tuple[str, ...], says: str):
    before = sorted(here.rglob("*"))
    done = python(here, COMMAND, ",".join(ALL), *arguments)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert says in done.stderr
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize("module", ALL)
def test_one_package_that_is_missing_is_named(here: Path, module: str):
    extra = extra_of(module)
    assert extra is not None
    (here / "m.onnx").write_bytes(b"")
    commands = {"data": ("dataset", "t.csv"), "sparsify": ("sparsify", "P", "Q"), "verify": ("verify", "b")}
    done = python(here, COMMAND, module, *{**commands, "formats": ("inspect", "m.onnx")}[extra])
    assert done.returncode == 2
    assert EXTRAS[extra][module] in done.stderr
    assert f"pip install 'armlet[{extra}]'" in done.stderr


@pytest.mark.parametrize("gone", [",".join(ALL), "unicorn", "ziglang"])
def test_compile_works_without_extras_and_says_that_it_did_not_verify(here: Path, gone: str):
    done = python(here, COMMAND, gone, "compile", "P", "n", PATH="/nonexistent")  # no tools either
    assert done.returncode == 0, done.stderr
    assert "not verified: " in done.stdout
    assert "pip install 'armlet[verify]'" in done.stdout
    assert (here / "build" / "n" / "n.S").exists()
    done = python(here, COMMAND, gone, "compile", "P", "n", "--json", PATH="/nonexistent")
    assert '"verified": null' in done.stdout


def test_every_help_page_is_there_without_extras(here: Path):
    for command in ("dataset", "train", "inspect", "sparsify", "compile", "export", "verify", "run", "demo"):
        done = python(here, COMMAND, ",".join(ALL), command, "--help")
        assert done.returncode == 0, done.stderr


def test_from_python_too_a_missing_package_names_its_extra(here: Path):
    for name, extra in (("sparsify", "sparsify"), ("verify_build", "verify"), ("train_network", "sparsify")):
        done = python(here, f"{WITHOUT}\nimport armlet\narmlet.{name}", ",".join(ALL))
        assert done.stderr.splitlines()[-1].endswith(f"pip install 'armlet[{extra}]'")
    done = python(here, f"{WITHOUT}\nimport armlet\narmlet.compile_network, armlet.read_network", ",".join(ALL))
    assert done.returncode == 0, done.stderr


def test_the_extras_are_those_of_the_project():
    declared = tomllib.loads(PROJECT.read_text())["project"]["optional-dependencies"]
    for extra, modules in EXTRAS.items():
        assert {*modules.values()} == {entry.partition(">")[0] for entry in declared[extra]} - {"ziglang"}
