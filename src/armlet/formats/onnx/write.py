"""Networks to ONNX files: one node for each layer, weights to the bit, the domain in the metadata."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from armlet.errors import InputError
from armlet.formats.onnx.metadata import FORMAT, KEY, Metadata, layer_name
from armlet.integer.network import IntegerNetwork
from armlet.network.activation import Activation
from armlet.network.domain import Origin
from armlet.network.layers import Add, Conv, Dense, Depthwise, Layer, Pool, Reduction, Reshape, kind_of
from armlet.network.network import Network
from armlet.network.shapes import Shape
from armlet.storage import write_file
from armlet.version import __version__

OPSET, IR_VERSION = 17, 8  # of 2022: what runtimes of today and of some years ago open
_BATCH = "N"
_ACTIVATIONS: Mapping[Activation, str] = {
    Activation.RELU: "Relu",
    Activation.LEAKY_RELU: "LeakyRelu",
    Activation.RELU6: "Clip",
    Activation.SIGMOID: "Sigmoid",
    Activation.TANH: "Tanh",
}
_WORDS = {Origin.DECLARED: ("low", "high", "mean", "std"), Origin.IMPLIED: ("mean", "std"), Origin.UNDECLARED: ()}


@dataclass(slots=True)
class _Graph:
    """Nodes and constants so far."""

    nodes: list[onnx.NodeProto] = field(default_factory=list[onnx.NodeProto])
    constants: list[TensorProto] = field(default_factory=list[TensorProto])

    def constant(self, name: str, values: NDArray[Any]) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, operator: str, name: str, taken: list[str], **attributes: Any) -> str:
        """The name of what the node gives."""
        self.nodes.append(helper.make_node(operator, taken, [f"{name}:0"], name, **attributes))
        return f"{name}:0"


def write_onnx(network: Network | IntegerNetwork, source: Path, path: Path) -> None:
    """Write an ONNX file that reads back as the same network. Raises `InputError`."""
    if isinstance(network, IntegerNetwork):
        hint = "export the network in real numbers that it was made from"
        raise InputError(source, "holds a network in integers, which armlet does not write as ONNX", hint)
    write_file(path, onnx_bytes(network))


def onnx_bytes(network: Network) -> bytes:
    """The bytes of the file, the same for the same network."""
    graph = _Graph()
    shapes = network.shapes
    takers = [layer for layer, sources in zip(network.layers, network.sources) if 0 in sources]
    is_row = all(isinstance(layer, Dense) for layer in takers)
    shapes = ((network.inputs,), *shapes[1:]) if is_row else shapes
    names = [_normalised(graph, network, shapes[0])]
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        taken = [names[source] for source in sources]
        given = _layer(graph, layer_name(i), layer, taken, [shapes[source] for source in sources])
        names.append(_activated(graph, f"{layer_name(i)}.activation", layer, given))
    graph.nodes[-1].output[0] = "y"
    body = helper.make_graph(
        graph.nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (_BATCH, *shapes[0]))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (_BATCH, *shapes[-1]))],
        graph.constants,
    )
    model = helper.make_model(
        body,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="armlet",
        producer_version=__version__,
    )
    helper.set_model_props(model, {KEY: _metadata(network)})
    return model.SerializeToString(deterministic=True)


def _metadata(network: Network) -> str:
    words = {word: _compact(getattr(network.domain, word)) for word in _WORDS[network.domain.origin]}
    kinds = [kind_of(layer) for layer in network.layers]
    return msgspec.json.encode(Metadata(FORMAT, kinds, [*network.shape], network.output, **words)).decode()


def _compact(values: NDArray[np.float64]) -> float | list[float]:
    return float(values[0]) if (values == values[0]).all() else values.tolist()


def _normalised(graph: _Graph, network: Network, shape: Shape) -> str:
    """The name of the normalised input."""
    name, domain = "x", network.domain
    for word, operator, nothing in (("mean", "Sub", 0.0), ("std", "Div", 1.0)):
        values = getattr(domain, word)
        if (values == nothing).all():
            continue
        with np.errstate(over="ignore", under="ignore"):
            single = values.astype(np.float32)
        if not np.isfinite(single).all() or (word == "std" and (single == 0).any()):
            raise InputError("network", f"has a {word} that float32 does not hold", "scale the inputs")
        spread = single[:1] if (single == single[0]).all() else single.reshape(shape)
        name = graph.node(operator, word, [name, graph.constant(f"input.{word}", spread)])
    return name


def _layer(graph: _Graph, name: str, layer: Layer, taken: list[str], shapes: list[Shape]) -> str:
    """The name of what a layer gives, before its activation."""
    match layer:
        case Dense(weight, bias):
            if len(shapes[0]) != 1:
                taken = [graph.node("Flatten", f"{name}.flatten", taken, axis=1)]
            operands = [*taken, graph.constant(f"{name}.weight", weight), graph.constant(f"{name}.bias", bias)]
            return graph.node("Gemm", name, operands, transB=1)
        case Conv(weight, bias):
            return _window(graph, name, layer, taken, weight, bias, layer.groups)
        case Depthwise(weight, bias):
            return _window(graph, name, layer, taken, weight[:, None], bias, len(weight))
        case Pool(reduction, None):
            return graph.node("GlobalMaxPool" if reduction is Reduction.MAX else "GlobalAveragePool", name, taken)
        case Pool(reduction, size, stride, padding):
            operator = "MaxPool" if reduction is Reduction.MAX else "AveragePool"
            return graph.node(operator, name, taken, kernel_shape=size, strides=stride, pads=padding)
        case Add():
            return graph.node("Add", name, taken)
        case Reshape(None):
            return graph.node("Flatten", name, taken, axis=1)
        case Reshape(shape):
            wanted = np.array([0, *(shape or ())], np.int64)  # 0 keeps the batch
            return graph.node("Reshape", name, [*taken, graph.constant(f"{name}.shape", wanted)])


def _window(
    graph: _Graph, name: str, layer: Conv | Depthwise, taken: list[str], weight: Any, bias: Any, groups: int
) -> str:
    operands = [*taken, graph.constant(f"{name}.weight", weight), graph.constant(f"{name}.bias", bias)]
    attributes = {"strides": layer.stride, "pads": layer.padding, "dilations": layer.dilation}
    return graph.node("Conv", name, operands, kernel_shape=weight.shape[2:], group=groups, **attributes)


def _activated(graph: _Graph, name: str, layer: Layer, given: str) -> str:
    if isinstance(layer, Pool | Reshape) or layer.activation is Activation.LINEAR:
        return given
    operator = _ACTIVATIONS[layer.activation]
    if operator == "Clip":
        low, high = (graph.constant(f"{name}.{word}", np.array(end, np.float32)) for word, end in _ENDS)
        return graph.node(operator, name, [given, low, high])
    slope = {"alpha": layer.slope} if layer.activation.has_slope else {}
    return graph.node(operator, name, [given], **slope)


_ENDS = (("low", 0.0), ("high", 6.0))  # of ReLU6
