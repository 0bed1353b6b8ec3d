"""Every command that takes a network takes a model file, whatever its format, and says where the network came from."""

import hashlib
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from armlet.cli import app
from armlet.errors import InputError
from armlet.formats import read
from armlet.formats.declaration import Declaration
from armlet.formats.model import Model, ModelLayer, Obstacle, joined
from armlet.formats.params import read_params
from armlet.formats.read import MODELS, SUFFIXES, read_any_network, read_model
from armlet.integer.network import IntegerNetwork
from armlet.network.network import Network
from generators.classifier import classifier
from generators.integer_survivors import drawn_survivors
from generators.perceptrons import random_network

CONTENT = b"a model"
ORIGIN = {
    "model_file": "m.onnx",
    "model_sha256": hashlib.sha256(CONTENT).hexdigest(),
    "model_format": "ONNX, opset 17",
}
FAST = ("--epochs", "2", "--steps", "5", "--batch", "16", "--inputs", "gaussian", "--sparsity", "0.5")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own with a model file in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.onnx").write_bytes(CONTENT)
    return tmp_path


@pytest.fixture
def holds(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Declaration]]:
    """Puts a network behind all files called .onnx; the list that it gives gets what was declared of them."""

    def put(network: Network | IntegerNetwork | None, *obstacles: Obstacle) -> list[Declaration]:
        declared: list[Declaration] = []

        def read_it(path: Path, declare: Declaration) -> Model:
            assert path.read_bytes() == CONTENT
            declared.append(declare)
            layers = tuple(ModelLayer(f"gemm_{i}", "Gemm") for i in range(len(network.layers) if network else 0))
            return Model(ORIGIN["model_format"], network, layers, ("the batch is one",), obstacles)

        module = ModuleType("reader_of_this_test")
        vars(module)["read_it"] = read_it
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(read, "MODELS", {**MODELS, ".onnx": ("ONNX", module.__name__, "read_it")})
        monkeypatch.setattr(read, "require", lambda what, *extras: None)
        return declared

    return put


