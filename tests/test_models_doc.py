"""What README.md and docs/models.md show is so: a framework's lines export, and the commands make assembly of it.

The lines of docs/models.md that export ONNX are in test_models_exported.py.
"""

import importlib
import re
import shlex
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from armlet.cli import app

pytest.importorskip("jax", reason="jax is not installed (extra [sparsify])")

REPOSITORY = Path(__file__).parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
MODELS = (REPOSITORY / "docs" / "models.md").read_text(encoding="utf-8")
QUICK = ["--epochs", "2", "--steps", "4", "--batch", "16"]
ROWS = np.random.default_rng(0).normal(size=(60, 6))


def section(text: str, title: str) -> str:
    """What stands below a heading, up to the next one of its level or above."""
    (found,) = re.findall(rf"^(##+) {title}[^\n]*\n(.*?)(?=^##[^#]|^\1 |\Z)", text, re.M | re.S)
    return found[1]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def code(block: str) -> list[str]:
    return [line for line in block.splitlines() if line.strip()]


def run(line: str, more: list[str] | None = None) -> None:
    armlet, *words = shlex.split(line, comments=True)
    assert armlet == "armlet"
    done = CliRunner().invoke(app, words + (more or []))
    assert done.exit_code == 0, done.output


def torch_model() -> Any:
    nn = importlib.import_module("torch").nn
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)).eval()


def keras_model() -> Any:
    keras = importlib.import_module("keras")
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(3)])


def sklearn_model() -> Any:
    classifier = importlib.import_module("sklearn.neural_network").MLPClassifier
    model = classifier((8,), activation="tanh", solver="lbfgs", max_iter=50, tol=1e-2, random_state=0)
    model.n_iter_no_change = 5
    return model.fit(ROWS, ROWS[:, :3].argmax(axis=1))


Made = dict[str, tuple[tuple[str, ...], Callable[[], Any]]]
ROADS: Made = {  # of README.md: what must be installed, and the model
    "PyTorch": (("torch", "onnx"), torch_model),
    "Keras": (("keras", "h5py"), keras_model),
    "scikit-learn": (("sklearn", "skl2onnx", "onnx"), sklearn_model),
}
OTHERS: Made = {  # of docs/models.md
    "PyTorch, by safetensors": (("torch", "safetensors"), torch_model),
    "Keras": (("keras", "h5py"), keras_model),
    "scikit-learn, without skl2onnx": (("sklearn",), sklearn_model),
}


def export(program: str, made: tuple[tuple[str, ...], Callable[[], Any]], page: str) -> None:
    """Run the framework's own lines, or skip where it is missing."""
    packages, make = made
    for package in packages:
        pytest.importorskip(package, reason=f"{package} is not installed; {page} shows it")
    exec(compile(program, page, "exec"), {"model": make(), "X": ROWS})


@pytest.mark.filterwarnings("ignore")  # of the frameworks' own
@pytest.mark.parametrize("title", ROADS)
def test_five_lines_of_the_readme_lead_from_a_framework_to_assembly(
    title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    text = section(section(README, "From a framework"), title)
    (program,), (commands,) = blocks(text, "python"), blocks(text, "sh")
    sparsify, translate = code(commands)
    assert len(code(program)) + 2 <= 5
    export(program, ROADS[title], "README.md")
    run(sparsify, QUICK)  # its default settings take longer, and are not what is shown
    run(translate)
    assert (tmp_path / "build" / "net" / "net.S").exists()


def float_chain() -> bytes:
    """A file of 6-8-3 in float32."""
    from generators.tflite_files import RELU, OperatorSpec, TensorSpec, constant, tflite_file

    random, tensors, operators = np.random.default_rng(1), [TensorSpec((1, 6))], list[OperatorSpec]()
    for inputs, outputs in pairwise((6, 8, 3)):
        at = len(tensors)
        tensors += [constant(random.normal(size=shape).astype(np.float32)) for shape in ((outputs, inputs), (outputs,))]
        tensors.append(TensorSpec((1, outputs)))
        options = {"FusedActivationFunction": RELU} if outputs == 8 else {}
        operators.append(OperatorSpec("FULLY_CONNECTED", (at - 1, at, at + 1), (at + 2,), options))
    return tflite_file(tensors, operators, [0], [len(tensors) - 1])


@pytest.fixture
def tflite_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, now the current one, with a file in int8 and one in float32."""
    pytest.importorskip("tflite", reason="armlet[formats] is not installed")
    from generators.tflite_files import random_integer_chain

    monkeypatch.chdir(tmp_path)
    Path("int8.tflite").write_bytes(random_integer_chain(np.random.default_rng(11)))
    Path("float.tflite").write_bytes(float_chain())
    return tmp_path


def test_the_lines_of_the_readme_for_tensorflow_lite_make_assembly(tflite_files: Path):
    (commands,) = blocks(section(section(README, "From a framework"), "TensorFlow Lite"), "sh")
    whole, sparsify, translate = code(commands)
    run(whole)
    run(sparsify, QUICK)
    run(translate)
    assert [(tflite_files / "build" / name / f"{name}.S").exists() for name in ("net", "sparse")] == [True, True]


def test_the_lines_of_the_document_for_tensorflow_lite_work(tflite_files: Path):
    (commands,) = blocks(section(MODELS, "TensorFlow Lite"), "sh")
    inspect, whole, sparsify, back = code(commands)
    for name, lines in (("int8", (inspect, whole)), ("float", (inspect, sparsify, back))):
        Path(f"{name}.tflite").replace("model.tflite")
        for line in lines:
            run(line, QUICK if line == sparsify else [])
    assert (tflite_files / "build" / "net" / "net.S").exists()
    assert (tflite_files / "sparse.tflite").exists()


@pytest.mark.filterwarnings("ignore")  # of the frameworks' own
@pytest.mark.parametrize("title", OTHERS)
def test_the_lines_of_the_document_export_and_its_commands_make_assembly(
    title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    text = section(MODELS, title)
    (program,), (commands,) = blocks(text, "python"), blocks(text, "sh")
    export(program, OTHERS[title], "docs/models.md")
    for line in code(commands):
        run(line)
    assert (tmp_path / "build" / "net" / "net.S").exists()
