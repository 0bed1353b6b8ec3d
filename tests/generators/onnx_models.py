"""Small ONNX files for tests: nodes and arrays to a checked model, and what onnxruntime makes of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[Any]
BESIDE = "w.bin"  # where weights of `onnx_files` lie, of 28 bytes or more


def onnx_model(
    nodes: Sequence[onnx.NodeProto],
    shape: Sequence[int | str | None],
    arrays: Mapping[str, Array] | None = None,
    outputs: Sequence[str] = ("y",),
    opset: int = 17,
    kind: int = TensorProto.FLOAT,
) -> onnx.ModelProto:
    """A model of one input x, whose nodes take `arrays` by name; the kinds of its outputs are inferred."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in (arrays or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def write_model(model: onnx.ModelProto, path: Path) -> Path:
    """The file."""
    path.write_bytes(model.SerializeToString())
    return path


def by_onnxruntime(model: onnx.ModelProto | Path, x: Array) -> list[Array]:
    """All outputs for one input in the file's own shape."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    data = model.read_bytes() if isinstance(model, Path) else model.SerializeToString()
    session = onnxruntime.InferenceSession(data, options, ["CPUExecutionProvider"])
    return [np.asarray(each) for each in session.run(None, {session.get_inputs()[0].name: x})]


def floats(rng: np.random.Generator, *shape: int) -> Array:
    """Float32 from a normal distribution."""
    return rng.standard_normal(shape).astype(np.float32)


def onnx_files() -> tuple[bytes, ...]:
    """Valid files for fuzzing: dense layers with all that is folded, planes with windows, weights in integers."""
    rng = np.random.default_rng(5)
    node = helper.make_node
    rows = [
        node("Sub", ["x", "m"], ["a"]),
        node("Div", ["a", "s"], ["b"]),
        node("Gemm", ["b", "W", "c"], ["d"], alpha=0.5, transB=1),
        node("BatchNormalization", ["d", "p", "p", "p", "p"], ["e"]),
        node("LeakyRelu", ["e"], ["f"], alpha=0.1),
        node("MatMul", ["f", "V"], ["g"]),
        node("Softmax", ["g"], ["y"]),
    ]
    arrays = {"m": floats(rng, 3), "s": np.full(3, 2, np.float32), "W": floats(rng, 2, 3), "c": floats(rng, 2)}
    arrays |= {"p": np.ones(2, np.float32), "V": floats(rng, 2, 2)}
    planes = [
        node("Pad", ["x", "around"], ["a"]),
        node("Conv", ["a", "K"], ["b"], strides=[1, 1]),
        node("MaxPool", ["b"], ["c"], kernel_shape=[2, 2]),
        node("Relu", ["c"], ["d"]),
        node("Add", ["d", "d"], ["e"]),
        node("Transpose", ["e"], ["f"], perm=[0, 2, 3, 1]),
        node("Shape", ["x"], ["g"]),
        node("Gather", ["g", "zero"], ["h"]),
        node("Concat", ["h", "rest"], ["i"], axis=0),
        node("Reshape", ["f", "i"], ["j"]),
        node("DequantizeLinear", ["Q", "scale"], ["k"], axis=1),
        node("MatMul", ["j", "k"], ["y"]),
    ]
    kept = {"around": np.array([0, 0, 1, 0, 0, 0, 0, 0]), "K": floats(rng, 2, 1, 2, 2), "zero": np.array([0])}
    kept |= {"rest": np.array([-1]), "Q": np.arange(8, dtype=np.int8).reshape(4, 2), "scale": floats(rng, 2)}
    regressor = {"coefficients": [0.5, -1.0, 2.0, 1.0, 0.0, 0.5], "intercepts": [0.5, -0.5], "targets": 2}
    clips = [
        node("LinearRegressor", ["x"], ["a"], domain="ai.onnx.ml", **regressor),
        node("Clip", ["a", "low", "high"], ["b"]),
        node("QuantizeLinear", ["b", "scale", "zero"], ["c"]),
        node("DequantizeLinear", ["c", "scale", "zero"], ["d"]),
        node("HardSigmoid", ["d"], ["e"]),
        node("Sum", ["d", "e", "low"], ["f"]),
        node("Max", ["f", "low"], ["g"]),
        node("MatMul", ["g", "V"], ["y"]),
    ]
    ends = {"low": np.array(-1, np.float32), "high": np.array(2, np.float32), "scale": np.array(0.01, np.float32)}
    ends |= {"zero": np.array(0, np.uint8), "V": floats(rng, 2, 2)}
    beside = onnx_model([node("MatMul", ["x", "W"], ["y"])], (1, 2), {"W": floats(rng, 2, 3)})
    move_beside(beside, BESIDE, 4)
    models = (
        onnx_model(rows, ("N", 3), arrays),
        onnx_model(planes, (1, 1, 3, 4), kept),
        onnx_model(clips, (1, 3), ends),
        beside,
    )
    return tuple(model.SerializeToString() for model in models)


def move_beside(model: onnx.ModelProto, location: str, offset: int = 0, length: int | None = None) -> None:
    """Let the only constant of a model lie in another file."""
    (tensor,) = model.graph.initializer
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    said = {"location": location, "offset": str(offset), **({} if length is None else {"length": str(length)})}
    tensor.external_data.extend(onnx.StringStringEntryProto(key=key, value=value) for key, value in said.items())