def armlet(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def refused(*arguments: str) -> str:
    """The line of a refused command, which stands alone: notes of the reader would hide it."""
    result = armlet(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


def integers() -> IntegerNetwork:
    return drawn_survivors((16, 8, 4), 0.5, np.arange(1, 128))


def test_a_model_in_real_numbers_is_compiled(here: Path, holds: Callable[..., list[Declaration]]):
    network = random_network([16, 8, 4], 0.5, 1)
    declared = holds(network)
    done = armlet("compile", "m.onnx", "net", "--declare", "low=0,high=1", "--no-verify")
    assert done.exit_code == 0, done.output
    assert "armlet: m.onnx: the batch is one\n" in done.stderr
    assert [said.high for said in declared] == [1]
    built = read_params(here / "build" / "net")
    assert built.digest() == network.digest()
    assert {name: built.provenance[name] for name in ORIGIN} == ORIGIN


def test_a_model_in_integers_is_compiled_as_it_is(here: Path, holds: Callable[..., list[Declaration]]):
    network = integers()
    holds(network)
    done = armlet("compile", "m.onnx", "net", "--target", "cortex-m0plus", "--no-verify", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["network"]["digest"] == network.digest()
    built = read_any_network(here / "build" / "net")
    assert built.digest() == network.digest()
    assert {name: built.provenance[name] for name in ORIGIN} == ORIGIN
    assert "--rescale: is about programs in float32" in refused("compile", "m.onnx", "net", "--rescale", "none")


def test_a_model_is_sparsified(here: Path, holds: Callable[..., list[Declaration]]):
    holds(random_network([16, 8, 4], 0.0, 1))
    done = armlet("sparsify", "m.onnx", "out", *FAST)
    assert done.exit_code == 0, done.output
    sparse = read_params(here / "out")
    assert {name: sparse.provenance[name] for name in ORIGIN} == ORIGIN
    assert sparse.provenance["sparsify_sparsity"] == 0.5


def test_notes_are_said_once_and_before_what_comes_of_the_model(
    here: Path, holds: Callable[..., list[Declaration]], monkeypatch: pytest.MonkeyPatch
):
    holds(random_network([16, 8, 4], 0.0, 1))
    note = "armlet: m.onnx: the batch is one"
    for words in (("sparsify", "m.onnx", "out", *FAST), ("compile", "m.onnx", "net", "--no-verify")):
        done = armlet(*words)
        assert done.stderr.splitlines().count(note) == 1
        assert done.output.startswith(note)
        assert note not in armlet(*words, "--quiet").stderr


def test_what_is_told_of_several_nodes_is_one_note():
    told = ["a: is folded", "the batch is one", "b: is folded", "b: is left out"]
    assert joined(told) == ("a, b: is folded", "the batch is one", "b: is left out")
    assert joined([f"n{i}: is folded" for i in range(9)]) == ("n0, n1, n2, n3 and 5 more: is folded",)


def test_a_model_in_integers_is_not_sparsified(here: Path, holds: Callable[..., list[Declaration]]):
    holds(integers())
    line = refused("sparsify", "m.onnx", "out", *FAST)
    assert line == "armlet: m.onnx: holds a network in integers; give the one in real numbers that it was made from"
    assert [path.name for path in here.iterdir()] == ["m.onnx"]


@pytest.mark.parametrize("command", [("compile", "m.onnx", "net"), ("sparsify", "m.onnx", "out")])
def test_what_has_no_counterpart_is_refused_by_name_and_inspect_names_all(
    here: Path, holds: Callable[..., list[Declaration]], command: tuple[str, ...]
):
    holds(None, Obstacle("up/resize", "Resize", "scale before"), Obstacle("rec", "LSTM", "unroll it"))
    line = refused(*command)
    assert line == (
        "armlet: m.onnx: up/resize: is Resize, which armlet does not read (and 1 more: armlet inspect names all); "
        "scale before"
    )
    assert [path.name for path in here.iterdir()] == ["m.onnx"]
    told = armlet("inspect", "m.onnx")
    assert told.exit_code == 0
    assert "up/resize: armlet does not read Resize; scale before\n" in told.stdout
    assert "rec: armlet does not read LSTM; unroll it\n" in told.stdout


def test_a_network_in_an_npz_says_where_it_came_from(here: Path):
    np.savez(here / "n.npz", W1=np.eye(4), b1=np.ones(4))
    assert armlet("compile", "n.npz", "net", "--no-verify").exit_code == 0
    provenance = read_params(here / "build" / "net").provenance
    digest = hashlib.sha256((here / "n.npz").read_bytes()).hexdigest()
    assert provenance == {"model_file": "n.npz", "model_sha256": digest, "model_format": "NumPy arrays"}


def test_a_network_with_windows_is_exported_to_onnx_alone(here: Path, holds: Callable[..., list[Declaration]]):
    holds(classifier())
    says = "armlet: m.onnx: layer 0 is a convolution 3x3x3x4, which no .npz says; write .onnx"
    assert refused("export", "m.onnx", "o.npz") == says
    assert armlet("export", "m.onnx", "o.onnx").exit_code == 0


def test_a_model_is_not_written_over(here: Path, holds: Callable[..., list[Declaration]]):
    holds(random_network([16, 8, 4], 0.0, 1))
    (here / "out").mkdir()
    (here / "m.onnx").rename(here / "out" / "m.onnx")
    assert "out: holds out/m.onnx, which is read" in refused("sparsify", "out/m.onnx", "out", *FAST)


@pytest.mark.parametrize("command", ["inspect", "sparsify", "compile", "export"])
def test_help_says_which_files_may_be_given(command: str):
    told = re.sub(r"[\s│]+", " ", armlet(command, "--help").stdout)
    assert "MODEL" in told
    assert "PARAMS folder" in told
    assert all(suffix in told for suffix in SUFFIXES)


@pytest.mark.parametrize("command", [("inspect",), ("sparsify", "out"), ("compile", "net"), ("export", "o.npz")])
def test_what_is_no_model_is_refused_in_one_line(here: Path, command: tuple[str, ...]):
    name, *rest = command
    (here / "n.txt").write_text("W")
    (here / "empty.onnx").mkdir()
    for given, says in (
        ("none.onnx", "none.onnx: does not exist; give a PARAMS folder or a network file"),
        ("n.txt", f"n.txt: is not a network file that armlet reads; give a PARAMS folder or {', '.join(SUFFIXES)}"),
        ("empty.onnx", "empty.onnx: holds no W_0.npy; give the folder that holds W_0.npy and b_0.npy"),
        ("/dev/null", "/dev/null: is "),
    ):
        assert says in refused(name, given, *rest)


FOREIGN = {  # name, content: what is said of it
    ("m.pt", b"PK\3\4"): "a PyTorch file, a pickle, which may run code on loading and is not read; torch.onnx.export",
    ("m.PTH", b"\x80\2"): "safetensors.torch.save_file",
    (
        "m.joblib",
        b"\x80\4",
    ): "is a pickle, which may run code on loading and is not read; of scikit-learn:",
    ("m.h5", b"\x89HDF\r\n\x1a\n"): 'keras.saving.load_model("old.h5").save("model.keras")',
    ("m.weights.h5", b""): "is an HDF5 file",
    ("m.pb", b"\x08\1"): "tf.lite.TFLiteConverter.from_saved_model",
    ("m.npy", b"\x93NUMPY"): "numpy.savez(path, W1=..., b1=...",
    ("m.onnx", b"\x1c\0\0\0TFL3"): "is a TensorFlow Lite file by its content; call it NAME.tflite",
    ("a.onnx", b"PK\3\4rest"): "is a zip archive by its content; call it NAME.npz or NAME.keras",
    ("b.keras", b"\x89HDF\r\n\x1a\nrest"): "is an HDF5 file",
    ("b.npz", b"\x80\4rest"): "is a pickle",
    ("b.safetensors", b"\x93NUMPY\1\0"): "is one array",
}


@pytest.mark.parametrize(("name", "content"), FOREIGN)
def test_a_file_of_another_tool_is_told_what_to_do(tmp_path: Path, name: str, content: bytes):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as error:
        read_model(tmp_path / name)
    assert FOREIGN[name, content] in str(error.value)
    assert str(error.value).startswith(str(tmp_path / name))


def test_a_folder_of_tensorflow_is_told_what_to_do(tmp_path: Path):
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(InputError, match="is a TensorFlow graph; tf"):
        read_model(tmp_path)
