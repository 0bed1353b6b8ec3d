"""TensorFlow Lite files: what is read is what LiteRT computes, to the bit where all is integers."""

import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from armlet.cli import app
from armlet.errors import InputError
from armlet.formats.declaration import Declaration
from armlet.formats.read import read_any_network, read_model, read_network
from armlet.formats.tflite.scaling import exact_multiplier, quantised_multiplier
from armlet.integer.interpret import run_integers
from armlet.integer.layers import IntegerLayer
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier, requantise
from armlet.integer.shapes import outline as outline_of
from armlet.network.layers import Conv, Depthwise, Layer, Reshape, Weighted
from armlet.network.network import Network
from armlet.network.shapes import tensor_shapes
from generators.litert import before_softmax, interpreter, litert
from generators.tflite_files import (
    N1_TO_1,
    NONE,
    RELU,
    RELU6,
    VALID,
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

MACS = {  # of MLPerf Tiny's benchmarks, as they are published; of the last one by the report of ST Edge AI beside it,
    # layer by layer, without the addition that it counts for each bias (mlcommons/tiny, sww_model_generate_report.txt)
    "mlperf-tiny-ad/ad01_fp32.tflite": 264_192,
    "mlperf-tiny-ad/ad01_int8.tflite": 264_192,
    "mlperf-tiny/kws_ref_model.tflite": 2_656_768,
    "mlperf-tiny/kws_ref_model_float32.tflite": 2_656_768,
    "mlperf-tiny/pretrainedResnet.tflite": 12_501_632,
    "mlperf-tiny/pretrainedResnet_quant.tflite": 12_501_632,
    "mlperf-tiny/vww_96_float.tflite": 7_489_664,
    "mlperf-tiny/vww_96_int8.tflite": 7_489_664,
    "mlperf-tiny/str_ww_ref_model.tflite": 826_368,
}


def write(folder: Path, content: bytes) -> Path:
    path = folder / "n.tflite"
    path.write_bytes(content)
    return path


def macs(network: Network | IntegerNetwork) -> int:
    """Multiplications of all layers with weights."""
    shapes, found = tensor_shapes([outline(each) for each in network.layers], network.sources, network.shape), 0
    for layer, given in zip(map(outline, network.layers), shapes[1:]):
        if isinstance(layer, Conv | Depthwise):
            found += layer.weight.size * given[1] * given[2]
        elif isinstance(layer, Weighted):
            found += layer.weight.size
    return found


def outline(layer: Layer | IntegerLayer) -> Layer:
    return outline_of(layer) if isinstance(layer, IntegerLayer) else layer


@pytest.mark.parametrize("seed", range(20))
def test_a_random_chain_in_int8_is_the_reference_kernels_to_the_bit(seed: int, tmp_path: Path):
    rng = np.random.default_rng(seed)
    path = write(tmp_path, random_integer_chain(rng, wide=seed % 10 == 0))
    model = read_model(path)
    assert isinstance(model.network, IntegerNetwork), model.notes
    rows = stored_rows(rng, 60, model.network.inputs)
    np.testing.assert_array_equal(run_integers(model.network, rows), litert(path, rows))


@pytest.mark.parametrize("seed", range(40))
def test_random_planes_in_int8_are_the_reference_kernels_to_the_bit(seed: int, tmp_path: Path):
    rng = np.random.default_rng(seed)
    path = write(tmp_path, random_integer_planes(rng))
    model = read_model(path)
    assert isinstance(model.network, IntegerNetwork)
    rows, notes = stored_rows(rng, 100, model.network.inputs), model.notes
    theirs = litert(path, channels_last(rows, model.network.shape, notes, "inputs"), before_softmax(path))
    found = channels_last(run_integers(model.network, rows), model.network.shapes[-1], notes, "outputs")
    np.testing.assert_array_equal(found, theirs)


def planes_in_int8(kind: str, given: TensorSpec, *constants: TensorSpec, **options: Any) -> bytes:
    """An operator between a convolution and a dense layer: planes 4x4x2 in, a row out."""
    plane, end = TensorSpec((1, 4, 4, 2), "int8", None, [0.05], [-3]), TensorSpec((1, 1), "int8", None, [2.0], [0])
    size = int(np.prod(given.shape))
    kernel, bias = (
        constant(np.full((2, 1, 1, 2), 9, np.int8), [0.05] * 2),
        constant(np.zeros(2, np.int32), [0.0025] * 2),
    )
    dense = constant(np.ones((1, size), np.int8), [0.05]), constant(np.zeros(1, np.int32), [0.0025])
    tensors = [plane, kernel, bias, plane, given, TensorSpec((1, size), "int8", None, given.scale, given.zero)]
    tensors += [constant(np.array([1, size], np.int32)), *dense, end, *constants]
    window = {"Padding": VALID, "StrideH": 1, "StrideW": 1, "FusedActivationFunction": NONE}
    steps = [
        OperatorSpec("CONV_2D", (0, 1, 2), (3,), window),
        OperatorSpec(kind, (3, *range(10, 10 + len(constants))), (4,), options),
        OperatorSpec("RESHAPE", (4, 6), (5,)),
        OperatorSpec("FULLY_CONNECTED", (5, 7, 8), (9,)),
    ]
    return tflite_file(tensors, steps, [0], [9])


POOL = {"Padding": VALID, "StrideH": 2, "StrideW": 2, "FilterHeight": 2, "FilterWidth": 2}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            planes_in_int8("AVERAGE_POOL_2D", TensorSpec((1, 2, 2, 2), "int8", None, [0.06], [-3]), **POOL),
            "t4: AVERAGE_POOL_2D changes the scale or the zero point",
        ),
        (
            planes_in_int8("LEAKY_RELU", TensorSpec((1, 4, 4, 2), "int8", None, [0.05], [-3]), Alpha=0.25),
            "t4: LEAKY_RELU is not computed in integers yet",
        ),
        (
            planes_in_int8("QUANTIZE", TensorSpec((1, 4, 4, 2), "int8", None, [0.1], [0])),
            "t4: QUANTIZE is not computed in integers yet",
        ),
        (
            planes_in_int8(
                "ADD", TensorSpec((1, 4, 4, 2), "int8", None, [0.1], [0]), constant(np.ones(2, np.int8), [0.5])
            ),
            "t4: ADD with a constant is not computed in integers yet",
        ),
    ],
)
def test_what_is_not_exact_in_integers_is_read_as_real_numbers_with_its_reason(
    content: bytes, reason: str, tmp_path: Path
):
    model = read_model(write(tmp_path, content))
    assert isinstance(model.network, Network)
    assert model.notes[0] == f"read as the real numbers that its integers stand for: {reason}"


