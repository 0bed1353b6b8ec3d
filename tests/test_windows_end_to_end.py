"""ONNX and Keras files with windows go the whole road by the command line, and the programs compute what they mean.

The judges are ONNX's own evaluator and Keras, both in double precision on the file as it is, and the definitions of
arithmetic in integers, one number at a time. In float32 the difference must lie within the bound of rounding.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("onnx", reason="the extra formats is not installed")
pytest.importorskip("jax", reason="the extra sparsify is not installed")
pytest.importorskip("unicorn", reason="the extra verify is not installed")

from armlet.cli import app
from armlet.formats.params import read_params
from armlet.formats.read import read_any_network, read_network
from armlet.integer.network import IntegerNetwork
from armlet.network.frozen import F64
from armlet.network.network import Network
from generators import onnx_windows
from generators.onnx_models import write_model
from oracles.rounding_bound import rounding_bound
from oracles.run_integer_layers import run_integer_layers
from oracles.run_layers import run_layers

MODELS = Path(__file__).parent / "data" / "models"
EXPECTED = np.load(MODELS / "keras_expected.npz")
QUICK = "[sparsify]\ndraws = 64\njudged = 32\nvalidation = 32\nrounds = 1\nepochs = 1\nsteps = 2\nbatch = 8\n"
ROWS = 4


class Case(NamedTuple):
    """A file, inputs in the file's order, and what they come to: scores, or the softmax of these."""

    file: str
    inputs: np.ndarray
    outputs: F64
    declare: tuple[str, ...]
    channels: int  # which axis of `inputs` has the channels
    is_softmax: bool = False

    @property
    def rows(self) -> F64:
        """The inputs in the order of armlet's networks, which have channels first."""
        return np.moveaxis(self.inputs, self.channels, 1).reshape(len(self.inputs), -1).astype(np.float64)

    def meaning(self, outputs: F64) -> F64:
        shares = np.exp(outputs - outputs.max(1, keepdims=True))
        return shares / shares.sum(1, keepdims=True) if self.is_softmax else outputs


def of_onnx(make: Callable[[], Any], shape: tuple[int, ...], output: str = "y", channels: int = 1) -> Case:
    model, name = make(), f"{make.__name__}.onnx"
    write_model(model, Path(name))
    levels = np.linspace(0.2, 1, ROWS).reshape(-1, *(1,) * len(shape))  # so that means of planes differ
    inputs = (np.random.default_rng(4).random((ROWS, *shape)) * levels).astype(np.float32)
    return Case(name, inputs, onnx_windows.by_reference(model, inputs, output), ("--declare", "low=0,high=1"), channels)


def of_keras(name: str, high: int) -> Case:
    inputs, outputs = EXPECTED[f"{name}_x"][:ROWS], EXPECTED[f"{name}_y"][:ROWS]
    return Case(str(MODELS / f"{name}.keras"), inputs, outputs, ("--declare", f"low=0,high={high}"), -1, True)


CASES: dict[str, Callable[[], Case]] = {
    "residual network, onnx": lambda: of_onnx(onnx_windows.residual, (3, 9, 8)),
    "lenet, onnx": lambda: of_onnx(onnx_windows.lenet, (1, 16, 16), "i2"),
    "signal in time, onnx": lambda: of_onnx(onnx_windows.signal, (6, 40)),
    "channels last, onnx": lambda: of_onnx(onnx_windows.channels_last, (8, 6, 3), channels=-1),
    "residual network, keras": lambda: of_keras("residual", 255),
    "lenet, keras": lambda: of_keras("lenet", 3),
}


CLAMPED = [name for name in CASES if name != "lenet, keras"]  # its tanh has no counterpart in int8 with windows
SPARSE = ["residual network, onnx", "signal in time, onnx", "residual network, keras"]


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """One of the files, with a file of inputs x.npy beside it."""
    monkeypatch.chdir(tmp_path)
    made = CASES[request.param]()
    np.save("x.npy", made.inputs)
    Path("armlet.toml").write_text(QUICK)
    return made


def armlet(*words: str) -> str:
    """What a command says on both streams; it must not fail, and writes shapes in one way."""
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert not re.search(r"\d x \d", done.output), done.output
    return done.output


def ran(model: str, target: str, *options: str, stored: bool = False) -> F64:
    """The outputs of the model compiled and verified, for the file of inputs."""
    armlet("compile", model, "net", "--target", target, "--no-verify", *options)
    assert "build/net: verified" in armlet("verify", "build/net", "--random", "2")
    armlet("run", "build/net", "x.npy", "-o", "y.npy", *(["--stored"] if stored else []))
    return np.load("y.npy").astype(np.float64)


def bounds(network: Network, rows: F64, computed: bool = True) -> F64:
    return np.stack([rounding_bound(network, row, computed) for row in rows])


def test_a_file_is_read_compiled_and_run_as_its_own_tool_computes_it(case: Case):
    told = json.loads(armlet("inspect", case.file, *case.declare, "--json"))
    assert (told["obstacles"], told["refusal"]) == ([], None)
    network = read_network(case.file, tell=lambda note: None)
    exact = run_layers(network, case.rows)
    assert (np.abs(case.meaning(exact) - case.outputs) <= bounds(network, case.rows, False).max() + 1e-15).all()
    outputs, bound = ran(case.file, "cortex-m4f", *case.declare), bounds(network, case.rows)
    assert (np.abs(outputs - exact) <= bound).all()
    assert bound.max() < 0.1 * np.ptp(exact, axis=0).max()  # else it could not tell one row from another


@pytest.mark.parametrize("case", SPARSE, indirect=True)
def test_a_file_is_made_sparse_in_float32_and_verified(case: Case):
    armlet("sparsify", case.file, "S", "--sparsity", "0.5", "--config", "armlet.toml", *case.declare)
    sparse, dense = read_params("S"), read_network(case.file, tell=lambda note: None)
    assert sparse.connections == dense.weights - round(0.5 * dense.weights)
    assert (np.abs(ran("S", "cortex-m4f") - run_layers(sparse, case.rows)) <= bounds(sparse, case.rows)).all()


@pytest.mark.parametrize("case", SPARSE, indirect=True)
def test_a_file_is_made_sparse_in_int8_and_verified(case: Case):
    asked = ("--sparsity", "0.4", "--activations", "int8", "--for", "cortex-m4")
    armlet("sparsify", case.file, "S", *asked, "--config", "armlet.toml", *case.declare)
    network = read_any_network("S")
    assert isinstance(network, IntegerNetwork)
    stored = network.quantise(case.rows.astype(np.float32))
    wanted = [run_integer_layers(network, row).values[-1].ravel() for row in stored]
    assert ran("S", "cortex-m4", stored=True).tolist() == np.array(wanted).tolist()
    assert network.connections <= round(0.6 * network.weights)


@pytest.mark.parametrize("case", CLAMPED, indirect=True)
def test_int8_alone_keeps_what_the_file_computes(case: Case):
    asked = ("--sparsity", "0", "--activations", "int8", "--for", "cortex-m4")
    armlet("sparsify", case.file, "S", *asked, "--config", "armlet.toml", *case.declare)
    exact = run_layers(read_network(case.file, tell=lambda note: None), case.rows)
    missed, spread = ran("S", "cortex-m4") - exact, exact - exact.mean(axis=0)
    assert (missed**2).sum() < 0.05 * (spread**2).sum()  # planes in another order would miss as much as there is
