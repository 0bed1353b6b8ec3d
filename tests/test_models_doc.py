"""What docs/models.md shows is so: each framework's lines export, and the commands make assembly of what they wrote.

The lines that export ONNX are in test_models_exported.py.
"""

import importlib
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from armlet.cli import app

pytest.importorskip("jax", reason="jax is not installed (extra [sparsify])")

TEXT = (Path(__file__).parent.parent / "docs" / "models.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    (found,) = re.findall(rf"^## {title}[^\n]*\n(.*?)(?=^## |\Z)", TEXT, re.M | re.S)
    return found


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def torch_model() -> Any:
    nn = importlib.import_module("torch").nn
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)).eval()


def keras_model() -> Any:
    keras = importlib.import_module("keras")
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(3)])


def sklearn_model() -> Any:
    classifier = importlib.import_module("sklearn.neural_network").MLPClassifier
    rows = np.random.default_rng(0).normal(size=(60, 6))
    model = classifier((8,), activation="tanh", solver="lbfgs", max_iter=50, tol=1e-2, random_state=0)
    model.n_iter_no_change = 5
    return model.fit(rows, rows[:, :3].argmax(axis=1))


FRAMEWORKS: dict[str, tuple[str, Callable[[], Any]]] = {
    "PyTorch, by safetensors": ("torch", torch_model),
    "Keras": ("keras", keras_model),
    "scikit-learn, without skl2onnx": ("sklearn", sklearn_model),
}


@pytest.mark.filterwarnings("ignore")  # of the frameworks' own
@pytest.mark.parametrize("title", FRAMEWORKS)
def test_the_lines_of_a_framework_export_and_the_commands_make_assembly(
    title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    package, make = FRAMEWORKS[title]
    pytest.importorskip(package, reason=f"{package} is not installed; docs/models.md shows it")
    monkeypatch.chdir(tmp_path)
    (program,), (commands,) = blocks(section(title), "python"), blocks(section(title), "sh")
    assert len(program.splitlines()) + len(commands.splitlines()) <= 10
    exec(compile(program, "docs/models.md", "exec"), {"model": make()})
    for line in commands.splitlines():
        armlet, *words = shlex.split(line)
        assert armlet == "armlet"
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
    assert list(tmp_path.rglob("net.S"))
