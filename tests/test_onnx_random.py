"""Random ONNX graphs are read as onnxruntime computes them, and broken or hostile files are refused in one line."""

import itertools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

onnx = pytest.importorskip("onnx", reason="the extra formats is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from armlet.errors import InputError  # noqa: E402
from armlet.formats.declaration import Declaration  # noqa: E402
from armlet.formats.onnx.read import read_onnx  # noqa: E402
from armlet.formats.read import read_network  # noqa: E402
from armlet.network.domain import Origin  # noqa: E402
from armlet.network.network import Network  # noqa: E402
from armlet.network.outputs import OutputKind  # noqa: E402
from generators.choices import Choices, Drawn  # noqa: E402
from generators.onnx_models import Array, by_onnxruntime, floats, move_beside, onnx_model, write_model  # noqa: E402
from oracles.run_layers import run_layers  # noqa: E402


@dataclass
class Growing:
    """A graph that grows: its nodes, arrays, and values with their shapes."""

    choices: Choices
    shapes: dict[str, tuple[int, ...]]
    nodes: list[Any] = field(default_factory=list)
    arrays: dict[str, Array] = field(default_factory=dict)

    @property
    def last(self) -> str:
        return [*self.shapes][-1]

    def floats(self, *shape: int) -> str:
        name = f"c{len(self.arrays)}"
        self.arrays[name] = self.choices.spread.standard_normal(shape).astype(np.float32) / 2
        return name

    def add(self, operator: str, *constants: str, shape: tuple[int, ...] | None = None, **attributes: Any) -> None:
        name, before = f"v{len(self.shapes)}", self.last
        self.nodes.append(helper.make_node(operator, [before, *constants], [name], **attributes))
        self.shapes[name] = self.shapes[before] if shape is None else shape


def activation(growing: Growing) -> None:
    kind = growing.choices.pick(("Relu", "Sigmoid", "Tanh", "LeakyRelu", "Clip"))
    ends = growing.choices.pick(((0.0, 6.0), (-1.0, 1.0), (0.25, 2.0), (-3.0, 0.5)))
    bounds = {"LeakyRelu": {"alpha": 0.125}, "Clip": {"min": ends[0], "max": ends[1]}}
    attributes: dict[str, Any] = bounds.get(kind, {})
    growing.add(kind, **attributes)


def constant(growing: Growing) -> None:
    """Arithmetic with one constant for all, for each channel, or for each value."""
    shape = growing.shapes[growing.last]
    rest = (1,) * (len(shape) - 2)
    by = growing.floats(*growing.choices.pick(((), (shape[1], *rest), shape)))
    kind = growing.choices.pick(("Add", "Sub", "Mul", "Div"))
    if kind == "Div":
        growing.arrays[by] = np.sign(growing.arrays[by]) * (np.abs(growing.arrays[by]) + np.float32(0.5))
    growing.add(kind, by)


def batch_norm(growing: Growing) -> None:
    channels = growing.shapes[growing.last][1]
    names = [growing.floats(channels) for _ in range(4)]
    growing.arrays[names[3]] = np.abs(growing.arrays[names[3]]) + np.float32(0.5)
    growing.add("BatchNormalization", *names)


def weights(growing: Growing) -> None:
    """A matrix on a row, flattened first; or a convolution of planes."""
    shape, choices = growing.shapes[growing.last], growing.choices
    if len(shape) == 2 or choices.chance(3):
        if len(shape) != 2:
            growing.add("Flatten", shape=(1, int(np.prod(shape))))
        inputs, outputs = growing.shapes[growing.last][1], choices.integer(1, 5)
        growing.add("Gemm", growing.floats(inputs, outputs), growing.floats(outputs), shape=(1, outputs))
        return
    height, width = (choices.integer(1, min(3, extent)) for extent in shape[2:])
    outputs, groups = choices.pick((1, 2)) * shape[1], choices.pick((1, shape[1]))
    pads = [choices.integer(0, 1) for _ in range(4)]
    strides = [choices.integer(1, 2), choices.integer(1, 2)]
    kernel = growing.floats(outputs, shape[1] // groups, height, width)
    down = (shape[2] + pads[0] + pads[2] - height) // strides[0] + 1
    across = (shape[3] + pads[1] + pads[3] - width) // strides[1] + 1
    growing.add("Conv", kernel, shape=(1, outputs, down, across), pads=pads, strides=strides, group=groups)


def pooled(growing: Growing) -> None:
    shape = growing.shapes[growing.last]
    if len(shape) == 4:
        size = [growing.choices.integer(1, min(2, extent)) for extent in shape[2:]]
        given = (*shape[:2], shape[2] - size[0] + 1, shape[3] - size[1] + 1)
        growing.add(growing.choices.pick(("MaxPool", "AveragePool")), shape=given, kernel_shape=size)


def added(growing: Growing) -> None:
    """The sum with any value of the same shape that is there."""
    alike = [name for name, shape in growing.shapes.items() if shape == growing.shapes[growing.last]]
    growing.add("Add", growing.choices.pick(alike))


PARTS = (activation, constant, batch_norm, weights, weights, pooled, added)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Any, tuple[int, ...]]:
    """A model, and the shape of its input."""
    choices = Drawn(draw)
    planes = (1, choices.integer(1, 3), choices.integer(1, 5), choices.integer(1, 5))
    shape = choices.pick(((1, choices.integer(1, 6)), planes))
    growing = Growing(choices, {"x": shape})
    for _ in range(choices.integer(1, 8)):
        choices.pick(PARTS)(growing)
    weights(growing)
    if choices.chance(2):
        choices.pick((activation, constant, batch_norm))(growing)
    return onnx_model(growing.nodes, shape, growing.arrays, [growing.last], opset=10), shape


@given(graphs(), st.integers(0, 99))
def test_any_graph_is_read_as_onnxruntime_computes_it(tmp_path: Path, graph: tuple[Any, tuple[int, ...]], seed: int):
    model, shape = graph
    found = read_onnx(write_model(model, tmp_path / "m.onnx"), Declaration())
    if found.network is None:  # of what is drawn, only the input in two normalisations has no counterpart
        assert {obstacle.operator for obstacle in found.obstacles} == {"a second use of the input"}
        return
    assert isinstance(found.network, Network)
    rng = np.random.default_rng(seed)
    for _ in range(3):
        x = floats(rng, *shape)
        expected = by_onnxruntime(model, x)[0].reshape(-1)
        got = run_layers(found.network, x.astype(np.float64).reshape(-1))
        assert np.abs(got - expected).max() <= 2e-6 * (1 + np.abs(expected).max())


GEMM = helper.make_node("Gemm", ["x", "W"], ["y"], transB=1)
WEIGHTS = {"W": np.arange(8, dtype=np.float32).reshape(2, 4)}


def plain(shape: Any = (1, 4)) -> Any:
    return onnx_model([GEMM], shape, WEIGHTS)


def refused(model: Any, folder: Path, declare: Declaration = Declaration()) -> str:
    with pytest.raises(InputError) as caught:
        read_onnx(write_model(model, folder / "m.onnx"), declare).require("m.onnx")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_batch_that_is_open_is_pinned_to_one_and_told(tmp_path: Path):
    for batch in ("N", None, 32):
        found = read_onnx(write_model(plain((batch, 4)), tmp_path / "m.onnx"), Declaration())
        assert any("pinned to one" in note for note in found.notes)
        assert isinstance(found.network, Network)
        assert found.network.inputs == 4


def test_a_batch_that_a_reshape_repeats_is_pinned_too(tmp_path: Path):
    nodes = [helper.make_node("Reshape", ["x", "r"], ["h"]), helper.make_node("Gemm", ["h", "W"], ["y"], transB=1)]
    model = onnx_model(nodes, (32, 2, 2), {**WEIGHTS, "r": np.array([32, 4])})
    network = read_onnx(write_model(model, tmp_path / "m.onnx"), Declaration()).network
    assert isinstance(network, Network)
    assert network.shape == (2, 2)


def test_extents_that_the_file_leaves_open_are_declared(tmp_path: Path):
    assert "shape" in refused(plain(("N", "M")), tmp_path)
    network = read_onnx(tmp_path / "m.onnx", Declaration(shape=(4,))).network
    assert isinstance(network, Network)
    assert network.inputs == 4


def test_what_is_declared_wins_and_says_only_what_the_file_does_not(tmp_path: Path):
    path = write_model(plain(), tmp_path / "m.onnx")
    network = read_onnx(path, Declaration(low=-1, high=2, mean=0.5, std=2, output=OutputKind.VALUES)).network
    assert isinstance(network, Network)
    assert network.domain.origin is Origin.DECLARED
    assert (network.domain.mean == 0.5).all()
    assert network.output is OutputKind.VALUES
    assert "activation" in refused(plain(), tmp_path, Declaration(activation=("tanh",)))
    assert "values for 4 inputs" in refused(plain(), tmp_path, Declaration(low=[0, 0], high=[1, 1]))
    assert "says 5 inputs" in refused(plain(), tmp_path, Declaration(ends=(5, None)))


def test_a_normalisation_in_the_file_is_not_declared_away(tmp_path: Path):
    nodes = [helper.make_node("Div", ["x", "s"], ["h"]), helper.make_node("Gemm", ["h", "W"], ["y"], transB=1)]
    model = onnx_model(nodes, (1, 4), {**WEIGHTS, "s": np.array(255, np.float32)})
    assert "normalises its input itself" in refused(model, tmp_path, Declaration(low=0, high=255, std=2.0))
    network = read_onnx(tmp_path / "m.onnx", Declaration(low=0, high=255)).network
    assert isinstance(network, Network)
    assert (network.domain.std == 255).all()
    assert (network.domain.high == 255).all()


def test_a_model_is_read_wherever_a_network_is(tmp_path: Path):
    told: list[str] = []
    network = read_network(write_model(plain(("N", 4)), tmp_path / "m.onnx"), tell=told.append)
    np.testing.assert_array_equal(network.dense[0].weight, WEIGHTS["W"])
    assert len(told) == 1
    assert "pinned" in told[0]


def external(location: str, offset: int = 0, length: int | None = None) -> Any:
    model = plain()
    move_beside(model, location, offset, length)
    return model


def test_weights_beside_the_file_are_read_from_its_own_folder_only(tmp_path: Path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(b"\0\0\0\0" + WEIGHTS["W"].tobytes())
    (tmp_path / "outside.bin").write_bytes(WEIGHTS["W"].tobytes())
    (folder / "link.bin").symlink_to(tmp_path / "outside.bin")
    network = read_onnx(write_model(external("weights.bin", 4, 32), folder / "m.onnx"), Declaration()).network
    assert isinstance(network, Network)
    np.testing.assert_array_equal(network.dense[0].weight, WEIGHTS["W"])
    for location in ("../outside.bin", str(tmp_path / "outside.bin"), "link.bin", ""):
        assert "folder" in refused(external(location), folder)
    assert "ends early" in refused(external("weights.bin", 8), folder)
    assert "are named" in refused(external("weights.bin", 0, 1 << 40), folder)
    assert "are named" in refused(external("weights.bin", -4), folder)
    assert "cannot be read" in refused(external("absent.bin"), folder)


def with_initializer(tensor: Any) -> Any:
    model = plain()
    model.graph.initializer[0].CopyFrom(tensor)
    return model


HOSTILE = {
    "dims beyond memory": with_initializer(TensorProto(name="W", dims=[1 << 40, 1 << 40], data_type=1, raw_data=b"")),
    "negative dims": with_initializer(TensorProto(name="W", dims=[-2, -4], data_type=1, raw_data=bytes(32))),
    "fewer bytes than dims": with_initializer(TensorProto(name="W", dims=[2, 4], data_type=1, raw_data=bytes(31))),
    "a kind that is none": with_initializer(TensorProto(name="W", dims=[2, 4], data_type=77, raw_data=bytes(32))),
    "not a number": with_initializer(numpy_helper.from_array(np.full((2, 4), np.nan, np.float32), "W")),
    "text for weights": with_initializer(TensorProto(name="W", dims=[2, 4], data_type=8, string_data=[b"a"] * 8)),
    "an input beyond memory": plain((1, 1 << 40)),
    "a name that is not UTF-8": onnx.ModelProto.FromString(plain().SerializeToString().replace(b"Gemm", b"Ge\xffm")),
    "no nodes": onnx_model([], (1, 4), {}, ["x"]),
    "an output that nothing gives": onnx_model([GEMM], (1, 4), WEIGHTS, ["z"]),
    "a circle": onnx_model([helper.make_node("Add", ["y", "x"], ["y"])], (1, 4)),
    "an old opset": onnx_model([GEMM], (1, 4), WEIGHTS, opset=6),
    "filled beyond memory": onnx_model(
        [
            helper.make_node("ConstantOfShape", ["big"], ["ones"]),
            helper.make_node("MatMul", ["x", "ones"], ["y"]),
        ],
        (1, 4),
        {"big": np.array([1 << 20, 1 << 20])},
    ),
    "spread beyond memory": onnx_model(
        [helper.make_node("Add", ["a", "b"], ["W"]), helper.make_node("MatMul", ["x", "W"], ["y"])],
        (1, 4),
        {"a": np.zeros((1 << 14, 1), np.float32), "b": np.zeros((1, 1 << 14), np.float32)},
    ),
    "pads that are no numbers": onnx_model(
        [helper.make_node("Pad", ["x", "p"], ["h"]), helper.make_node("MatMul", ["h", "W"], ["y"])],
        (1, 4),
        {"p": np.full(4, np.nan, np.float32), "W": WEIGHTS["W"].T.copy()},
    ),
    "weights that overflow": onnx_model(
        [helper.make_node("MatMul", ["x", "W"], ["h"]), helper.make_node("Mul", ["h", "f"], ["y"])],
        (1, 4),
        {"W": np.full((4, 2), 1e38, np.float32), "f": np.array(1e38, np.float32)},
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_one_line(name: str, tmp_path: Path):
    assert "m.onnx" in refused(HOSTILE[name], tmp_path)


def test_bytes_that_are_no_onnx_are_refused(tmp_path: Path):
    for content in (b"", b"\0" * 40, b"not a model", json.dumps({"a": 1}).encode()):
        (tmp_path / "m.onnx").write_bytes(content)
        with pytest.raises(InputError):
            read_onnx(tmp_path / "m.onnx", Declaration())


@pytest.mark.parametrize("part", [b"\x0a\x00", b"\x2a\x00", b"\x0a\x02\x2a\x00"])  # nodes, weights, attributes
def test_a_file_of_a_million_empty_parts_is_refused_before_it_is_parsed(
    part: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    body = part * 1_000_001
    length = bytes((len(body) >> shift & 127) | (128 if shift < 28 else 0) for shift in range(0, 35, 7))
    (tmp_path / "m.onnx").write_bytes(b"\x08\x08\x42\x04\x0a\x00\x10\x11\x3a" + length + body)
    monkeypatch.setattr(onnx, "load_model_from_string", pytest.fail)
    with pytest.raises(InputError, match="more parts"):
        read_onnx(tmp_path / "m.onnx", Declaration())


def test_a_graph_of_several_inputs_is_named(tmp_path: Path):
    model = plain()
    model.graph.input.append(helper.make_tensor_value_info("x2", 1, (1, 4)))
    model.graph.node.insert(0, helper.make_node("Add", ["x", "x2"], ["both"]))
    model.graph.node[1].input[0] = "both"
    assert "a graph of 2 inputs" in refused(model, tmp_path)


def test_an_input_that_nothing_takes_is_left_out_aloud(tmp_path: Path):
    model = plain()
    model.graph.input.append(helper.make_tensor_value_info("mask", 1, (1, 4)))
    found = read_onnx(write_model(model, tmp_path / "m.onnx"), Declaration())
    assert found.network is not None
    assert "the input mask is left out, no output depends on it" in found.notes


def test_a_small_file_cannot_ask_for_many_layers_of_their_own(tmp_path: Path):
    """Each takes a million weights, and a node some thirty bytes."""
    names = ["x", *(f"v{i}" for i in range(200)), "y"]
    pairs = enumerate(itertools.pairwise(names))
    nodes = [helper.make_node("Tanh" if i % 2 else "Sigmoid", [taken], [given]) for i, (taken, given) in pairs]
    assert "more than 33554432 numbers" in refused(onnx_model(nodes, (1, 1024)), tmp_path)