KINDS = ["RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "LOGISTIC", "TANH"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("zero", "wide"), [(0, 3.0), (-9, 12.0), (7, 12.0)])
def test_an_activation_of_its_own_in_int8_is_the_reference_kernels_to_the_bit(
    kind: str, zero: int, wide: float, tmp_path: Path
):
    rng = np.random.default_rng(KINDS.index(kind))
    path = write(tmp_path, activated_chain(rng, [kind, "TANH", kind], zero, wide))
    model = read_model(path)
    assert isinstance(model.network, IntegerNetwork), model.notes
    assert model.layers[0].operator == f"FULLY_CONNECTED + {kind}"
    rows = stored_rows(rng, 60, 6)
    given = run_integers(model.network, rows)
    assert len(np.unique(given)) > 2
    np.testing.assert_array_equal(given, litert(path, rows))


def test_a_clip_that_is_fused_in_int8_is_the_reference_kernels_to_the_bit(tmp_path: Path):
    weight, rng = np.array([[100, -30], [-50, 127]], np.int8), np.random.default_rng(2)
    tensors = [TensorSpec((1, 2), "int8", None, [0.05], [3]), constant(weight, [0.01])]
    tensors.append(TensorSpec((1, 2), "int8", None, [0.013], [-20]))
    step = OperatorSpec("FULLY_CONNECTED", (0, 1, -1), (2,), {"FusedActivationFunction": N1_TO_1})
    path = write(tmp_path, tflite_file(tensors, [step], [0], [2]))
    network, rows = read_any_network(path, tell=lambda note: None), stored_rows(rng, 60, 2)
    assert isinstance(network, IntegerNetwork)
    given = run_integers(network, rows)
    assert (given.min(), given.max()) == (-97, 57)
    np.testing.assert_array_equal(given, litert(path, rows))


@pytest.mark.parametrize(
    ("kind", "zero", "scales", "why"),
    [
        ("TANH", 40, 1.0, "needs more than a table of 256"),
        ("LOGISTIC", -40, 1.0, "needs more than a table of 256"),
        ("RELU", 0, 2.0, "from one scale to another"),
    ],
)
def test_an_activation_that_no_table_holds_is_read_as_real_numbers_aloud(
    kind: str, zero: int, scales: float, why: str, tmp_path: Path
):
    content = activated_chain(np.random.default_rng(0), [kind], zero, 2.0, scales)
    model = read_model(write(tmp_path, content))
    assert isinstance(model.network, Network)
    assert why in model.notes[0]
    assert len(model.network.layers) == 1


def test_an_operator_of_almost_every_kind_computes_what_litert_does(tmp_path: Path):
    path = write(tmp_path, float_planes())
    model = read_model(path)
    assert isinstance(model.network, Network)
    rows = np.random.default_rng(0).normal(0, 1, (6, 6, 5, 2)).astype(np.float32)
    ours = run_layers(model.network, rows.transpose(0, 3, 1, 2).reshape(6, -1))
    np.testing.assert_allclose(ours, litert(path, rows, before_softmax(path)), rtol=1e-5, atol=1e-5)
    assert [layer.operator for layer in model.layers].count("CONV_2D") == 1
    assert "the SOFTMAX at the end is left out, the outputs are the scores before it" in model.notes
    assert model.network.domain.std.tolist() == [0.5] * 60


@pytest.mark.parametrize("name", [*MACS])
def test_every_model_of_mlperf_tiny_is_read_at_once_with_its_products(name: str, reference_data: Path):
    read_model(reference_data / name)  # the parser is imported once
    begin = time.process_time()
    model = read_model(reference_data / name)
    assert time.process_time() - begin < 2
    assert model.network is not None
    assert len(model.layers) == len(model.network.layers)
    assert macs(model.network) == MACS[name]


@pytest.mark.parametrize(
    "name", ["mlperf-tiny-ad/ad01_fp32", "mlperf-tiny/pretrainedResnet", "mlperf-tiny/vww_96_float"]
)
def test_float_models_of_mlperf_tiny_agree_with_litert(name: str, reference_data: Path):
    path = reference_data / f"{name}.tflite"
    network = read_any_network(path, tell=lambda note: None)
    assert isinstance(network, Network)
    shape = tuple(interpreter(path).get_input_details()[0]["shape"][1:])
    rows = np.random.default_rng(1).normal(0, 1, (3, *shape)).astype(np.float32)
    first = rows.transpose(0, 3, 1, 2) if len(shape) == 3 else rows
    theirs = litert(path, rows, before_softmax(path))
    np.testing.assert_allclose(
        run_layers(network, first.reshape(3, -1)), theirs, rtol=0, atol=1e-6 * abs(theirs).max() + 1e-5
    )


@pytest.mark.parametrize("name", ["kws_ref_model", "pretrainedResnet_quant", "str_ww_ref_model", "vww_96_int8"])
def test_int8_convolutions_are_the_real_numbers_that_they_stand_for(name: str, reference_data: Path):
    """With what each layer gives stored as the file says, at most a few of the last places lie between."""
    path = reference_data / "mlperf-tiny" / f"{name}.tflite"
    model, run = read_model(path).reals, interpreter(path)
    assert model is not None
    assert isinstance(model.network, Network)
    assert read_network(path, tell=lambda note: None).digest() == model.network.digest()
    assert model.layers[0].weights == "int8, a scale for each channel"
    details = run.get_input_details()[0]
    scales = {told["name"][:200]: told["quantization"] for told in run.get_tensor_details()}

    def keep(i: int, values: np.ndarray) -> np.ndarray:
        scale, zero = scales[model.layers[i].name]
        return (np.clip(np.round(values / scale) + zero, -128, 127) - zero) * scale if scale else values

    rows = np.random.default_rng(2).integers(-128, 128, (3, *details["shape"][1:])).astype(np.int8)
    scale, zero = details["quantization"]
    real = ((rows.astype(np.float64) - zero) * scale).transpose(0, 3, 1, 2).reshape(3, -1)
    last, at = scales[model.layers[-1].name], before_softmax(path)
    theirs = (litert(path, rows, at).astype(np.float64) - last[1]) * last[0]
    assert abs(run_layers(model.network, real, keep) - theirs).max() <= 8 * last[0]


@pytest.mark.parametrize("name", ["kws_ref_model", "pretrainedResnet_quant", "str_ww_ref_model", "vww_96_int8"])
def test_the_official_convolutions_in_int8_are_litert_to_the_bit(name: str, reference_data: Path):
    path = reference_data / "mlperf-tiny" / f"{name}.tflite"
    network = read_any_network(path, tell=lambda note: None)
    assert isinstance(network, IntegerNetwork)
    rows = official_rows(path, interpreter(path).get_input_details()[0])
    first = rows.transpose(0, 3, 1, 2).reshape(len(rows), -1)
    theirs = litert(path, rows, before_softmax(path))
    assert len(np.unique(theirs)) > 8
    np.testing.assert_array_equal(run_integers(network, first), theirs)


def official_rows(path: Path, taken: Any) -> np.ndarray:
    """A hundred inputs: real ones where the folder has some, and any at all."""
    shape, (scale, zero) = taken["shape"][1:], taken["quantization"]
    rows = np.random.default_rng(3).integers(-128, 128, (100, *shape)).astype(np.int8)
    real = np.zeros((0, *shape))
    if "Resnet" in path.name:
        real = np.load(path.parent / "cifar10_250.npz")["X"][:90].astype(np.float64)
    if "str_ww" in path.name:
        real = np.load(path.parent / "sww_calibration.npz")["specs"]
    rows[: len(real)] = np.clip(np.round(real / scale) + zero, -128, 127)
    return rows


def test_convolutions_in_integers_are_sparsified_as_the_real_numbers_that_they_stand_for(tmp_path: Path):
    path = write(tmp_path, planes_in_int8("MAX_POOL_2D", TensorSpec((1, 2, 2, 2), "int8", None, [0.05], [-3]), **POOL))
    out = tmp_path / "out"
    short = ("--sparsity", "0.3", "--epochs", "1", "--steps", "2", "--batch", "8")
    called = CliRunner().invoke(app, ["sparsify", str(path), str(out), *short])
    assert called.exit_code == 0, called.output
    found = read_any_network(out)
    assert isinstance(found, Network)
    assert found.shape == read_network(path, tell=lambda note: None).shape
    assert found.sparsity >= 0.25


def test_the_official_autoencoder_in_int8_is_litert_to_the_bit(reference_data: Path):
    path = reference_data / "mlperf-tiny-ad" / "ad01_int8.tflite"
    network = read_any_network(path, tell=lambda note: None)
    assert isinstance(network, IntegerNetwork)
    assert network.sparsity == pytest.approx(0.093, abs=0.001)
    rows = stored_rows(np.random.default_rng(0), 1000, 640)
    np.testing.assert_array_equal(run_integers(network, rows), litert(path, rows))


def test_the_domain_is_the_ends_of_int8_unless_it_is_declared(tmp_path: Path):
    path = write(tmp_path, random_integer_chain(np.random.default_rng(4)))
    network = read_any_network(path, tell=lambda note: None)
    assert isinstance(network, IntegerNetwork)
    assert [end.tolist() for end in network.input_ends] == [[-128] * network.inputs, [127] * network.inputs]
    low, high = network.domain.low[0] / 2, network.domain.high[0] / 2
    declared = read_any_network(path, Declaration(low=low, high=high), tell=lambda note: None)
    assert (declared.domain.low == low).all()
    assert (declared.domain.high == high).all()
    with pytest.raises(InputError, match="says mean or std of a network in integers"):
        read_any_network(path, Declaration(mean=1.0, std=2.0), tell=lambda note: None)


@pytest.mark.parametrize("scale", [0.5, 0.25, 2.0**-9, 0.75 * 2.0**-7, 0.0123456, 0.9999999, 1.0, 1.5])
def test_a_multiplier_rounds_halves_away_from_zero_as_double_precision_does(scale: float, tmp_path: Path):
    """A layer of one weight on every sum that its bias reaches."""
    biases = np.arange(-300, 301, dtype=np.int32)
    weight = constant(np.zeros((601, 1), np.int8), [1.0])
    tensors = [TensorSpec((1, 1), "int8", None, [scale], [0]), weight, constant(biases, [scale])]
    tensors.append(TensorSpec((1, 601), "int8", None, [1.0], [3]))
    path = write(tmp_path, tflite_file(tensors, [OperatorSpec("FULLY_CONNECTED", (0, 1, 2), (3,))], [0], [3]))
    network = read_any_network(path, tell=lambda note: None)
    rows = np.array([[5]], np.int8)
    assert isinstance(network, IntegerNetwork)
    np.testing.assert_array_equal(run_integers(network, rows), litert(path, rows))


@pytest.mark.parametrize("scale", [0.25, 0.25 * (1 - 2.0**-34), 0.25 * (1 + 2.0**-34), 0.3, 1 / 3, 2.0**-20])
def test_a_multiplier_is_found_that_rounds_as_double_precision_does(scale: float):
    by, inexact = exact_multiplier(np.array([scale]), np.array([-128]), np.array([127]))
    sums = np.arange(-1200, 1201)
    exact = sums * scale
    wanted = np.sign(exact) * np.floor(abs(exact) + 0.5)
    assert inexact == 0
    inside = abs(wanted) < 127
    assert requantise(by, sums[inside, None]).ravel().tolist() == wanted[inside].tolist()


def test_the_multiplier_is_that_of_tensorflow_lite_where_that_is_exact():
    assert quantised_multiplier(0.75) == (3 << 29, 0)
    assert quantised_multiplier(1 - 2.0**-40) == (1 << 30, 1)
    assert quantised_multiplier(2.0**-40) == (0, 0)
    with pytest.raises(ValueError, match="more than 32 bits"):
        quantised_multiplier(2.0**31)


def test_rounded_once_is_one_exact_division():
    rng = np.random.default_rng(3)
    for _ in range(300):
        multiplier, exponent = int(rng.integers(1 << 30, 1 << 31)), int(rng.integers(-31, 8))
        sums = rng.integers(-(1 << 31), 1 << 31, 20) >> max(exponent, 0)
        ours = requantise(Multiplier(np.array([multiplier]), np.array([exponent]), once=True), sums[:, None])
        bits = 31 - exponent
        assert ours.ravel().tolist() == [(value * multiplier + (1 << bits - 1)) >> bits for value in sums.tolist()]


def chain_of(kind: str, **changes: Any) -> bytes:
    """A dense layer of float32, and an operator behind it."""
    return behind_dense([OperatorSpec(kind, (3,), (4,))], [TensorSpec((1, 3))])


def behind_dense(operators: Sequence[OperatorSpec], tensors: Sequence[TensorSpec], fused: int = NONE) -> bytes:
    """A dense layer of float32, whose output is tensor 3, and operators behind it that give the last tensor."""
    weight, bias = np.array([[1, 0, 0.5], [-1, 2, 0], [0.25, 0, 1]], np.float32), np.array([0.5, -0.25, 0], np.float32)
    before = [TensorSpec((1, 3)), constant(weight), constant(bias), TensorSpec((1, 3))]
    first = OperatorSpec("FULLY_CONNECTED", (0, 1, 2), (3,), {"FusedActivationFunction": fused})
    return tflite_file([*before, *tensors], [first, *operators], [0], [3 + len(tensors)])


def behind_conv(operators: Sequence[OperatorSpec], tensors: Sequence[TensorSpec], fused: int = NONE) -> bytes:
    """A convolution of float32, whose output is tensor 3 of 1x4x4x4, operators behind it, a dense layer at the end."""
    rng = np.random.default_rng(4)
    kernel, bias, last = (rng.normal(0, 0.5, shape).astype(np.float32) for shape in ((4, 3, 3, 2), 4, (2, 64)))
    before = [TensorSpec((1, 6, 6, 2)), constant(kernel), constant(bias), TensorSpec((1, 4, 4, 4)), *tensors]
    window = {"Padding": VALID, "StrideH": 1, "StrideW": 1, "FusedActivationFunction": fused}
    at = len(before)
    steps = [
        OperatorSpec("CONV_2D", (0, 1, 2), (3,), window),
        *operators,
        OperatorSpec("RESHAPE", (at - 1, at), (at + 1,)),
        OperatorSpec("FULLY_CONNECTED", (at + 1, at + 2, -1), (at + 3,)),
    ]
    row = [constant(np.array([1, 64], np.int32)), TensorSpec((1, 64)), constant(last), TensorSpec((1, 2))]
    return tflite_file([*before, *row], steps, [0], [at + 3])


THREE = constant(np.array([0.5, -2, 1.5], np.float32))
FOUR = constant(np.array([0.5, -2, 1.5, 1], np.float32))
HALF = constant(np.array([0.5], np.float32))
ROW, PLANES = TensorSpec((1, 3)), TensorSpec((1, 4, 4, 4))
BESIDE: dict[str, tuple[bytes, int]] = {  # files, and how many layers they come to
    "relu1 fused": (behind_dense([], [], N1_TO_1), 3),
    "relu1 fused into a convolution": (behind_conv([], [], N1_TO_1), 4),
    "relu1": (chain_of("RELU_N1_TO_1"), 3),
    "relu 0 to 1": (chain_of("RELU_0_TO_1"), 3),
    "minimum": (behind_dense([OperatorSpec("MINIMUM", (3, 4), (5,))], [HALF, ROW]), 3),
    "maximum": (behind_dense([OperatorSpec("MAXIMUM", (4, 3), (5,))], [HALF, ROW]), 3),
    "relu twice": (behind_dense([OperatorSpec("RELU", (3,), (4,))], [ROW], RELU), 2),
    "tanh of relu": (behind_dense([OperatorSpec("TANH", (3,), (4,))], [ROW], RELU), 2),
    "leaky relu of relu6": (behind_dense([OperatorSpec("LEAKY_RELU", (3,), (4,), {"Alpha": 0.25})], [ROW], RELU6), 2),
    "batch normalisation behind relu": (
        behind_dense([OperatorSpec("MUL", (3, 4), (5,)), OperatorSpec("ADD", (5, 4), (6,))], [THREE, ROW, ROW], RELU),
        2,
    ),
    "a multiple of all": (behind_dense([OperatorSpec("MUL", (4, 3), (5,))], [HALF, ROW]), 2),
    "a part of each": (behind_dense([OperatorSpec("DIV", (3, 4), (5,))], [THREE, ROW], RELU), 2),
    "channels scaled": (
        behind_conv(
            [OperatorSpec("MUL", (3, 4), (5,)), OperatorSpec("SUB", (5, 4), (6,))], [FOUR, PLANES, PLANES], RELU
        ),
        3,
    ),
    "channels moved": (behind_conv([OperatorSpec("ADD", (3, 4), (5,))], [FOUR, PLANES]), 2),
    "channels tanh of relu": (behind_conv([OperatorSpec("TANH", (3,), (4,))], [PLANES], RELU), 3),
}


@pytest.mark.parametrize("name", BESIDE)
def test_what_no_layer_takes_in_takes_one_of_its_own(name: str, tmp_path: Path):
    content, count = BESIDE[name]
    path = write(tmp_path, content)
    model = read_model(path)
    assert isinstance(model.network, Network), model.obstacles
    assert len(model.layers) == len(model.network.layers)
    kinds = [layer for layer in model.network.layers if not isinstance(layer, Reshape)]
    assert len(kinds) == count
    shape = (9, 6, 6, 2) if "channel" in name or "convolution" in name else (9, 3)
    rows = np.random.default_rng(0).normal(0, 1, shape).astype(np.float32)
    planes = rows if rows.ndim == 2 else rows.transpose(0, 3, 1, 2).reshape(9, -1)
    ours, theirs = run_layers(model.network, planes), litert(path, rows)
    assert np.abs(theirs).max() > 0.1
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_a_constant_along_another_axis_than_the_channels_is_refused(tmp_path: Path):
    """Four rows of planes, and four channels."""
    along = constant(np.array([0.5, -2, 1.5, 1], np.float32).reshape(1, 4, 1, 1))
    for kind in ("ADD", "MUL"):
        model = read_model(write(tmp_path, behind_conv([OperatorSpec(kind, (3, 4), (5,))], [along, PLANES])))
        assert model.obstacles[0].operator == f"{kind} with a constant"


def test_several_bounds_and_two_values_are_refused(tmp_path: Path):
    model = read_model(write(tmp_path, behind_dense([OperatorSpec("MINIMUM", (3, 4), (5,))], [THREE, ROW])))
    assert model.obstacles[0].operator == "MINIMUM with several bounds"
    model = read_model(write(tmp_path, behind_dense([OperatorSpec("SUB", (3, 0), (4,))], [ROW])))
    assert model.obstacles[0].operator == "SUB of two values"


def test_a_small_file_cannot_ask_for_many_layers_of_their_own(tmp_path: Path):
    tensors = [TensorSpec((1, 1024)) for _ in range(61)]
    steps = [OperatorSpec("TANH", (i,), (i + 1,)) for i in range(60)]
    model = read_model(write(tmp_path, tflite_file(tensors, steps, [0], [60])))
    assert "of too many" in model.obstacles[0].operator


def test_an_operator_without_a_counterpart_is_named_with_its_tensor(tmp_path: Path):
    path = write(tmp_path, chain_of("SIN"))
    model = read_model(path)
    assert [(each.node, each.operator) for each in model.obstacles] == [("t4", "SIN")]
    with pytest.raises(InputError, match=r"t4: is SIN, which armlet does not read; armlet reads ADD, .*TANH"):
        read_any_network(path)


@pytest.mark.parametrize(("kind", "problem"), [("LEAKY_RELU", "with the slope 0"), ("MAX_POOL_2D", "on the shape")])
def test_an_operator_used_as_armlet_does_not_has_its_reason(kind: str, problem: str, tmp_path: Path):
    model = read_model(write(tmp_path, chain_of(kind)))
    assert model.network is None
    assert problem in model.obstacles[0].operator


@pytest.mark.parametrize("kind", ["RELU", "TANH", "LOGISTIC"])
def test_an_activation_alone_joins_the_layer_before(kind: str, tmp_path: Path):
    path = write(tmp_path, chain_of(kind))
    network = read_model(path).network
    assert isinstance(network, Network)
    assert len(network.layers) == 1
    rows = np.array([[-2, 0.5, 3]], np.float32)
    np.testing.assert_allclose(network(rows), litert(path, rows), atol=1e-6)


def test_relu6_clamps_where_the_file_says(tmp_path: Path):
    tensors = [TensorSpec((1, 1), "int8", None, [0.1], [0]), constant(np.array([[100]], np.int8), [0.01])]
    tensors.append(TensorSpec((1, 1), "int8", None, [0.07], [-20]))
    step = OperatorSpec("FULLY_CONNECTED", (0, 1, -1), (2,), {"FusedActivationFunction": RELU6})
    path = write(tmp_path, tflite_file(tensors, [step], [0], [2]))
    network = read_any_network(path, tell=lambda note: None)
    assert isinstance(network, IntegerNetwork)
    rows = np.arange(-128, 128).astype(np.int8)[:, None]
    given = run_integers(network, rows)
    assert (given.min(), given.max()) == (-20, 66)
    np.testing.assert_array_equal(given, litert(path, rows))


def damaged(content: bytes, at: int, value: int) -> bytes:
    return content[:at] + struct.pack("<i", value) + content[at + 4 :]


def test_a_file_that_points_anywhere_is_refused_in_one_line(tmp_path: Path):
    content = chain_of("RELU")
    for at in range(0, len(content) - 4, 4):
        for value in (-1, 0, 1 << 30, -(1 << 31), len(content)):
            with suppress(InputError):  # which is of one line
                read_any_network(write(tmp_path, damaged(content, at, value)), tell=lambda note: None)


def test_a_small_file_cannot_ask_for_much(tmp_path: Path):
    """One buffer under many names, and shapes beyond their buffers."""
    weight = constant(np.ones((64, 64), np.float32))
    tensors = [weight, *(TensorSpec((1, 64)) for _ in range(401))]
    steps = [OperatorSpec("FULLY_CONNECTED", (i, 0, -1), (i + 1,)) for i in range(1, 401)]
    with pytest.raises(InputError, match="takes more constants than it has bytes"):
        read_model(write(tmp_path, tflite_file(tensors, steps, [1], [401])))
    for shape, problem in (((65, 64), "bytes for the shape"), ((1 << 20, 1 << 20), "armlet reads up to")):
        larger = [replace(weight, shape=shape), *tensors[1:3]]
        with pytest.raises(InputError, match=problem):
            read_model(write(tmp_path, tflite_file(larger, steps[:1], [1], [2])))
    kernel = constant(np.ones((64, 64), np.int8), [0.01])
    wide = TensorSpec((1, 64), "int8", None, [0.1], [0])
    with pytest.raises(InputError, match="takes more constants than it has bytes"):
        read_model(write(tmp_path, tflite_file([kernel, *[wide] * 401], steps, [1], [401])))


@pytest.mark.parametrize(("content", "problem"), [(b"", "is not a TensorFlow Lite file"), (b"0000TFL3", "is a broken")])
def test_what_is_no_such_file_is_told(content: bytes, problem: str, tmp_path: Path):
    with pytest.raises(InputError, match=problem):
        read_model(write(tmp_path, content))
