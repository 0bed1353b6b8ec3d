"""armlet inspect: what it says of a model holds for the network when it runs, and reads well."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from armlet.arithmetic.float32 import FLOAT32
from armlet.cli import app
from armlet.cli.terminal.inspected import shown
from armlet.config import AnnealOptions, CompileOptions, IntegerCompileOptions
from armlet.formats.model import Model, ModelLayer, Obstacle
from armlet.formats.params import write_params
from armlet.formats.read import read_model
from armlet.graph.build import build_graph
from armlet.graph.simplify import simplify
from armlet.inspect.channels import flow_of
from armlet.inspect.estimate import estimates_of
from armlet.inspect.inspect import inspection_of
from armlet.integer.formats import INT32, UINT8
from armlet.integer.interpret import run_integers
from armlet.integer.layers import IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.integer.price import PRICES
from armlet.isa.targets import INTEGER_TARGETS, TARGETS
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.frozen import F32, F64
from armlet.network.layers import Add, Conv, Dense, Depthwise, Pool, Reduction, Weighted, kind_of
from armlet.network.network import Network, multilayer_perceptron
from armlet.network.normalise import fold_normalisation
from armlet.pipeline import compile_integer_network, compile_network
from armlet.select.integer.program import cycles_of
from generators.integer_params import draw_integer_network
from generators.integer_survivors import drawn_survivors
from generators.layered import LINEAR, RELU, layered_networks, zeros
from generators.litert import interpreter
from generators.networks import networks
from generators.perceptrons import initialised
from oracles.run_layers import run_layers

seeds = st.integers(0, 2**32 - 1)


def armlet(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def model_of(network: Network, format: str = "test") -> Model:
    return Model(format, network, tuple(ModelLayer(f"l{i}", kind_of(at)) for i, at in enumerate(network.layers)))


def thinned(network: Network, seed: int) -> Network:
    """The network without most of its weights, and some of its biases."""
    random = np.random.default_rng(seed)
    layers = list(network.layers)
    for i, layer in enumerate(layers):
        if isinstance(layer, Weighted):
            weight, bias = (a * (random.random(a.shape) < 0.3) for a in (layer.weight, layer.bias))
            layers[i] = replace(layer, weight=weight, bias=bias)
    return replace(network, layers=tuple(layers))


def by_channel(values: np.ndarray) -> np.ndarray:
    return values.reshape(len(values), -1) if values.ndim == 3 else values.reshape(-1, 1)


def values_of(network: Network, x: np.ndarray) -> list[np.ndarray]:
    """Every value for raw inputs, the network's input first."""
    values = [((x - network.domain.mean) / network.domain.std).reshape(network.shape)]

    def keep(i: int, value: F64) -> F64:
        values.append(value)
        return value

    run_layers(network, x, keep)
    return values


@given(layered_networks(), seeds)
def test_values_stay_in_their_intervals_and_constant_channels_are_constant(network: Network, seed: int):
    network = thinned(network, seed)
    flow, random = flow_of(network), np.random.default_rng(seed)
    for x in network.domain.draw(random, 8):
        for channels, value in zip(flow.channels, values_of(network, x), strict=True):
            planes = by_channel(value)
            room = 1e-9 * (1 + np.abs(planes))
            assert (planes >= channels.low[:, None] - room).all()
            assert (planes <= channels.high[:, None] + room).all()
            still = ~channels.vary
            assert np.allclose(planes[still], channels.low[still, None], rtol=1e-12, atol=0)


@given(layered_networks(), seeds)
def test_what_reaches_no_output_may_have_any_values_in_its_intervals(network: Network, seed: int):
    network = thinned(network, seed)
    flow, random = flow_of(network), np.random.default_rng(seed)
    x, other = network.domain.draw(random, 2)
    idle = np.broadcast_to(~flow.is_read[0].reshape(-1, 1), by_channel(x.reshape(network.shape)).shape).reshape(-1)

    def keep(i: int, value: F64) -> F64:
        channels, planes = flow.channels[i + 1], by_channel(value).copy()
        idle = channels.vary & ~flow.is_read[i + 1]
        low, high = channels.low[idle, None], channels.high[idle, None]
        planes[idle] = low + (high - low) * random.random(planes[idle].shape)
        return planes.reshape(value.shape)

    given, changed = run_layers(network, x), run_layers(network, np.where(idle, other, x), keep)
    assert np.allclose(given, changed, rtol=1e-9, atol=1e-9)


