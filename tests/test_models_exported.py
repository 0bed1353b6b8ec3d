"""Files by the exporters of scikit-learn and PyTorch go the whole road and agree with their framework."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("onnx", reason="the extra formats is not installed")

from armlet.cli import app
from armlet.formats.read import read_model
from armlet.network.network import Network
from oracles.run_layers import run_layers

MODELS = Path(__file__).parent / "data" / "models"
REPOSITORY = Path(__file__).parent.parent
DENSE = ("sklearn_three", "sklearn_two", "sklearn_value", "torch_mlp", "torch_mlp_dynamo")
PLANES = ("torch_cnn", "torch_cnn_dynamo")
ROUNDING = 2e-6  # of float32


def expected(name: str) -> tuple[Any, Any]:
    """Raw inputs, and what the framework gives for them."""
    with np.load(MODELS / f"{name.removesuffix('_dynamo')}_expected.npz") as kept:
        return kept["X"], kept["Y"].reshape(len(kept["X"]), -1)


def meaning(name: str, outputs: Any) -> Any:
    """What the framework makes of the outputs: shares of one, but for values and scores."""
    if name == "sklearn_two":
        return np.hstack([1 - outputs, outputs])
    if name in ("sklearn_three", "torch_mlp", "torch_mlp_dynamo"):
        shares = np.exp(outputs - outputs.max(1, keepdims=True))
        return shares / shares.sum(1, keepdims=True)
    return outputs


@pytest.mark.parametrize("name", [*DENSE, *PLANES])
def test_what_is_read_computes_what_the_framework_computes(name: str):
    model = read_model(MODELS / f"{name}.onnx")
    assert isinstance(model.network, Network), model.obstacles
    X, Y = expected(name)
    outputs = np.array([run_layers(model.network, x) for x in X.astype(np.float64)])
    assert np.abs(meaning(name, outputs) - Y).max() <= ROUNDING * (1 + np.abs(Y).max())


def test_both_exporters_of_pytorch_come_to_the_same_network():
    for name in ("torch_mlp", "torch_cnn"):
        one, other = (read_model(MODELS / f"{name}{made}.onnx").network for made in ("", "_dynamo"))
        assert isinstance(one, Network)
        assert isinstance(other, Network)
        assert [type(layer) for layer in one.layers] == [type(layer) for layer in other.layers]
        assert one.weights == other.weights


def test_layers_are_as_many_as_the_framework_has():
    for name, count in (("sklearn_three", 3), ("sklearn_two", 2), ("torch_mlp", 3), ("torch_cnn", 5)):
        assert len(read_model(MODELS / f"{name}.onnx").layers) == count


def run(*arguments: Any) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("name", ["sklearn_three", "sklearn_value", "torch_mlp_dynamo"])
def test_a_model_compiles_verifies_and_runs_as_its_framework(name: str, tmp_path: Path):
    X, Y = expected(name)
    np.save(tmp_path / "X.npy", X)
    declare = [] if name.startswith("sklearn") else ["--declare", "low=-8,high=8"]
    run("compile", MODELS / f"{name}.onnx", "net", "--out", tmp_path, "--no-verify", *declare)
    assert "verified" in run("verify", tmp_path / "net", "--random", "4")
    run("run", tmp_path / "net", tmp_path / "X.npy", "--output", tmp_path / "Y.npy")
    outputs = np.load(tmp_path / "Y.npy").astype(np.float64)
    assert np.abs(meaning(name, outputs) - Y).max() <= 1e-5 * (1 + np.abs(Y).max())


def test_a_model_is_made_sparse_and_exported(tmp_path: Path):
    pytest.importorskip("jax", reason="the extra sparsify is not installed")
    fast = ["--epochs", "2", "--steps", "4", "--batch", "16"]
    run("sparsify", MODELS / "sklearn_three.onnx", tmp_path / "S", "--sparsity", "0.5", *fast)
    run("export", tmp_path / "S", tmp_path / "s.onnx")
    run("compile", tmp_path / "s.onnx", "net", "--out", tmp_path, "--no-verify")
    sparse, whole = (read_model(path).network for path in (tmp_path / "s.onnx", MODELS / "sklearn_three.onnx"))
    assert isinstance(sparse, Network)
    assert isinstance(whole, Network)
    assert sparse.sparsity >= 0.5
    np.testing.assert_array_equal(sparse.domain.mean, whole.domain.mean)


def snippet(word: str) -> str:
    """The Python of docs/models.md that holds `word`."""
    blocks = re.findall(r"```python\n(.*?)```", (REPOSITORY / "docs" / "models.md").read_text(), re.S)
    (found,) = [block for block in blocks if word in block]
    return found


def test_the_lines_for_scikit_learn_in_the_document_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")
    neural = pytest.importorskip("sklearn.neural_network", reason="scikit-learn is not installed")
    X = np.random.default_rng(0).normal(size=(40, 4))
    pipeline = neural.MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", max_iter=500).fit(X, X[:, 0])
    monkeypatch.chdir(tmp_path)
    exec(snippet("skl2onnx"), {"pipeline": pipeline, "X": X})
    network = read_model(Path("model.onnx")).network
    assert isinstance(network, Network)
    np.testing.assert_allclose(network(X)[:, 0], pipeline.predict(X), rtol=1e-5, atol=1e-5)


def test_the_lines_for_pytorch_in_the_document_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    monkeypatch.chdir(tmp_path)
    exec(snippet("torch.onnx"), {"model": torch.nn.Linear(4, 2)})
    assert read_model(Path("model.onnx")).network is not None
