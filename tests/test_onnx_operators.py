"""Every operator that is read computes what onnxruntime computes; every other is named, with what to do."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the extra formats is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from onnx.helper import make_node as node  # noqa: E402

from armlet.formats.declaration import Declaration  # noqa: E402
from armlet.formats.model import Model  # noqa: E402
from armlet.formats.onnx.read import read_onnx  # noqa: E402
from armlet.network.layers import kind_of  # noqa: E402
from armlet.network.network import Network  # noqa: E402
from generators.onnx_models import Array, by_onnxruntime, floats, onnx_model, write_model  # noqa: E402
from oracles.run_layers import run_layers  # noqa: E402

RNG = np.random.default_rng(3)
ROUNDING = 2e-6  # of float32, of the largest value on the way


def read(model: Any, folder: Path) -> Model:
    return read_onnx(write_model(model, folder / "m.onnx"), Declaration())


def agrees(model: Any, folder: Path, shape: tuple[int, ...], output: int = 0) -> Model:
    """Read, and compare on ten inputs with what onnxruntime gives."""
    found = read(model, folder)
    network = found.network
    assert isinstance(network, Network), found.obstacles
    assert len(found.layers) == len(network.layers)
    for _ in range(10):
        x = floats(RNG, *shape)
        expected = by_onnxruntime(model, x)[output].reshape(-1)
        got = run_layers(network, x.astype(np.float64).reshape(-1))
        assert got.shape == expected.shape
        size = np.abs(expected).max() + 10
        assert np.abs(got - expected).max() <= ROUNDING * size
    return found


W, B = floats(RNG, 4, 6), floats(RNG, 4)  # outputs x inputs
V = floats(RNG, 4, 3)  # inputs x outputs, behind W
K, KB = floats(RNG, 4, 2, 3, 3), floats(RNG, 4)
GEMM = node("Gemm", ["x", "W", "b"], ["h"], transB=1)
DENSE: Mapping[str, Array] = {"W": W, "b": B}
CONV = node("Conv", ["x", "K", "c"], ["h"], pads=[1, 1, 1, 1])
PLANES: Mapping[str, Array] = {"K": K, "c": KB}
CHANNELS = {name: floats(RNG, 4) for name in "som"} | {"v": RNG.uniform(0.5, 2, 4).astype(np.float32)}


def behind_gemm(*nodes: Any, arrays: Mapping[str, Array] = {}, opset: int = 17) -> Any:
    return onnx_model([GEMM, *nodes], (1, 6), {**DENSE, **arrays}, opset=opset)


def behind_conv(*nodes: Any, arrays: Mapping[str, Array] = {}, opset: int = 17) -> Any:
    return onnx_model([CONV, *nodes], (1, 2, 5, 4), {**PLANES, **arrays}, opset=opset)


def ahead_of_gemm(*nodes: Any, arrays: Mapping[str, Array] = {}, opset: int = 17, shape: Any = (1, 6)) -> Any:
    gemm = node("Gemm", ["h", "W", "b"], ["y"], transB=1)
    return onnx_model([*nodes, gemm], shape, {**DENSE, **arrays}, opset=opset)


ROWS = {  # models of 1 x 6 inputs
    "gemm": onnx_model([node("Gemm", ["x", "W", "b"], ["y"], transB=1)], (1, 6), DENSE),
    "gemm, inputs x outputs": onnx_model([node("Gemm", ["x", "W"], ["y"])], (1, 6), {"W": W.T.copy()}),
    "gemm, alpha and beta": onnx_model(
        [node("Gemm", ["x", "W", "b"], ["y"], transB=1, alpha=0.5, beta=-2.0)], (1, 6), DENSE
    ),
    "gemm, weights first": onnx_model(
        [node("Gemm", ["W", "x", "b"], ["y"], transB=1)], (1, 6), {"W": W, "b": B[:, None].copy()}
    ),
    "gemm, the value turned": onnx_model(
        [node("Reshape", ["x", "r"], ["h"]), node("Gemm", ["h", "W", "b"], ["y"], transA=1, transB=1)],
        (1, 6),
        {**DENSE, "r": np.array([6, 1])},
    ),
    "matmul and add": onnx_model(
        [node("MatMul", ["x", "W"], ["h"]), node("Add", ["b", "h"], ["y"])], (1, 6), {"W": W.T.copy(), "b": B}
    ),
    "matmul, weights first": onnx_model(
        [node("Transpose", ["x"], ["t"]), node("MatMul", ["W", "t"], ["y"])], (1, 6), {"W": W}
    ),
    "matmul of a value three deep": onnx_model(
        [node("Reshape", ["x", "r"], ["h"]), node("MatMul", ["h", "W"], ["y"])],
        (1, 6),
        {"W": W.T.copy()[None], "r": np.array([1, 1, 6])},
    ),
    "matmul of constants": onnx_model(
        [node("MatMul", ["A", "C"], ["W"]), node("MatMul", ["x", "W"], ["y"])],
        (1, 6),
        {"A": floats(RNG, 6, 3), "C": floats(RNG, 3, 2)},
    ),
    "transpose of constants": onnx_model(
        [node("Transpose", ["W"], ["V"], perm=[1, 0]), node("MatMul", ["x", "V"], ["y"])], (1, 6), {"W": W}
    ),
    "relu": behind_gemm(node("Relu", ["h"], ["y"])),
    "relu twice": behind_gemm(node("Relu", ["h"], ["i"]), node("Relu", ["i"], ["y"])),
    "leaky relu": behind_gemm(node("LeakyRelu", ["h"], ["y"], alpha=0.2)),
    "prelu": behind_gemm(node("PRelu", ["h", "a"], ["y"]), arrays={"a": np.full(4, 0.3, np.float32)}),
    "leaky relu of slope 0": behind_gemm(node("LeakyRelu", ["h"], ["y"], alpha=0.0)),
    "leaky relu of slope 1": behind_gemm(node("LeakyRelu", ["h"], ["y"], alpha=1.0)),
    "sigmoid": behind_gemm(node("Sigmoid", ["h"], ["y"])),
    "tanh": behind_gemm(node("Tanh", ["h"], ["y"])),
    "tanh of relu": behind_gemm(node("Relu", ["h"], ["i"]), node("Tanh", ["i"], ["y"])),
    "relu of the input": ahead_of_gemm(node("Relu", ["x"], ["h"])),
    "clip to 6": behind_gemm(
        node("Clip", ["h", "l", "u"], ["y"]), arrays={"l": np.array(0, np.float32), "u": np.array(6, np.float32)}
    ),
    "clip at 0": behind_gemm(node("Clip", ["h", "l"], ["y"]), arrays={"l": np.zeros((), np.float32)}),
    "clip by attributes": behind_gemm(node("Clip", ["h"], ["y"], min=0.0, max=6.0), opset=10),
    "clip to the left and right of 0": behind_gemm(node("Clip", ["h"], ["y"], min=-1.0, max=0.5), opset=10),
    "clip above 0": behind_gemm(node("Clip", ["h"], ["y"], min=0.25, max=0.75), opset=10),
    "clip from below": behind_gemm(node("Clip", ["h"], ["y"], min=-0.5), opset=10),
    "clip from above": behind_gemm(node("Clip", ["h"], ["y"], max=0.5), opset=10),
    "clip of the input": ahead_of_gemm(node("Clip", ["x"], ["h"], min=-0.5, max=1.0), opset=10),
    "clip of the normalised input": ahead_of_gemm(
        node("Sub", ["x", "m"], ["i"]), node("Clip", ["i"], ["h"], min=-1.0, max=1.0), arrays={"m": B[0]}, opset=10
    ),
    "clip between two layers": behind_gemm(
        node("Clip", ["h"], ["i"], min=-1.0, max=1.0), node("MatMul", ["i", "V"], ["y"]), arrays={"V": V}, opset=10
    ),
    "clip of relu": behind_gemm(
        node("Relu", ["h"], ["i"]),
        node("Clip", ["i"], ["j"], min=-3.0, max=0.5),
        node("MatMul", ["j", "V"], ["y"]),
        arrays={"V": V},
        opset=10,
    ),
    "clip of a clip": behind_gemm(
        node("Clip", ["h"], ["i"], min=-1.0, max=1.0),
        node("Clip", ["i"], ["j"], min=-2.0, max=0.5),
        node("Relu", ["j"], ["k"]),
        node("MatMul", ["k", "V"], ["y"]),
        arrays={"V": V},
        opset=10,
    ),
    "clip that leaves one number": behind_gemm(
        node("Relu", ["h"], ["i"]), node("Clip", ["i"], ["y"], min=-2.0, max=-1.0), opset=10
    ),
    "clip of what is made small": behind_gemm(
        node("Relu", ["h"], ["i"]),
        node("Mul", ["i", "k"], ["j"]),
        node("Clip", ["j"], ["y"], min=0.001, max=1.0),
        arrays={"k": np.array(0.004, np.float32)},
        opset=10,
    ),
    "clip of turned values": behind_gemm(
        node("Relu", ["h"], ["i"]),
        node("Neg", ["i"], ["j"]),
        node("Clip", ["j"], ["k"], min=-0.5, max=3.0),
        node("MatMul", ["k", "V"], ["y"]),
        arrays={"V": V},
        opset=10,
    ),
    "clip of sigmoid": behind_gemm(
        node("Sigmoid", ["h"], ["i"]), node("Clip", ["i"], ["y"], min=0.25, max=2.0), opset=10
    ),
    "clip of a sigmoid that it leaves alone": behind_gemm(
        node("Sigmoid", ["h"], ["i"]), node("Clip", ["i"], ["y"], min=0.0, max=1.0), opset=10
    ),
    "clip of a value that others take": behind_gemm(
        node("Clip", ["h"], ["i"], min=-1.0, max=1.0), node("Add", ["h", "i"], ["y"]), opset=10
    ),
    "clip of a sum": behind_gemm(
        node("Relu", ["h"], ["i"]),
        node("Add", ["i", "i"], ["j"]),
        node("Clip", ["j"], ["y"], min=0.5, max=1.0),
        opset=10,
    ),
    "hard sigmoid": behind_gemm(node("HardSigmoid", ["h"], ["y"], alpha=0.25)),
    "sum of three": behind_gemm(node("Sum", ["h", "b", "h"], ["y"])),
    "clip of nothing": behind_gemm(node("Clip", ["h"], ["y"])),
    "max and min": behind_gemm(
        node("Max", ["h", "l"], ["i"]),
        node("Min", ["u", "i"], ["y"]),
        arrays={"l": np.zeros(1, np.float32), "u": np.full(1, 6, np.float32)},
    ),
    "batch normalization behind": behind_gemm(
        node("BatchNormalization", ["h", "s", "o", "m", "v"], ["y"], epsilon=0.01), arrays=CHANNELS
    ),
    "batch normalization behind relu": behind_gemm(
        node("Relu", ["h"], ["i"]),
        node("BatchNormalization", ["i", "s", "o", "m", "v"], ["j"]),
        node("Gemm", ["j", "V"], ["y"]),
        arrays={**CHANNELS, "V": floats(RNG, 4, 3)},
    ),
    "batch normalization of scale 0": behind_gemm(
        node("BatchNormalization", ["h", "z", "o", "m", "v"], ["y"]), arrays={**CHANNELS, "z": np.zeros(4, np.float32)}
    ),
    "batch normalization at the end": behind_gemm(
        node("Relu", ["h"], ["i"]), node("BatchNormalization", ["i", "s", "o", "m", "v"], ["y"]), arrays=CHANNELS
    ),
    "batch normalization in front": ahead_of_gemm(
        node("BatchNormalization", ["x", "s6", "o6", "m6", "v6"], ["h"]),
        arrays={
            **{f"{name}6": floats(RNG, 6) for name in "om"},
            **{f"{name}6": RNG.uniform(0.5, 2, 6).astype(np.float32) for name in "sv"},
        },
    ),
    "scale of either sign in front": ahead_of_gemm(node("Mul", ["x", "s6"], ["h"]), arrays={"s6": floats(RNG, 6)}),
    "mean and std in front": ahead_of_gemm(
        node("Sub", ["x", "m6"], ["i"]),
        node("Div", ["i", "s6"], ["h"]),
        arrays={"m6": floats(RNG, 6), "s6": RNG.uniform(0.5, 2, 6).astype(np.float32)},
    ),
    "arithmetic behind": behind_gemm(
        node("Mul", ["s", "h"], ["i"]),
        node("Sub", ["o", "i"], ["j"]),
        node("Div", ["j", "v"], ["k"]),
        node("Neg", ["k"], ["l"]),
        node("Sub", ["l", "m"], ["y"]),
        arrays=CHANNELS,
    ),
    "add of two": behind_gemm(
        node("Relu", ["h"], ["i"]),
        node("Tanh", ["i"], ["j"]),
        node("Gemm", ["j", "V"], ["k"]),
        node("Add", ["k", "i"], ["l"]),
        node("Relu", ["l"], ["y"]),
        arrays={"V": floats(RNG, 4, 4)},
    ),
    "a value that two take before its activation": behind_gemm(
        node("Mul", ["h", "s"], ["i"]),
        node("Relu", ["i"], ["j"]),
        node("Add", ["i", "j"], ["y"]),
        arrays=CHANNELS,
    ),
    "input that two take": ahead_of_gemm(
        node("Relu", ["x"], ["i"]),
        node("Mul", ["x", "s6"], ["j"]),
        node("Add", ["i", "j"], ["h"]),
        arrays={"s6": floats(RNG, 6)},
    ),
    "flatten, reshape, squeeze, identity, dropout, casts": behind_gemm(
        node("Unsqueeze", ["h", "a2"], ["i"]),
        node("Squeeze", ["i", "a2"], ["j"]),
        node("Identity", ["j"], ["k"]),
        node("Dropout", ["k"], ["l"]),
        node("Cast", ["l"], ["m"], to=11),
        node("Cast", ["m"], ["n"], to=1),
        node("Flatten", ["n"], ["o"]),
        node("Reshape", ["o", "r"], ["y"]),
        arrays={"a2": np.array([2]), "r": np.array([0, 2, -1])},
    ),
    "unsqueeze by attributes": behind_gemm(
        node("Unsqueeze", ["h"], ["i"], axes=[0]), node("Squeeze", ["i"], ["y"], axes=[0]), opset=11
    ),
    "shapes worked out as pytorch does": ahead_of_gemm(
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "zero"], ["n"], axis=0),
        node("Unsqueeze", ["n", "zeros"], ["n1"]),
        node("Concat", ["n1", "rest"], ["to"], axis=0),
        node("Reshape", ["x", "to"], ["h"]),
        arrays={"zero": np.array(0), "zeros": np.array([0]), "rest": np.array([-1])},
    ),
    "constants of nodes": ahead_of_gemm(
        node("Constant", [], ["two"], value_float=2.0),
        node("Constant", [], ["six"], value_ints=[6]),
        node("ConstantOfShape", ["six"], ["ones"], value=onnx.helper.make_tensor("v", 1, [1], [1.0])),
        node("Sqrt", ["two"], ["root"]),
        node("Add", ["root", "ones"], ["by"]),
        node("Mul", ["x", "by"], ["h"]),
    ),
    "weights in int8, a scale for each channel": onnx_model(
        [
            node("DequantizeLinear", ["Q", "s", "z"], ["W"], axis=0),
            node("DequantizeLinear", ["q", "s0"], ["b"]),
            node("Gemm", ["x", "W", "b"], ["y"], transB=1),
        ],
        (1, 6),
        {
            "Q": RNG.integers(-128, 128, (4, 6)).astype(np.int8),
            "s": RNG.uniform(0.01, 0.02, 4).astype(np.float32),
            "z": np.array([0, 3, -5, 0], np.int8),
            "q": RNG.integers(-999, 999, 4).astype(np.int32),
            "s0": np.array(1e-3, np.float32),
        },
    ),
    "weights in uint8, quantised in the file": onnx_model(
        [
            node("QuantizeLinear", ["V", "s", "z"], ["Q"]),
            node("DequantizeLinear", ["Q", "s", "z"], ["W"]),
            node("MatMul", ["x", "W"], ["y"]),
        ],
        (1, 6),
        {"V": W.T.copy(), "s": np.array(0.03, np.float32), "z": np.array(128, np.uint8)},
    ),
    "weights in float16": onnx_model(
        [node("Cast", ["V"], ["W"], to=1), node("MatMul", ["x", "W"], ["y"])], (1, 6), {"V": W.T.astype(np.float16)}
    ),
}
IMAGES = {  # models of 1 x 2 x 5 x 4 inputs
    "conv": behind_conv(node("Relu", ["h"], ["y"])),
    "conv without a bias, stride, dilation": onnx_model(
        [node("Conv", ["x", "K"], ["y"], strides=[2, 1], dilations=[1, 2], pads=[1, 0, 2, 3])], (1, 2, 5, 4), {"K": K}
    ),
    "conv of groups": onnx_model(
        [node("Conv", ["x", "K", "c"], ["y"], group=2)], (1, 2, 5, 4), {"K": K[:, :1].copy(), "c": KB}
    ),
    "depthwise": onnx_model(
        [node("Conv", ["x", "K"], ["y"], group=2, pads=[0, 1, 0, 1])], (1, 2, 5, 4), {"K": K[:2, :1].copy()}
    ),
    "same, more at the end": onnx_model(
        [node("Conv", ["x", "K"], ["y"], auto_pad="SAME_UPPER", strides=[2, 2])], (1, 2, 5, 4), {"K": K}
    ),
    "same, more at the start": onnx_model(
        [node("Conv", ["x", "K"], ["y"], auto_pad="SAME_LOWER", strides=[2, 3])], (1, 2, 5, 4), {"K": K}
    ),
    "valid": onnx_model([node("Conv", ["x", "K"], ["y"], auto_pad="VALID")], (1, 2, 5, 4), {"K": K}),
    "pad in front of a convolution": onnx_model(
        [node("Pad", ["x", "p"], ["h"]), node("Conv", ["h", "K"], ["y"], pads=[0, 1, 0, 0])],
        (1, 2, 5, 4),
        {"K": K, "p": np.array([0, 0, 1, 0, 0, 0, 0, 2])},
    ),
    "batch normalization behind a convolution": behind_conv(
        node("BatchNormalization", ["h", "s", "o", "m", "v"], ["i"]), node("Relu", ["i"], ["y"]), arrays=CHANNELS
    ),
    "batch normalization ahead of a convolution": behind_conv(
        node("Relu", ["h"], ["i"]),
        node("BatchNormalization", ["i", "s", "o", "m", "v"], ["j"]),
        node("Conv", ["j", "L"], ["y"], group=2),
        arrays={**CHANNELS, "L": floats(RNG, 2, 2, 2, 2)},
    ),
    "batch normalization ahead of padding": behind_conv(
        node("Relu", ["h"], ["i"]),
        node("BatchNormalization", ["i", "s", "o", "m", "v"], ["j"]),
        node("Conv", ["j", "L"], ["y"], pads=[1, 1, 0, 0]),
        arrays={**CHANNELS, "L": floats(RNG, 2, 4, 2, 2)},
    ),
    "normalisation of each channel": onnx_model(
        [
            node("Sub", ["x", "m"], ["i"]),
            node("Div", ["i", "s"], ["j"]),
            node("Conv", ["j", "K"], ["y"], pads=[1, 1, 1, 1]),
        ],
        (1, 2, 5, 4),
        {"K": K, "m": floats(RNG, 2, 1, 1), "s": RNG.uniform(1, 2, (2, 1, 1)).astype(np.float32)},
    ),
    "max pool": behind_conv(node("MaxPool", ["h"], ["y"], kernel_shape=[2, 2], strides=[2, 2], pads=[0, 0, 1, 0])),
    "clip of a max pool": behind_conv(
        node("Relu", ["h"], ["i"]),
        node("MaxPool", ["i"], ["j"], kernel_shape=[2, 2]),
        node("Clip", ["j"], ["y"], min=0.0),
        opset=10,
    ),
    "clip of planes": behind_conv(
        node("AveragePool", ["h"], ["i"], kernel_shape=[2, 2]),
        node("Clip", ["i"], ["y"], min=-0.5, max=0.5),
        opset=10,
    ),
    "relu behind a max pool": behind_conv(
        node("MaxPool", ["h"], ["i"], kernel_shape=[3, 2]), node("Relu", ["i"], ["y"])
    ),
    "relu behind an average pool": behind_conv(
        node("AveragePool", ["h"], ["i"], kernel_shape=[2, 2]), node("Relu", ["i"], ["y"])
    ),
    "average pool": behind_conv(
        node("AveragePool", ["h"], ["y"], kernel_shape=[3, 3], strides=[2, 1], pads=[1, 1, 1, 1])
    ),
    "average pool that counts its padding": behind_conv(
        node("AveragePool", ["h"], ["y"], kernel_shape=[3, 3], pads=[1, 0, 1, 2], count_include_pad=1)
    ),
    "ceil mode that changes nothing": behind_conv(
        node("MaxPool", ["h"], ["y"], kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1)
    ),
    "global pools": behind_conv(
        node("GlobalAveragePool", ["h"], ["i"]), node("GlobalMaxPool", ["h"], ["j"]), node("Add", ["i", "j"], ["y"])
    ),
    "reduced planes": behind_conv(
        node("ReduceMean", ["h"], ["i"], axes=[2, 3], keepdims=0), node("Relu", ["i"], ["y"])
    ),
    "reduced planes by an input": behind_conv(
        node("ReduceMean", ["h", "a"], ["i"], keepdims=0),
        node("Relu", ["i"], ["y"]),
        arrays={"a": np.array([-1, 2])},
        opset=18,
    ),
    "residual": behind_conv(
        node("BatchNormalization", ["h", "s", "o", "m", "v"], ["i"]),
        node("Relu", ["i"], ["j"]),
        node("Conv", ["j", "L"], ["k"], pads=[1, 1, 1, 1]),
        node("Add", ["k", "j"], ["l"]),
        node("Relu", ["l"], ["y"]),
        arrays={**CHANNELS, "L": floats(RNG, 4, 4, 3, 3)},
    ),
    "channels last, flattened, dense": behind_conv(
        node("Transpose", ["h"], ["i"], perm=[0, 2, 3, 1]),
        node("Add", ["i", "o"], ["i2"]),
        node("Relu", ["i2"], ["j"]),
        node("Reshape", ["j", "r"], ["k"]),
        node("MatMul", ["k", "M"], ["y"]),
        arrays={"r": np.array([-1, 80]), "M": floats(RNG, 80, 3), **CHANNELS},
    ),
    "channels last at the end": behind_conv(
        node("Relu", ["h"], ["i"]), node("Transpose", ["i"], ["y"], perm=[0, 2, 3, 1])
    ),
    "channels last and first again": behind_conv(
        node("Transpose", ["h"], ["i"], perm=[0, 2, 3, 1]),
        node("Mul", ["i", "s"], ["j"]),
        node("Transpose", ["j"], ["k"], perm=[0, 3, 1, 2]),
        node("Conv", ["k", "L"], ["y"]),
        arrays={**CHANNELS, "L": floats(RNG, 2, 4, 2, 2)},
    ),
    "each value its own bias": behind_conv(
        node("Add", ["h", "e"], ["i"]), node("Relu", ["i"], ["y"]), arrays={"e": floats(RNG, 4, 5, 4)}
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_an_operator_on_rows_is_what_onnxruntime_computes(name: str, tmp_path: Path):
    agrees(ROWS[name], tmp_path, (1, 6))


@pytest.mark.parametrize("name", IMAGES)
def test_an_operator_on_planes_is_what_onnxruntime_computes(name: str, tmp_path: Path):
    agrees(IMAGES[name], tmp_path, (1, 2, 5, 4))


@pytest.mark.parametrize(("extents", "perm"), [((5, 4), [0, 3, 1, 2]), ((9,), [0, 2, 1])])
def test_an_input_with_channels_last_is_taken_with_channels_first(
    extents: tuple[int, ...], perm: list[int], tmp_path: Path
):
    kernel = K if len(extents) == 2 else floats(RNG, 4, 2, 3)
    nodes = [
        node("Sub", ["x", "m"], ["a"]),
        node("Div", ["a", "s"], ["b"]),
        node("Transpose", ["b"], ["h"], perm=perm),
        node("Conv", ["h", "K"], ["y"]),
    ]
    arrays = {"K": kernel, "m": floats(RNG, 2), "s": RNG.uniform(1, 2, 2).astype(np.float32)}
    model = onnx_model(nodes, (1, *extents, 2), arrays)
    found = read(model, tmp_path)
    assert isinstance(found.network, Network)
    assert found.network.shape == (2, *(extents if len(extents) == 2 else (1, *extents)))
    assert f"the file has {'x'.join(map(str, extents))}x2" in found.notes[0]
    for _ in range(3):
        x = floats(RNG, 1, *extents, 2)
        expected = by_onnxruntime(model, x)[0].reshape(-1)
        got = run_layers(found.network, np.moveaxis(x, -1, 1).astype(np.float64).reshape(-1))
        assert np.abs(got - expected).max() <= ROUNDING * (np.abs(expected).max() + 10)


def test_signals_in_time_have_height_one(tmp_path: Path):
    nodes = [
        node("Conv", ["x", "K"], ["h"], strides=[2], pads=[1, 0], dilations=[2]),
        node("Relu", ["h"], ["i"]),
        node("MaxPool", ["i"], ["j"], kernel_shape=[2]),
        node("Flatten", ["j"], ["k"]),
        node("MatMul", ["k", "M"], ["y"]),
    ]
    model = onnx_model(nodes, (1, 2, 11), {"K": floats(RNG, 3, 2, 3), "M": floats(RNG, 9, 2)})
    network = agrees(model, tmp_path, (1, 2, 11)).network
    assert network is not None
    assert network.shape == (2, 1, 11)


LAYERS = {  # what folding must come to
    "matmul and add": ["dense"],
    "tanh of relu": ["dense", "dense"],
    "max and min": ["dense"],
    "batch normalization behind relu": ["dense", "dense"],
    "batch normalization in front": ["dense"],
    "mean and std in front": ["dense"],
    "scale of either sign in front": ["dense"],
    "arithmetic behind": ["dense"],
    "batch normalization behind a convolution": ["conv"],
    "batch normalization ahead of a convolution": ["conv", "conv"],
    "batch normalization ahead of padding": ["conv", "depthwise", "conv"],
    "depthwise": ["depthwise"],
    "relu behind a max pool": ["conv", "max_pool"],
    "residual": ["conv", "conv", "add"],
    "channels last, flattened, dense": ["conv", "dense"],
    "channels last and first again": ["conv", "conv"],
    "clip between two layers": ["dense", "dense"],
    "clip of relu": ["dense", "dense"],
    "clip of a clip": ["dense", "dense"],
    "clip of turned values": ["dense", "dense"],
    "clip of a sigmoid that it leaves alone": ["dense"],
    "clip of a max pool": ["conv", "max_pool"],
}


@pytest.mark.parametrize("name", LAYERS)
def test_what_can_be_folded_is_no_layer_of_its_own(name: str, tmp_path: Path):
    network = read({**ROWS, **IMAGES}[name], tmp_path).network
    assert isinstance(network, Network)
    assert [kind_of(layer) for layer in network.layers] == LAYERS[name]


ENDS: Mapping[str, tuple[list[Any], Callable[[Array], Array]]] = {
    "softmax": ([node("Softmax", ["h"], ["y"])], lambda h: np.exp(h) / np.exp(h).sum()),
    "log softmax": ([node("LogSoftmax", ["h"], ["y"], axis=1)], lambda h: h - np.log(np.exp(h).sum())),
    "largest": ([node("ArgMax", ["h"], ["y"], axis=1)], lambda h: np.argmax(h).reshape(1)),
    "softmax and largest": (
        [node("Softmax", ["h"], ["i"]), node("ArgMax", ["i"], ["y"], axis=-1)],
        lambda h: np.argmax(h).reshape(1),
    ),
    "two largest": (
        [node("TopK", ["h", "k"], ["v", "y"])],
        lambda h: np.argsort(-h)[:2],
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_what_stands_behind_the_scores_is_left_out_and_told(name: str, tmp_path: Path):
    nodes, meaning = ENDS[name]
    model = behind_gemm(*nodes, arrays={"k": np.array([2])})
    found = read(model, tmp_path)
    assert isinstance(found.network, Network)
    assert any("left out" in note for note in found.notes)
    assert found.network.output is not None
    x = floats(RNG, 1, 6)
    scores = found.network(x)[0]
    np.testing.assert_allclose(meaning(scores), by_onnxruntime(model, x)[0].reshape(-1), rtol=1e-5, atol=1e-6)


def test_weights_are_kept_to_the_bit(tmp_path: Path):
    network = read(ROWS["matmul and add"], tmp_path).network
    assert isinstance(network, Network)
    (layer,) = network.dense
    assert layer.weight.tobytes() == W.tobytes()
    assert layer.bias.tobytes() == B.tobytes()


def test_mean_and_std_in_front_become_the_declared_ones_to_the_bit(tmp_path: Path):
    model = ROWS["mean and std in front"]
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    network = read(model, tmp_path).network
    assert isinstance(network, Network)
    np.testing.assert_array_equal(network.domain.mean, arrays["m6"])
    np.testing.assert_array_equal(network.domain.std, arrays["s6"])
    np.testing.assert_array_equal(network.dense[0].weight, W)


REFUSED = {
    "two values multiplied": (behind_gemm(node("Mul", ["h", "h"], ["y"])), "Mul", "sums"),
    "concatenation": (behind_gemm(node("Concat", ["h", "h"], ["y"], axis=1)), "Concat", "join"),
    "softmax in the middle": (
        behind_gemm(node("Softmax", ["h"], ["i"]), node("Relu", ["i"], ["y"])),
        "Relu behind a Softmax",
        "at the end",
    ),
    "concatenation with a multiple": (
        behind_gemm(
            node("Add", ["h", "h"], ["i"]), node("Mul", ["i", "b"], ["j"]), node("Concat", ["i", "j"], ["y"], axis=1)
        ),
        "Concat",
        "join",
    ),
    "bounds far from the values": (
        behind_gemm(node("Clip", ["h"], ["y"], min=-1e4, max=1e4), opset=10),
        "from -10000 to 10000",
        "within 100",
    ),
    "bounds that leave nothing": (
        behind_gemm(node("Clip", ["h"], ["y"], min=1.0, max=1.0), opset=10),
        "one number",
        "always the same",
    ),
    "bounds of each value": (behind_gemm(node("Max", ["h", "b"], ["y"])), "several bounds", "one bound"),
    "values quantised by scales that are computed": (
        behind_gemm(node("Identity", ["h"], ["i"]), node("QuantizeLinear", ["h", "i"], ["y"])),
        "scale that is computed",
        "constant",
    ),
    "elu": (behind_gemm(node("Elu", ["h"], ["y"])), "Elu", "ReLU"),
    "several slopes": (
        behind_gemm(node("PRelu", ["h", "a"], ["y"]), arrays={"a": np.array([0.1, 0.2, 0.3, 0.4], np.float32)}),
        "PRelu",
        "one slope",
    ),
    "max pool that hangs over": (
        behind_conv(node("MaxPool", ["h"], ["y"], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)),
        "hang over",
        "ceil_mode",
    ),
    "pad of a pool": (
        behind_conv(
            node("Pad", ["h", "p"], ["i"]),
            node("MaxPool", ["i"], ["y"], kernel_shape=[2, 2]),
            arrays={"p": np.array([0, 0, 1, 1, 0, 0, 1, 1])},
        ),
        "MaxPool",
        "convolution",
    ),
    "rows and columns exchanged at the start": (
        onnx_model(
            [node("Transpose", ["x"], ["h"], perm=[0, 1, 3, 2]), node("Conv", ["h", "K"], ["y"])],
            (1, 2, 5, 4),
            {"K": K},
        ),
        "Transpose of the network's input",
        "channels first",
    ),
    "channels last in one of two branches": (
        onnx_model(
            [
                node("Transpose", ["x"], ["h"], perm=[0, 3, 1, 2]),
                node("Conv", ["h", "K"], ["k"]),
                node("ReduceMean", ["k"], ["j"], axes=[2, 3], keepdims=0),
                node("Flatten", ["x"], ["i"]),
                node("MatMul", ["i", "M"], ["z"]),
                node("Add", ["j", "z"], ["y"]),
            ],
            (1, 5, 4, 2),
            {"K": K, "M": floats(RNG, 40, 4)},
        ),
        "Transpose of the network's input",
        "channels first",
    ),
    "a loop": (behind_gemm(node("LSTM", ["h", "W", "W"], ["y"], hidden_size=2)), "LSTM", "unroll"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_counterpart_is_named_with_its_node_and_what_to_do(name: str, tmp_path: Path):
    model, operator, hint = REFUSED[name]
    found = read(model, tmp_path)
    assert found.network is None
    (obstacle,) = found.obstacles
    assert operator in obstacle.operator
    assert hint in obstacle.hint
    assert obstacle.node


def test_all_obstacles_are_named_at_once(tmp_path: Path):
    nodes = [node("Elu", ["h"], ["i"], name="one"), node("Relu", ["i"], ["j"]), node("Gelu", ["j"], ["y"], name="two")]
    found = read(behind_gemm(*nodes), tmp_path)
    assert [(obstacle.node, obstacle.operator) for obstacle in found.obstacles] == [("one", "Elu"), ("two", "Gelu")]


def test_quantised_values_are_read_as_the_real_numbers_before_rounding(tmp_path: Path):
    step, zero = np.array(0.05, np.float32), np.array(3, np.int8)
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], ["xq"]),
        node("DequantizeLinear", ["xq", "s", "z"], ["xd"]),
        node("DequantizeLinear", ["Q", "t"], ["W"], axis=0),
        node("Gemm", ["xd", "W", "b"], ["h"], transB=1),
        node("Relu", ["h"], ["i"]),
        node("QuantizeLinear", ["i", "s", "z"], ["iq"]),
        node("DequantizeLinear", ["iq", "s", "z"], ["y"]),
    ]
    Q, t = RNG.integers(-9, 10, (4, 6)).astype(np.int8), RNG.uniform(0.01, 0.02, 4).astype(np.float32)
    model = onnx_model(nodes, (1, 6), {"s": step, "z": zero, "Q": Q, "t": t, "b": B / 4})
    found = read(model, tmp_path)
    assert any("real numbers" in note for note in found.notes)
    assert [layer.weights for layer in found.layers] == ["int8, a scale for each channel"]
    network = found.network
    assert isinstance(network, Network)
    np.testing.assert_array_equal(network.dense[0].weight, (Q * t[:, None]).astype(np.float32))
    x = RNG.uniform(-3, 3, (1, 6)).astype(np.float32)
    steps = 0.025 * (1 + np.abs(network.dense[0].weight).sum(1))  # half a step of each input, and of the output
    assert (np.abs(network(x) - by_onnxruntime(model, x)[0]) <= steps + 1e-6).all()


@pytest.mark.parametrize(("top", "kind"), [(2.5, "relu"), (6.0, "relu6")])
@pytest.mark.parametrize("zero", [np.array(0, np.uint8), np.array(-128, np.int8), np.array(-(1 << 15), np.int16)])
def test_integers_that_begin_at_0_are_the_relu_that_a_tool_took_out(top: float, kind: str, zero: Array, tmp_path: Path):
    """onnxruntime's quantisation leaves a Relu or a Clip out where the clipping of the integers does its work."""
    span = 65535 if zero.dtype == np.int16 else 255
    nodes = [node("QuantizeLinear", ["h", "s", "z"], ["q"]), node("DequantizeLinear", ["q", "s", "z"], ["d"])]
    arrays = {"s": np.array(top / span, np.float32), "z": zero, "V": V}
    model = behind_gemm(*nodes, node("MatMul", ["d", "V"], ["y"]), arrays=arrays, opset=21)
    found = read(model, tmp_path)
    network = found.network
    assert isinstance(network, Network)
    assert [layer.activation.value for layer in network.dense] == [kind, "linear"]
    assert any("integers that begin at 0 are a ReLU" in note for note in found.notes)
    for x in RNG.uniform(-0.5, 0.5, (20, 1, 6)).astype(np.float32):
        hidden = np.maximum(x @ W.T + B, 0)
        if kind == "relu" and hidden.max() > top:
            continue  # what lies above the upper end is told, not clipped
        steps = top / span / 2 * np.abs(V).sum(axis=0)
        assert (np.abs(network(x) - by_onnxruntime(model, x)[0]) <= steps + 1e-5).all()