@given(layered_networks(), seeds)
def test_macs_are_the_products_of_every_value_that_a_layer_gives(network: Network, seed: int):
    network = thinned(network, seed)
    found, values = inspection_of(model_of(network)), values_of(network, network.domain.low)
    assert found.total("weights") == network.weights
    assert found.total("weights") - found.total("zero_weights") == network.connections
    for layer, facts, value in zip(network.layers, found.layers, values[1:], strict=True):
        if not isinstance(layer, Weighted):
            assert facts.macs == 0
            continue
        assert facts.macs == value.size * layer.weight[0].size
        assert facts.zero_macs * layer.weight.size == facts.macs * np.count_nonzero(layer.weight == 0)
        assert facts.zero_macs + facts.computed_macs <= facts.macs


@given(networks(), seeds)
def test_what_is_computed_of_a_chain_is_what_compile_computes(network: Network, seed: int):
    assume((network.domain.low < network.domain.high).all())  # compile computes with inputs of one value
    network = fold_normalisation(thinned(network, seed))
    flow, graph = flow_of(network), build_graph(network, FLOAT32)
    simplified = simplify(graph, network.domain)
    assert sum(flow.computed) == graph.connections - simplified.dropped_connections
    constant = sum(int((~channels.vary).sum()) for channels in flow.channels[1:])
    unread = sum(int((channels.vary & ~read).sum()) for channels, read in zip(flow.channels[1:], flow.is_read[1:]))
    assert (constant, unread) == (simplified.constant_neurons, simplified.dead_neurons)


@given(seeds)
def test_neurons_that_reach_no_output_may_store_any_values_in_their_intervals(seed: int):
    random = np.random.default_rng(seed)
    network = draw_integer_network(random)
    flow, layers = flow_of(network), list(network.dense)
    for i, layer in enumerate(layers):
        channels = flow.channels[i + 1]
        stuck = random.integers(channels.low.astype(int), channels.high.astype(int), endpoint=True)
        idle = channels.vary & ~flow.is_read[i + 1]
        ends = (np.where(idle, stuck, end) for end in (layer.low, layer.high))
        layers[i] = replace(layer, **dict(zip(("low", "high"), ends)))
    low, high = network.input_ends
    q = random.integers(low, high, (8, network.inputs), endpoint=True)
    assert np.array_equal(run_integers(network, q), run_integers(replace(network, layers=tuple(layers)), q))


def ones(*shape: int) -> F32:
    return np.ones(shape, np.float32)


def planted() -> Network:
    """Channel 1 is zero, channel 2 nobody reads, and channel 0 only the addition reads."""
    first, second, last = ones(4, 1, 3, 3), ones(4, 1, 1), ones(3, 4)
    first[1] = 0
    last[:, 2] = 0
    second[0] = 0
    layers = (
        Conv(first, zeros(4), RELU, padding=(1, 1, 1, 1)),
        Depthwise(second, zeros(4), LINEAR),
        Add(RELU),
        Pool(Reduction.AVERAGE),
        Dense(last, np.arange(3, dtype=np.float32), LINEAR),
    )
    return Network(layers, InputDomain.uniform(64, 0, 2), (1, 8, 8), wiring=((0,), (1,), (2, 1), (3,), (4,)))


def test_dead_channels_are_found_through_the_graph():
    found = inspection_of(model_of(planted()))
    assert [(layer.constant_channels, layer.unread_channels) for layer in found.layers] == [
        (1, 1),
        (2, 1),
        (1, 1),
        (1, 1),
        (0, 0),
    ]
    assert [layer.macs for layer in found.layers] == [64 * 36, 64 * 4, 0, 0, 12]
    assert [layer.computed_macs for layer in found.layers] == [64 * 18, 64, 0, 0, 6]
    assert [layer.zero_weights for layer in found.layers] == [9, 1, 0, 0, 3]
    assert found.layers[0].value_range == pytest.approx((0, 18), rel=1e-5)
    assert found.layers[0].weight_range == (0, 1)
    assert found.layers[4].value_range == pytest.approx((0, 56), rel=1e-5, abs=1e-4)


