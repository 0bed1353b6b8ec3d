"""Networks written back into the TensorFlow Lite files that they came from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from armlet.cli import app
from armlet.errors import InputError
from armlet.formats.params import write_params
from armlet.formats.read import read_any_network, read_model, read_network
from armlet.formats.tflite.write import write_tflite
from armlet.integer.interpret import run_integers
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerLayer, IntegerPool
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Shift
from armlet.network.activation import Activation
from armlet.network.layers import Conv, Dense, Weighted
from armlet.network.network import Network
from generators.litert import before_softmax, litert
from generators.tflite_files import (
    OperatorSpec,
    TensorSpec,
    activated_chain,
    constant,
    float_planes,
    random_integer_chain,
    stored_rows,
    tflite_file,
)
from generators.tflite_planes import channels_last, random_integer_planes
from oracles.run_layers import run_layers


def read(path: Path) -> Network | IntegerNetwork:
    return read_any_network(path, tell=lambda note: None)


def source_of(folder: Path, content: bytes) -> Path:
    path = folder / "source.tflite"
    path.write_bytes(content)
    return path


def sparse(network: Network, seed: int) -> Network:
    """Half of the weights zero, the others and the biases moved."""
    rng = np.random.default_rng(seed)

    def changed(layer: Weighted) -> Weighted:
        moved = layer.weight * rng.choice(np.array([0, 1.5], np.float32), layer.weight.shape)
        return replace(layer, weight=moved, bias=layer.bias + np.float32(rng.normal()))

    return replace(network, layers=tuple(changed(x) if isinstance(x, Weighted) else x for x in network.layers))


def sparse_integers(network: IntegerNetwork, seed: int) -> IntegerNetwork:
    rng = np.random.default_rng(seed)

    def changed(body: IntegerDense) -> IntegerDense:
        weight = body.weight * rng.integers(0, 2, body.weight.shape).astype(np.int16)
        return replace(body, weight=weight, bias=body.bias + 7)

    def of(layer: IntegerLayer) -> IntegerLayer:
        match layer:
            case IntegerDense():
                return changed(layer)
            case IntegerConv(body) if not (body.weight == 1).all():  # as MEAN is read
                return replace(layer, body=changed(body))
            case _:
                return layer

    return replace(network, layers=tuple(map(of, network.layers)))


def with_biases(network: Network) -> Network:
    """The last layer of the file has no bias, so that of the network is zero."""
    last = network.layers[-1]
    assert isinstance(last, Dense)
    return replace(network, layers=(*network.layers[:-1], replace(last, bias=np.zeros_like(last.bias))))


def half(network: Network) -> Network:
    """The last layer is of float16 in the file."""
    last = network.layers[-1]
    assert isinstance(last, Dense)
    kept = last.weight.astype(np.float16).astype(np.float32)
    return replace(network, layers=(*network.layers[:-1], replace(last, weight=kept)))


def test_a_float_network_comes_back_to_the_bit_and_runs(tmp_path: Path):
    source, path = source_of(tmp_path, float_planes()), tmp_path / "out.tflite"
    network = read(source)
    assert isinstance(network, Network)
    changed = half(with_biases(sparse(network, 1)))
    write_tflite(changed, source, path)
    again = read(path)
    assert again.digest() == changed.digest() != network.digest()
    rows = np.random.default_rng(0).normal(0, 1, (4, 6, 5, 2)).astype(np.float32)
    ours = run_layers(changed, rows.transpose(0, 3, 1, 2).reshape(4, -1))
    np.testing.assert_allclose(ours, litert(path, rows, before_softmax(path)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_a_network_in_integers_comes_back_to_the_bit_and_runs(seed: int, tmp_path: Path):
    source, path = source_of(tmp_path, random_integer_chain(np.random.default_rng(seed), biased=True)), tmp_path / "o"
    network = read(source)
    assert isinstance(network, IntegerNetwork)
    changed = sparse_integers(network, seed)
    write_tflite(changed, source, path.with_suffix(".tflite"))
    again = read(path.with_suffix(".tflite"))
    assert again.digest() == changed.digest() != network.digest()
    rows = np.random.default_rng(0).integers(-128, 128, (20, network.inputs)).astype(np.int8)
    np.testing.assert_array_equal(run_integers(changed, rows), litert(path.with_suffix(".tflite"), rows))


@pytest.mark.parametrize("seed", range(12))
def test_planes_in_integers_come_back_to_the_bit_and_run(seed: int, tmp_path: Path):
    rng = np.random.default_rng(seed)
    source, path = source_of(tmp_path, random_integer_planes(rng, biased=True)), tmp_path / "out.tflite"
    model = read_model(source)
    assert isinstance(model.network, IntegerNetwork)
    changed = sparse_integers(model.network, seed)
    write_tflite(changed, source, path)
    assert read(path).digest() == changed.digest() != model.network.digest()
    rows = stored_rows(rng, 20, changed.inputs)
    theirs = litert(path, channels_last(rows, changed.shape, model.notes, "inputs"), before_softmax(path))
    found = channels_last(run_integers(changed, rows), changed.shapes[-1], model.notes, "outputs")
    np.testing.assert_array_equal(found, theirs)


def test_real_numbers_go_back_into_a_file_of_integers_with_convolutions(tmp_path: Path, reference_data: Path):
    source = reference_data / "mlperf-tiny" / "kws_ref_model.tflite"
    network = read_network(source, tell=lambda note: None)
    write_tflite(network, source, tmp_path / "out.tflite")
    assert (tmp_path / "out.tflite").read_bytes() == source.read_bytes()


def test_another_window_is_another_network(tmp_path: Path, reference_data: Path):
    source = reference_data / "mlperf-tiny" / "kws_ref_model.tflite"
    network = read(source)
    assert isinstance(network, IntegerNetwork)
    first = network.layers[0]
    assert isinstance(first, IntegerConv)
    other = replace(network, layers=(replace(first, border=0), *network.layers[1:]))
    with pytest.raises(InputError, match="holds another network"):
        write_tflite(other, source, tmp_path / "out.tflite")


def test_activations_of_their_own_stay_in_the_file(tmp_path: Path):
    content = activated_chain(np.random.default_rng(1), ["LOGISTIC", "RELU6"], -9, 12.0)
    source, path = source_of(tmp_path, content), tmp_path / "out.tflite"
    network = read(source)
    assert isinstance(network, IntegerNetwork)
    changed = sparse_integers(network, 1)
    write_tflite(changed, source, path)
    assert read(path).digest() == changed.digest() != network.digest()
    rows = np.random.default_rng(0).integers(-128, 128, (20, network.inputs)).astype(np.int8)
    np.testing.assert_array_equal(run_integers(changed, rows), litert(path, rows))


def test_an_unchanged_network_leaves_the_file_as_it_was(tmp_path: Path, reference_data: Path):
    for name in ("mlperf-tiny-ad/ad01_int8", "mlperf-tiny/pretrainedResnet", "mlperf-tiny/vww_96_int8"):
        source = reference_data / f"{name}.tflite"
        write_tflite(read(source), source, tmp_path / "out.tflite")
        assert (tmp_path / "out.tflite").read_bytes() == source.read_bytes()


def refused(network: Network | IntegerNetwork, source: Path, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        write_tflite(network, source, source.parent / "out.tflite")
    assert not (source.parent / "out.tflite").exists()


def test_another_network_is_refused_and_nothing_is_written(tmp_path: Path):
    source = source_of(tmp_path, float_planes())
    network = read(source)
    assert isinstance(network, Network)
    first = network.layers[0]
    assert isinstance(first, Conv)
    other = replace(network, layers=(replace(first, activation=Activation.RELU6), *network.layers[1:]))
    refused(other, source, "holds another network")
    domain = replace(network.domain, mean=network.domain.mean + 1)
    refused(replace(network, domain=domain), source, "holds another network")


def test_additions_in_convolutions_and_pools_of_other_scales_are_refused(tmp_path: Path):
    source = source_of(tmp_path, random_integer_planes(np.random.default_rng(20)))
    network = read(source)
    assert isinstance(network, IntegerNetwork)
    at, added = next((i, each) for i, each in enumerate(network.layers) if isinstance(each, IntegerAdd))
    where, pool = next((i, each) for i, each in enumerate(network.layers) if isinstance(each, IntegerPool))
    write_tflite(network, source, tmp_path / "same.tflite")  # its average has a unit of its own, as the file's

    def with_layer(number: int, layer: IntegerLayer) -> IntegerNetwork:
        return replace(network, layers=(*network.layers[:number], layer, *network.layers[number + 1 :]))

    assert pool.scaling is not None
    scaled = replace(pool, scaling=replace(pool.scaling, multiplier=pool.scaling.multiplier - 1))
    refused(with_layer(where, scaled), source, "holds another network")
    one = np.ones(network.shapes[at + 1][0], np.int64)
    ends = np.full(len(one), added.low, np.int32), np.full(len(one), added.high, np.int32)
    shift, weight, bias = Shift(one), np.diag(one).astype(np.int16), np.zeros(len(one), np.int32)
    body = IntegerDense(weight, bias, shift, Activation.LINEAR, added.stored, *ends)
    fused = with_layer(at, IntegerConv(body, (1, 1), residual=np.ones(len(one), np.int16)))
    refused(fused, source, f"holds no convolution with an addition in it, as layer {at} is; export the network in real")


def test_what_the_file_cannot_hold_is_refused(tmp_path: Path):
    source = source_of(tmp_path, float_planes())
    network = read(source)
    assert isinstance(network, Network)
    refused(half(sparse(network, 2)), source, "has no bias in t19, the network has one")
    refused(with_biases(sparse(network, 2)), source, "cannot hold layer 5 to the bit")


def test_two_layers_in_one_buffer_stay_equal_or_are_refused(tmp_path: Path):
    shared = constant(np.ones((3, 3), np.float32))
    tensors = [TensorSpec((1, 3)), shared, TensorSpec((1, 3)), TensorSpec((1, 3))]
    steps = [OperatorSpec("FULLY_CONNECTED", (i, 1, -1), (i + 1 + (i == 0),)) for i in (0, 2)]
    source = source_of(tmp_path, tflite_file(tensors, steps, [0], [3]))
    network = read(source)
    assert isinstance(network, Network)
    first, last = network.layers
    assert isinstance(first, Dense)
    assert isinstance(last, Dense)
    refused(replace(network, layers=(replace(first, weight=2 * first.weight), last)), source, "in one buffer")
    both = tuple(replace(layer, weight=2 * layer.weight) for layer in (first, last))
    write_tflite(replace(network, layers=both), source, tmp_path / "out.tflite")
    assert read(tmp_path / "out.tflite").digest() == replace(network, layers=both).digest()


def test_export_puts_a_params_folder_into_the_file_it_came_from(tmp_path: Path):
    source, path = (
        source_of(tmp_path, random_integer_chain(np.random.default_rng(2), biased=True)),
        tmp_path / "out.tflite",
    )
    network = read(source)
    assert isinstance(network, IntegerNetwork)
    changed = sparse_integers(network, 1)
    write_params(changed, tmp_path / "params")
    called = CliRunner().invoke(app, ["export", str(tmp_path / "params"), str(path), "--from", str(source)])
    assert called.exit_code == 0, called.output
    assert read(path).digest() == changed.digest()
    with pytest.raises(InputError, match="name it: --from"):
        write_tflite(changed, tmp_path / "params", path)