def test_integers_that_begin_at_0_change_no_input_and_no_shares(tmp_path: Path):
    arrays = {"s": np.array(1 / 255, np.float32), "z": np.array(0, np.uint8)}
    both = [node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("DequantizeLinear", ["q", "s", "z"], ["h"])]
    found = read(ahead_of_gemm(*both, arrays=arrays), tmp_path)
    assert any("inputs below 0 are taken as they are" in note for note in found.notes)
    assert isinstance(found.network, Network)
    assert len(found.network.layers) == 1
    ends = [node("QuantizeLinear", ["p", "s", "z"], ["q"]), node("DequantizeLinear", ["q", "s", "z"], ["y"])]
    found = read(behind_gemm(node("Softmax", ["h"], ["p"]), *ends, arrays=arrays), tmp_path)
    assert isinstance(found.network, Network)
    assert [layer.activation.value for layer in found.network.dense] == ["linear"]


def test_a_threshold_at_the_end_is_left_out_aloud(tmp_path: Path):
    model = behind_gemm(node("Greater", ["h", "t"], ["y"], name="over"), arrays={"t": np.zeros(1, np.float32)})
    assert "over: Greater is left out, the outputs are what it compares" in read(model, tmp_path).notes


@pytest.mark.parametrize("name", ["conv", "residual", "channels last, flattened, dense"])
def test_a_weight_that_is_changed_is_seen_by_the_comparison(name: str, tmp_path: Path):
    """The judge on trial: each array of the network, changed in one place, leaves the bound."""
    model = IMAGES[name]
    x = floats(RNG, 1, 2, 5, 4)
    expected = by_onnxruntime(model, x)[0].reshape(-1)
    planted = onnx.ModelProto.FromString(model.SerializeToString())
    taken = {name for each in planted.graph.node for name in each.input}
    for tensor in planted.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and tensor.name in taken:
            broken = onnx.ModelProto.FromString(model.SerializeToString())
            (slot,) = [each for each in broken.graph.initializer if each.name == tensor.name]
            slot.CopyFrom(onnx.numpy_helper.from_array(values + np.float32(0.3), tensor.name))
            network = read(broken, tmp_path).network
            assert isinstance(network, Network)
            got = run_layers(network, x.astype(np.float64).reshape(-1))
            assert np.abs(got - expected).max() > ROUNDING * (np.abs(expected).max() + 10), tensor.name