def test_who_feeds_only_a_neuron_that_is_never_active_reaches_no_output():
    """For inputs from 0 to 1 the sum of neuron 1 of the second layer is below zero; neuron 1 of the first feeds it."""
    feeding, idle, last = (np.eye(2, dtype=np.float32) for _ in range(3))
    layers = (
        Dense(feeding, zeros(2), RELU),
        Dense(idle, np.array([0, -2], np.float32), RELU),
        Dense(last, zeros(2), LINEAR),
    )
    found = inspection_of(model_of(Network(layers, InputDomain.uniform(2), (2,))))
    assert [(layer.constant_channels, layer.unread_channels) for layer in found.layers] == [(0, 1), (1, 0), (1, 0)]
    assert [layer.computed_macs for layer in found.layers] == [1, 1, 1]
    assert found.domain is not None
    assert found.domain.unread_inputs == 1
    undeclared = inspection_of(model_of(Network(layers, InputDomain.undeclared(2), (2,))))
    assert undeclared.total("constant_channels") == undeclared.total("unread_channels") == 0


def test_a_constant_that_meets_padding_is_none_behind_it():
    """At the edge of its plane a channel of ones is zero, so no bias can stand for it."""
    constant_one = Depthwise(zeros(1, 1, 1), ones(1), LINEAR)
    padded = Conv(ones(1, 1, 3, 3), zeros(1), LINEAR, padding=(1, 1, 1, 1))
    bare = replace(padded, padding=(0, 0, 0, 0))
    for layer, constant in ((padded, 0), (bare, 1)):
        network = Network((constant_one, layer), InputDomain.uniform(16), (1, 4, 4))
        assert [at.constant_channels for at in inspection_of(model_of(network)).layers] == [1, constant]


def test_nothing_is_said_of_values_that_nobody_declared():
    network = replace(planted(), domain=InputDomain.undeclared(64))
    found = inspection_of(model_of(network))
    assert [layer.value_range for layer in found.layers] == [None] * 5
    assert found.domain is not None
    assert (found.domain.origin, found.domain.range) == ("undeclared", None)
    bounded = replace(
        planted(),
        domain=InputDomain.undeclared(64),
        layers=tuple(
            replace(layer, activation=Activation.RELU6) if isinstance(layer, Conv) else layer
            for layer in planted().layers
        ),
    )
    assert inspection_of(model_of(bounded)).layers[0].value_range == (0, 6)


def test_the_rows_of_a_params_folder(tmp_path: Path):
    write_params(initialised((16, 12, 4), 1, (4, 4)), tmp_path / "P")
    done = armlet("inspect", str(tmp_path / "P"), "--declare", "low=0,high=1")
    assert done.exit_code == 0, done.output
    assert f"{tmp_path / 'P'}: PARAMS folder, 16-12-4\n  weights  240, none are zero; 16 biases\n" in done.stdout
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("W_")]
    assert [row[:8] for row in rows] == [
        ["W_0.npy", "dense", "12", "relu", "192", "192", "0", "%"],
        ["W_1.npy", "dense", "4", "48", "48", "0", "%", rows[1][7]],
    ]
    assert max(map(len, done.stdout.splitlines()[1:])) <= 100
    assert done.stderr == ""


def test_json_has_every_figure_and_no_number_that_is_none(tmp_path: Path):
    write_params(initialised((16, 12, 4), 1, (4, 4)), tmp_path / "P")
    done = armlet("inspect", str(tmp_path / "P"), "--json")
    told = json.loads(done.stdout, parse_constant=pytest.fail)
    assert told["schema"] == 1
    assert told["totals"] == {
        "weights": 240,
        "biases": 16,
        "zero_weights": 0,
        "macs": 240,
        "zero_macs": 0,
        "computed_macs": 240,
        "constant_channels": 0,
        "unread_channels": 0,
    }
    assert {(each["target"], each["arithmetic"]) for each in told["estimates"]} == {*PRICES}
    assert {each["sparsity"] for each in told["estimates"]} == {0, 0.8, 0.9, 0.95}


def test_an_npz_has_its_own_names_and_notes(tmp_path: Path):
    np.savez(tmp_path / "n.npz", **{"fc1.weight": np.eye(3), "fc2.weight": np.eye(3), "spare": np.ones(1)})
    model = read_model(tmp_path / "n.npz")
    assert [layer.name for layer in model.layers] == ["fc1", "fc2"]
    done = armlet("inspect", str(tmp_path / "n.npz"))
    for note in ("spare is not read", "  note     fc1.weight: has no bias beside it", "order fc1, fc2"):
        assert note in done.stdout
    assert done.stdout.count("\n  note     ") == 4


