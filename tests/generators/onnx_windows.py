"""Small ONNX networks with windows as people bring them: a residual network, LeNet-5, a signal in time."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from generators.onnx_models import Array, floats, onnx_model

ODD = ("größe 0", "a/b:0", '"quoted"', "../up", "%s{0}\\n", "tab\there", "[1;2]")  # names of tensors and nodes


def drawn(rng: np.random.Generator, *shape: int) -> Array:
    """Weights (outputs, ...) that keep the spread of values."""
    return (floats(rng, *shape) * np.sqrt(2 / np.prod(shape[1:]))).astype(np.float32)


def normalisation(rng: np.random.Generator, name: str, channels: int) -> dict[str, Array]:
    """Scale, shift, mean and variance of a BatchNormalization."""
    signs = np.where(np.arange(channels) % 3 == 1, -1, 1)
    return {
        f"{name}s": (signs * rng.uniform(0.5, 1.5, channels)).astype(np.float32),
        f"{name}o": (0.2 * floats(rng, channels)).astype(np.float32),
        f"{name}m": (0.2 * floats(rng, channels)).astype(np.float32),
        f"{name}v": rng.uniform(0.5, 2, channels).astype(np.float32),
    }


def residual() -> onnx.ModelProto:
    """Images 3x9x8: a padded convolution, depthwise, pointwise, an addition, pools, two dense layers; five scores."""
    rng, node, size = np.random.default_rng(7), helper.make_node, ODD[0]
    norms = {name: [f"{name}{part}" for part in "somv"] for name in "abc"}
    nodes = [
        node("Pad", ["x", "around"], ["h0"], name=ODD[3]),
        node("Conv", ["h0", ODD[1]], ["h1"], name=ODD[1]),
        node("BatchNormalization", ["h1", *norms["a"]], ["h2"], epsilon=1e-3),
        node("Relu", ["h2"], [size], name=ODD[2]),
        node("Conv", [size, "K1", "b1"], ["h4"], group=6, auto_pad="SAME_UPPER", name=ODD[4]),
        node("BatchNormalization", ["h4", *norms["b"]], ["h5"]),
        node("Clip", ["h5", "zero", "six"], [ODD[5]]),
        node("Conv", [ODD[5], "K2"], ["h7"], name=ODD[6]),
        node("Add", ["h7", size], ["h8"]),
        node("Relu", ["h8"], ["h9"]),
        node("MaxPool", ["h9"], ["i0"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["i0", "K3", "b3"], ["i1"], auto_pad="SAME_LOWER", strides=[2, 2]),
        node("BatchNormalization", ["i1", *norms["c"]], ["i2"]),
        node("Relu", ["i2"], ["i3"]),
        node("GlobalAveragePool", ["i3"], ["i4"]),
        node("Flatten", ["i4"], ["i5"]),
        node("Gemm", ["i5", "W", "c"], ["i6"], transB=1),
        node("Relu", ["i6"], ["i7"]),
        node("MatMul", ["i7", "V"], ["y"]),
    ]
    arrays: dict[str, Array] = {"around": np.array([0, 0, 1, 1, 0, 0, 1, 1]), ODD[1]: drawn(rng, 6, 3, 3, 3)}
    arrays |= {"K1": drawn(rng, 6, 1, 3, 3), "b1": 0.1 * floats(rng, 6), "K2": drawn(rng, 6, 6, 1, 1)}
    arrays |= {"K3": drawn(rng, 8, 6, 3, 3), "b3": 0.1 * floats(rng, 8), "W": drawn(rng, 7, 8), "c": floats(rng, 7)}
    arrays |= {"V": drawn(rng, 5, 7).T.copy(), "zero": np.array(0, np.float32), "six": np.array(6, np.float32)}
    for name, channels in (("a", 6), ("b", 6), ("c", 8)):
        arrays |= normalisation(rng, name, channels)
    return onnx_model(nodes, ("N", 3, 9, 8), arrays)


def lenet(side: int = 16, channels: tuple[int, int] = (3, 6), widths: tuple[int, int] = (16, 12)) -> onnx.ModelProto:
    """LeNet-5 as PyTorch exports it, by default of smaller images and layers; ten scores and a softmax."""
    rng, node, (one, two), (first, second) = np.random.default_rng(8), helper.make_node, channels, widths
    flat = two * (side // 4 - 2) ** 2
    nodes = [
        node("Conv", ["x", "K0", "b0"], ["h0"], pads=[2, 2, 2, 2], kernel_shape=[5, 5], name="/features/0/Conv"),
        node("Relu", ["h0"], ["h1"]),
        node("AveragePool", ["h1"], ["h2"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["h2", "K1", "b1"], ["h3"]),
        node("Relu", ["h3"], ["h4"]),
        node("MaxPool", ["h4"], ["h5"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Reshape", ["h5", "row"], ["h6"]),
        node("Gemm", ["h6", "W0", "c0"], ["h7"], transB=1),
        node("Relu", ["h7"], ["h8"]),
        node("MatMul", ["h8", "W1"], ["h9"]),
        node("Add", ["h9", "c1"], ["i0"]),
        node("Relu", ["i0"], ["i1"]),
        node("Gemm", ["i1", "W2", "c2"], ["i2"], transB=1),
        node("Softmax", ["i2"], ["y"], axis=1),
    ]
    arrays: dict[str, Array] = {"K0": drawn(rng, one, 1, 5, 5), "K1": drawn(rng, two, one, 5, 5)}
    arrays |= {"b0": 0.1 * floats(rng, one), "b1": 0.1 * floats(rng, two), "row": np.array([-1, flat])}
    arrays |= {"W0": drawn(rng, first, flat), "W1": drawn(rng, second, first).T.copy(), "W2": drawn(rng, 10, second)}
    arrays |= {"c0": 0.1 * floats(rng, first), "c1": 0.1 * floats(rng, second), "c2": 0.1 * floats(rng, 10)}
    return onnx_model(nodes, ("batch", 1, side, side), arrays)


def signal() -> onnx.ModelProto:
    """Six channels of a wearable, 40 samples of each, as PyTorch's Conv1d takes them; four scores."""
    rng, node = np.random.default_rng(9), helper.make_node
    nodes = [
        node("Conv", ["x", "K0", "b0"], ["h0"], pads=[2, 2]),
        node("BatchNormalization", ["h0", "as", "ao", "am", "av"], ["h1"]),
        node("Relu", ["h1"], ["h2"]),
        node("MaxPool", ["h2"], ["h3"], kernel_shape=[2], strides=[2]),
        node("Conv", ["h3", "K1", "b1"], ["h4"], strides=[2], dilations=[2]),
        node("Relu", ["h4"], ["h5"]),
        node("GlobalAveragePool", ["h5"], ["h6"]),
        node("Squeeze", ["h6", "last"], ["h7"]),
        node("Gemm", ["h7", "W", "c"], ["y"], transB=1),
    ]
    arrays: dict[str, Array] = {"K0": drawn(rng, 8, 6, 5), "b0": 0.1 * floats(rng, 8), "last": np.array([2])}
    arrays |= {"K1": drawn(rng, 8, 8, 3), "b1": 0.1 * floats(rng, 8), "W": drawn(rng, 4, 8), "c": floats(rng, 4)}
    return onnx_model(nodes, (1, 6, 40), arrays | normalisation(rng, "a", 8))


