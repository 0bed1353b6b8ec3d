"""Networks written as ONNX read back as the same network, and onnxruntime computes what they mean."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

onnx = pytest.importorskip("onnx", reason="the extra formats is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from armlet.cli import app  # noqa: E402
from armlet.errors import InputError  # noqa: E402
from armlet.formats.params import read_params, write_params  # noqa: E402
from armlet.formats.read import read_model, read_network  # noqa: E402
from armlet.formats.writers.write import write_model  # noqa: E402
from armlet.network.activation import Activation  # noqa: E402
from armlet.network.domain import InputDomain, domain_of  # noqa: E402
from armlet.network.layers import Add, Conv, Dense, Depthwise, Reshape, kind_of  # noqa: E402
from armlet.network.network import Network  # noqa: E402
from armlet.network.outputs import OutputKind  # noqa: E402
from generators.layered import KINDS, layered_networks, network_with  # noqa: E402
from generators.networks import networks  # noqa: E402
from generators.onnx_models import by_onnxruntime, floats  # noqa: E402
from oracles.run_layers import run_layers  # noqa: E402

HERE, RELU = Path("network"), Activation.RELU


def written(network: Network, folder: Path) -> Path:
    assert write_model(network, HERE, folder / "m.onnx") == ()
    onnx.checker.check_model(str(folder / "m.onnx"), full_check=True)
    return folder / "m.onnx"


def same(one: Network, other: Network) -> None:
    assert one.digest() == other.digest()
    assert one.wiring == other.wiring
    assert one.output is other.output
    assert one.domain.origin is other.domain.origin
    for left, right in zip(one.layers, other.layers, strict=True):
        assert kind_of(left) == kind_of(right)
        if isinstance(left, Dense | Conv | Depthwise):
            assert isinstance(right, Dense | Conv | Depthwise)
            assert left.weight.tobytes() == right.weight.tobytes()
            assert left.bias.tobytes() == right.bias.tobytes()


@given(layered_networks())
def test_any_network_reads_back_with_its_digest(tmp_path: Path, network: Network):
    same(network, read_network(written(network, tmp_path), tell=lambda _: None))


@given(networks())
def test_any_perceptron_reads_back_with_its_digest(tmp_path: Path, network: Network):
    same(network, read_network(written(network, tmp_path), tell=lambda _: None))


@given(layered_networks(), st.integers(0, 99))
def test_onnxruntime_computes_what_the_network_means(tmp_path: Path, network: Network, seed: int):
    path, rng = written(network, tmp_path), np.random.default_rng(seed)
    entry = onnx.load(path).graph.input[0].type.tensor_type.shape.dim
    rows = network.domain.draw(rng, 3).astype(np.float32)
    given_ = by_onnxruntime(path, rows.reshape(3, *(extent.dim_value for extent in entry[1:])))[0].reshape(3, -1)
    for row, outputs in zip(rows, given_):
        meant = run_layers(network, row.astype(np.float64))
        assert np.abs(outputs - meant).max() <= 2e-6 * (10 + np.abs(meant).max())


DOMAINS = {
    "undeclared": InputDomain.undeclared(32),
    "declared": domain_of(32, 0, 255),
    "declared and normalised": domain_of(32, -3, np.arange(32) + 0.1, 0.1, np.pi),
    "normalised each by its own": domain_of(32, None, None, np.arange(32) / 7, np.arange(1, 33) / 3),
    "scaled only": domain_of(32, 0, 255, 0, 255),
    "shifted only": domain_of(32, 0, 255, 127.3, 1),
    "a mean beyond float32's precision": domain_of(32, 0, 1e9, 123456789.123, 1e8),
    "a mean below float32": domain_of(32, -1, 1, 1e-60, 1),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", DOMAINS)
def test_the_domain_comes_back_to_the_bit_with_every_kind_of_layer(name: str, kind: str, tmp_path: Path):
    plain = network_with(KINDS[kind])
    network = Network(plain.layers, DOMAINS[name], plain.shape, {}, OutputKind.VALUES, plain.wiring)
    same(network, read_network(written(network, tmp_path), tell=lambda _: None))


def test_one_channel_and_groups_of_one_keep_their_kind(tmp_path: Path):
    zeros, linear = np.zeros(2, np.float32), Activation.LINEAR
    layers = (
        Conv(np.ones((2, 1, 2, 2), np.float32), zeros, RELU, groups=2),
        Depthwise(np.ones((2, 1, 1), np.float32), zeros, linear),
        Reshape((1, 4, 2)),
        Depthwise(np.ones((1, 1, 1), np.float32), zeros[:1], linear),
        Reshape(),
        Dense(np.ones((2, 8), np.float32), zeros, linear),
        Dense(np.ones((2, 2), np.float32), zeros, RELU),
        Reshape((2, 1, 1)),
        Conv(np.ones((2, 2, 1, 1), np.float32), zeros, RELU),
    )
    network = Network(layers, InputDomain.uniform(18), (2, 3, 3))
    same(network, read_network(written(network, tmp_path), tell=lambda _: None))


def test_an_input_that_several_take_is_normalised_once(tmp_path: Path):
    weight = np.eye(4, dtype=np.float32)
    layers = (Dense(weight, np.ones(4, np.float32), RELU), Add(Activation.TANH))
    network = Network(layers, domain_of(4, 0, 9, 4, 2), (4,), wiring=((0,), (1, 0)))
    same(network, read_network(written(network, tmp_path), tell=lambda _: None))


def test_the_bytes_are_the_same_every_time(tmp_path: Path):
    network = network_with(KINDS["conv"])
    first = written(network, tmp_path).read_bytes()
    assert written(network, tmp_path).read_bytes() == first


def test_a_normalisation_that_another_tool_took_out_is_not_declared(tmp_path: Path):
    network = Network(network_with(KINDS["add"]).layers, domain_of(32, 0, 9, 4, 2), (2, 4, 4), wiring=((0, 0), (1,)))
    model = onnx.load(written(network, tmp_path))
    assert [node.op_type for node in model.graph.node[:2]] == ["Sub", "Div"]
    del model.graph.node[:2]
    for node in model.graph.node:
        node.input[:] = ["x" if name == "std:0" else name for name in node.input]
    onnx.save(model, tmp_path / "m.onnx")
    found = read_network(tmp_path / "m.onnx", tell=lambda _: None)
    assert (found.domain.mean == 0).all()
    assert (found.domain.std == 1).all()
    assert (found.domain.high == 9).all()


def run(*arguments: Any) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def small() -> Network:
    rng = np.random.default_rng(8)
    first = Dense(floats(rng, 3, 4) * (rng.random((3, 4)) < 0.5), floats(rng, 3), Activation.TANH)
    return Network((first, Dense(floats(rng, 2, 3), floats(rng, 2), Activation.LINEAR)), domain_of(4, 0, 1), (2, 2))


@pytest.mark.parametrize("suffix", [".onnx", ".npz", ".ONNX"])
def test_export_and_back_is_the_same_network(suffix: str, tmp_path: Path):
    write_params(small(), tmp_path / "P")
    done = run("export", tmp_path / "P", tmp_path / f"m{suffix}")
    assert done.exit_code == 0, done.output
    assert "4 inputs, 2 layers, 2 outputs" in done.output
    same(small(), read_network(tmp_path / f"m{suffix}", tell=lambda _: None))


def test_a_model_file_is_exported_and_written_over_by_nobody(tmp_path: Path):
    write_model(small(), HERE, tmp_path / "m.onnx")
    done = run("export", tmp_path / "m.onnx", tmp_path / "m.npz")
    assert done.exit_code == 0, done.output
    same(small(), read_network(tmp_path / "m.npz", tell=lambda _: None))
    assert run("export", tmp_path / "m.npz", tmp_path / "m.npz").exit_code == 2


def test_what_a_file_cannot_hold_is_refused_or_told(tmp_path: Path):
    write_params(network_with(KINDS["conv"]), tmp_path / "P")
    refused = run("export", tmp_path / "P", tmp_path / "m.npz")
    assert refused.exit_code == 2
    assert "convolution" in refused.output
    assert run("export", tmp_path / "P", tmp_path / "m.txt").exit_code == 2
    told = Network(small().layers, small().domain, (4,), {}, OutputKind.VALUES)
    assert write_model(told, HERE, tmp_path / "m.npz") == (
        "an .npz cannot say output=values,shape=4: declare it where the file is read",
    )
    sloped = Network(
        (Dense(np.ones((1, 4), np.float32), np.zeros(1, np.float32), Activation.LEAKY_RELU, 0.5),), small().domain, (4,)
    )
    with pytest.raises(InputError, match="slope"):
        write_model(sloped, HERE, tmp_path / "m.npz")
    assert read_params(tmp_path / "P").digest() == network_with(KINDS["conv"]).digest()


def test_the_format_says_who_wrote_it(tmp_path: Path):
    assert "by armlet" in read_model(written(small(), tmp_path)).format