@given(seeds)
@settings(max_examples=25)
def test_networks_in_integers_are_inspected_as_they_are_stored(tmp_path: Path, seed: int):
    network = draw_integer_network(np.random.default_rng(seed))
    write_params(network, tmp_path / "P")
    found = inspection_of(read_model(tmp_path / "P"))
    assert found.arithmetic == "integers"
    assert found.digest == network.digest()
    assert found.total("weights") - found.total("zero_weights") == network.connections
    for facts, layer in zip(found.layers, network.dense, strict=True):
        assert facts.weights_as in ("int8", "int16")
        assert facts.values_as == layer.stored.name
        assert facts.value_range is not None
        assert layer.stored.low <= facts.value_range[0] <= facts.value_range[1] <= layer.stored.high
    assert {each.arithmetic for each in found.estimates} == {"integers"}
    assert f"{tmp_path / 'P'}: PARAMS folder" in shown(str(tmp_path / "P"), found)


def test_sums_beyond_32_bits_are_told_as_what_compile_would_refuse(tmp_path: Path):
    ends = np.full(1, INT32.low), np.full(1, INT32.high)
    layer = IntegerDense(np.full((1, 3), 32767), np.full(1, 2**31 - 1), None, Activation.LINEAR, INT32, *ends)
    scale, zero = np.ones(3), np.zeros(3, int)
    wide = IntegerNetwork((layer,), InputDomain.undeclared(3), (3,), UINT8, scale, zero, scale[:1], zero[:1])
    found = inspection_of(Model("test", wide, (ModelLayer("l", "FC", "int16", "int32"),)))
    assert found.estimates == ()
    assert "layer 0, neuron 0: has sums from" in str(found.refusal)
    assert "  compile  would refuse it: layer 0, neuron 0" in shown("m", found)


def test_every_obstacle_is_named_with_what_to_do():
    obstacles = (Obstacle("a/resize", "Resize", "scale before"), Obstacle("b\x1b[31m", "LSTM", "unroll it"))
    layers = (ModelLayer("up", "Resize"), ModelLayer("rec", "LSTM"))
    model = Model("ONNX, opset 17", None, layers, ("batch is pinned to 1",), obstacles)
    found = inspection_of(model)
    text = shown("m.onnx", found)
    assert text.startswith("m.onnx: ONNX, opset 17\n")
    assert "  note     batch is pinned to 1\n" in text
    assert "  not read a/resize: armlet does not read Resize; scale before\n" in text
    assert "\x1b" not in text
    assert json.loads(json.dumps(found.as_json()))["obstacles"][1]["operator"] == "LSTM"


def test_convolutions_have_no_estimate_and_are_refused_with_a_normalisation_that_cannot_be_folded():
    network = planted()
    found = inspection_of(model_of(network))
    assert (found.estimates, found.refusal) == ((), None)
    means = np.linspace(0, 200, network.inputs)
    scaled = replace(network, domain=InputDomain.uniform(network.inputs, 0, 255, means, 50))
    found = inspection_of(model_of(scaled))
    assert "means differ" in str(found.refusal) or "all over a channel" in str(found.refusal)
    assert "  compile  would refuse it: layer 0: " in shown("m", found)


