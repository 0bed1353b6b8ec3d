"""LiteRT, the interpreter of TensorFlow Lite files: what readers and writers are held against.

Its default hands dense layers and convolutions to XNNPACK, which scales sums back in float32; its optimised kernels
round twice. The reference kernels compute in double precision, and they are what armlet promises to equal.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest


def interpreter(path: Path) -> Any:
    """With the reference kernels, and every tensor kept."""
    runtime = pytest.importorskip("ai_edge_litert.interpreter", reason="needs ai-edge-litert, which is LiteRT")
    kind = runtime.OpResolverType.BUILTIN_REF
    found = runtime.Interpreter(str(path), experimental_op_resolver_type=kind, experimental_preserve_all_tensors=True)
    found.allocate_tensors()
    return found


def litert(path: Path, rows: np.ndarray, tensor: int | None = None) -> np.ndarray:
    """What LiteRT gives for inputs (samples, ...), row by row: its output, or another tensor."""
    run = interpreter(path)
    taken, given = run.get_input_details()[0], run.get_output_details()[0]["index"] if tensor is None else tensor
    found = list[np.ndarray]()
    for row in rows:
        run.set_tensor(taken["index"], row.reshape(taken["shape"]))
        run.invoke()
        found.append(run.get_tensor(given).ravel().copy())
    return np.stack(found)


def before_softmax(path: Path) -> int | None:
    """The tensor that a softmax at the end takes."""
    ends = [step for step in interpreter(path)._get_ops_details() if step["op_name"] == "SOFTMAX"]
    return int(ends[0]["inputs"][0]) if ends else None