def channels_last() -> onnx.ModelProto:
    """Images 8x6x3 as tf2onnx exports Keras: turned in front, and turned back before they are flattened."""
    rng, node = np.random.default_rng(10), helper.make_node
    nodes = [
        node("Transpose", ["x"], ["h0"], perm=[0, 3, 1, 2]),
        node("Conv", ["h0", "K0", "b0"], ["h1"], auto_pad="SAME_UPPER", strides=[2, 2]),
        node("Relu", ["h1"], ["h2"]),
        node("AveragePool", ["h2"], ["h3"], kernel_shape=[2, 2], strides=[1, 1]),
        node("Transpose", ["h3"], ["h4"], perm=[0, 2, 3, 1]),
        node("Reshape", ["h4", "row"], ["h5"]),
        node("MatMul", ["h5", "W"], ["y"]),
    ]
    arrays: dict[str, Array] = {"K0": drawn(rng, 5, 3, 3, 3), "b0": 0.1 * floats(rng, 5), "row": np.array([-1, 30])}
    return onnx_model(nodes, ("N", 8, 6, 3), arrays | {"W": drawn(rng, 4, 30).T.copy()})


def in_float64(model: onnx.ModelProto, output: str = "y") -> onnx.ModelProto:
    """The same model in double precision, up to `output`: what its numbers mean, without rounding to speak of."""
    twin = onnx.ModelProto()
    twin.CopyFrom(model)
    for tensor in twin.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            values: Any = numpy_helper.to_array(tensor)
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float64), tensor.name))
    twin.graph.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE
    twin.graph.output[0].name = output
    return twin


def by_reference(model: onnx.ModelProto, x: Array, output: str = "y") -> Array:
    """What ONNX's own evaluator gives for inputs (samples, ...) in double precision, (samples, outputs)."""
    from onnx.reference import ReferenceEvaluator

    evaluator: Any = ReferenceEvaluator(in_float64(model, output))
    return np.stack([evaluator.run(None, {"x": each[None].astype(np.float64)})[0].reshape(-1) for each in x])