def test_long_names_are_cut_so_that_a_hundred_columns_hold_all():
    names = [f"model/{'block' * 20}_{i}/Relu;model/{'conv' * 20}/BiasAdd" for i in range(4)] + ["model/dense;model/y"]
    operators = ["CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "AVERAGE_POOL_2D", "FULLY_CONNECTED"]
    notes = ("a note that is much longer than a line of the terminal has room for, " * 3,)
    model = Model("TensorFlow Lite", planted(), tuple(map(ModelLayer, names, operators)), notes)
    text = shown("m.tflite", inspection_of(model))
    assert max(map(len, text.splitlines())) <= 100
    rows = [line.split() for line in text.split("\n\n")[1].splitlines()[2:]]
    assert [row[1] for row in rows] == operators
    assert all(row[0].startswith("..") and row[0].endswith(f"block_{i}/Relu") for i, row in enumerate(rows[:4]))
    assert rows[4][0] == "dense"


@pytest.mark.parametrize("sparsity", [0.5, 0.8])
def test_estimates_are_near_what_compile_gives(sparsity: float):
    """Within a third: they are fitted to larger networks, and no pair or window is looked at."""
    integers = drawn_survivors((196, 32, 16, 10), sparsity, np.arange(1, 128))
    weights = [layer.weight * np.float32(0.0123) + np.float32(0.0031) * (layer.weight != 0) for layer in integers.dense]
    biases = [layer.bias / 64 for layer in integers.dense]
    floats = multilayer_perceptron([*weights], [*biases], InputDomain.uniform(196, -1, 1))
    anneal = AnnealOptions(moves=0)
    for network in (integers, floats):
        own = [each for each in estimates_of(network, flow_of(network)) if each.is_as_it_is]
        for each in own:
            if each.arithmetic == "float32":
                made = compile_network(floats, "n", CompileOptions(each.target, anneal=anneal))
                cycles, flash = made.bundle.manifest.layouts[0].core, made.bundle.manifest.memory.flash
            elif network is integers:
                built = compile_integer_network(integers, "n", IntegerCompileOptions(each.target, anneal=anneal))
                cycles = cycles_of(INTEGER_TARGETS[each.target], built.selection.program.lines)
                flash = built.bundle.manifest.memory.flash
            else:
                continue
            assert 3 / 4 < each.cycles / cycles < 4 / 3, each
            assert 3 / 4 < each.flash / flash < 4 / 3, each


def test_every_priced_target_is_one_that_compile_knows():
    for target, arithmetic in PRICES:
        assert target in (TARGETS if arithmetic == "float32" else INTEGER_TARGETS)


def test_the_output_in_the_documentation_is_what_is_printed(reference_data: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(reference_data / "lenet-300-100")
    page = (Path(__file__).parent.parent / "docs" / "models.md").read_text(encoding="utf-8")
    lines = page[page.index("    $ armlet inspect") :].partition("\n- ")[0].splitlines()
    assert armlet("inspect", "dense.npz").stdout.splitlines() == [line.removeprefix("    ") for line in lines[1:]]


TINY = {  # multiply-adds of the official networks of MLPerf Tiny, added up from the shapes of their graphs
    "mlperf-tiny/vww_96_float.tflite": 7_489_664,
    "mlperf-tiny/vww_96_int8.tflite": 7_489_664,
    "mlperf-tiny/pretrainedResnet.tflite": 12_501_632,
    "mlperf-tiny/pretrainedResnet_quant.tflite": 12_501_632,
    "mlperf-tiny/kws_ref_model.tflite": 2_656_768,
    "mlperf-tiny/kws_ref_model_float32.tflite": 2_656_768,
    "mlperf-tiny/str_ww_ref_model.tflite": 826_368,
    "mlperf-tiny-ad/ad01_fp32.tflite": 264_192,
    "mlperf-tiny-ad/ad01_int8.tflite": 264_192,
}


@pytest.mark.parametrize("name", TINY)
def test_the_official_tiny_networks_are_inspected_within_two_seconds(reference_data: Path, name: str):
    pytest.importorskip("tflite", reason="armlet[formats] is not installed")
    before = os.times()
    command = [sys.executable, "-m", "armlet", "inspect", str(reference_data / name), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = os.times()
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    assert seconds < 2  # of the processor, which other work on the machine does not stretch
    told = json.loads(done.stdout)
    assert told["totals"]["macs"] == TINY[name]
    assert told["obstacles"] == []
    if name.endswith("vww_96_int8.tflite"):
        total = told["totals"]
        assert round(total["zero_weights"] / total["weights"], 3) == 0.828
        assert round(total["zero_macs"] / total["macs"], 3) == 0.485
    if name.endswith("ad01_int8.tflite"):
        assert round(told["totals"]["zero_weights"] / told["totals"]["weights"], 3) == 0.093
        assert {each["arithmetic"] for each in told["estimates"]} == {"integers"}


def test_channels_told_as_constant_are_constant_in_litert(reference_data: Path):
    """In the integers of the file itself, on images of coarse and of fine noise."""
    path = reference_data / "mlperf-tiny" / "vww_96_int8.tflite"
    run, rng = interpreter(path), np.random.default_rng(0)
    tensors = {told["name"][:200]: told["index"] for told in run.get_tensor_details()}
    told = inspection_of(read_model(path)).layers
    seen: list[list[np.ndarray]] = [[] for _ in told]
    for side in (8, 16, 48, 96) * 2:
        image = rng.integers(-128, 128, (1, side, side, 3)).astype(np.int8)
        run.set_tensor(run.get_input_details()[0]["index"], image.repeat(96 // side, 1).repeat(96 // side, 2))
        run.invoke()
        for layer, values in zip(told, seen):
            values.append(run.get_tensor(tensors[layer.name])[0].copy())
    same = [(np.ptp(values, axis=0) == 0).reshape(-1, values[0].shape[-1]).all(0).sum() for values in seen]
    assert sum(layer.constant_channels for layer in told) == 1901
    assert all(layer.constant_channels <= count for layer, count in zip(told, same))
