"""Small ONNX files for tests: nodes and arrays to a checked model, and what onnxruntime makes of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[Any]


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
    return session.run(None, {session.get_inputs()[0].name: x})


def floats(rng: np.random.Generator, *shape: int) -> Array:
    """Float32 from a normal distribution."""
    return rng.standard_normal(shape).astype(np.float32)
