"""TensorFlow Lite files made here, by the schema's own builders: what tests read, fuzz and hold against LiteRT."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import flatbuffers
import numpy as np
import tflite
from numpy.typing import NDArray

_DTYPES = {"float32": "FLOAT32", "float16": "FLOAT16", "int8": "INT8", "uint8": "UINT8", "int16": "INT16"}
_DTYPES |= {"int32": "INT32", "int64": "INT64"}
_OPTIONS = {
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "ADD": "AddOptions",
    "MUL": "MulOptions",
    "SUB": "SubOptions",
    "DIV": "DivOptions",
    "MINIMUM": "MaximumMinimumOptions",
    "MAXIMUM": "MaximumMinimumOptions",
    "LEAKY_RELU": "LeakyReluOptions",
    "SOFTMAX": "SoftmaxOptions",
    "MEAN": "ReducerOptions",
    "REDUCE_MAX": "ReducerOptions",
    "RESHAPE": "ReshapeOptions",
    "PAD": "PadOptions",
    "DEQUANTIZE": "DequantizeOptions",
    "QUANTIZE": "QuantizeOptions",
}


@dataclass(frozen=True)
class TensorSpec:
    """One tensor; of a constant, its values."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    values: NDArray[Any] | None = None
    scale: Sequence[float] = ()
    zero: Sequence[int] = ()
    axis: int = 0


@dataclass(frozen=True)
class OperatorSpec:
    """One operator, with its options by the schema's names."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


def constant(values: NDArray[Any], scale: Sequence[float] = (), axis: int = 0) -> TensorSpec:
    """A tensor that holds `values`."""
    return TensorSpec(values.shape, str(values.dtype), values, scale, [0] * len(scale), axis)


def tflite_file(
    tensors: Sequence[TensorSpec], operators: Sequence[OperatorSpec], inputs: Sequence[int], outputs: Sequence[int]
) -> bytes:
    """The bytes of a file with one graph."""
    builder = flatbuffers.Builder(1024)
    contents = [b"", *(np.ascontiguousarray(t.values).tobytes() for t in tensors if t.values is not None)]
    buffers = _vector(builder, [_buffer(builder, content) for content in contents], "Buffers")
    numbers = iter(range(1, len(contents)))
    places = [0 if tensor.values is None else next(numbers) for tensor in tensors]
    made = [_tensor(builder, i, tensor, place) for i, (tensor, place) in enumerate(zip(tensors, places))]
    kinds = sorted({operator.kind for operator in operators})
    codes = _vector(builder, [_code(builder, kind) for kind in kinds], "OperatorCodes")
    steps = [_operator(builder, operator, kinds.index(operator.kind)) for operator in operators]
    parts = [_vector(builder, made, "Tensors", "SubGraph"), _vector(builder, steps, "Operators", "SubGraph")]
    parts += [_numbers(builder, inputs), _numbers(builder, outputs)]
    tflite.SubGraphStart(builder)
    for name, part in zip(("Tensors", "Operators", "Inputs", "Outputs"), parts):
        getattr(tflite, f"SubGraphAdd{name}")(builder, part)
    graphs = _vector(builder, [tflite.SubGraphEnd(builder)], "Subgraphs")
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, 3)
    tflite.ModelAddOperatorCodes(builder, codes)
    tflite.ModelAddSubgraphs(builder, graphs)
    tflite.ModelAddBuffers(builder, buffers)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


def _vector(builder: Any, offsets: Sequence[int], name: str, table: str = "Model") -> int:
    getattr(tflite, f"{table}Start{name}Vector")(builder, len(offsets))
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()


def _numbers(builder: Any, values: Sequence[int]) -> int:
    return builder.CreateNumpyVector(np.array(values, np.int32))


def _buffer(builder: Any, content: bytes) -> int:
    data = 0
    if content:  # kernels want their constants aligned
        builder.StartVector(1, len(content), 16)
        builder.head -= len(content)
        builder.Bytes[builder.head : builder.head + len(content)] = content
        data = builder.EndVector()
    tflite.BufferStart(builder)
    if content:
        tflite.BufferAddData(builder, data)
    return tflite.BufferEnd(builder)


def _tensor(builder: Any, number: int, tensor: TensorSpec, buffer: int) -> int:
    name, shape = builder.CreateString(f"t{number}"), _numbers(builder, tensor.shape)
    scales = 0
    if tensor.scale:
        scale = builder.CreateNumpyVector(np.array(tensor.scale, np.float32))
        zero = builder.CreateNumpyVector(np.array(tensor.zero, np.int64))
        tflite.QuantizationParametersStart(builder)
        tflite.QuantizationParametersAddScale(builder, scale)
        tflite.QuantizationParametersAddZeroPoint(builder, zero)
        tflite.QuantizationParametersAddQuantizedDimension(builder, tensor.axis)
        scales = tflite.QuantizationParametersEnd(builder)
    tflite.TensorStart(builder)
    tflite.TensorAddShape(builder, shape)
    tflite.TensorAddType(builder, getattr(tflite.TensorType, _DTYPES[tensor.dtype]))
    tflite.TensorAddBuffer(builder, buffer)
    tflite.TensorAddName(builder, name)
    if tensor.scale:
        tflite.TensorAddQuantization(builder, scales)
    return tflite.TensorEnd(builder)


def _code(builder: Any, kind: str) -> int:
    number = getattr(tflite.BuiltinOperator, kind)
    tflite.OperatorCodeStart(builder)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, min(number, 127))
    tflite.OperatorCodeAddBuiltinCode(builder, number)
    tflite.OperatorCodeAddVersion(builder, 1)
    return tflite.OperatorCodeEnd(builder)


def _operator(builder: Any, operator: OperatorSpec, code: int) -> int:
    inputs, outputs = _numbers(builder, operator.inputs), _numbers(builder, operator.outputs)
    table, options = _OPTIONS.get(operator.kind), 0
    if table:
        getattr(tflite, f"{table}Start")(builder)
        for key, value in operator.options.items():
            getattr(tflite, f"{table}Add{key}")(builder, value)
        options = getattr(tflite, f"{table}End")(builder)
    tflite.OperatorStart(builder)
    tflite.OperatorAddOpcodeIndex(builder, code)
    tflite.OperatorAddInputs(builder, inputs)
    tflite.OperatorAddOutputs(builder, outputs)
    if table:
        tflite.OperatorAddBuiltinOptionsType(builder, getattr(tflite.BuiltinOptions, table))
        tflite.OperatorAddBuiltinOptions(builder, options)
    return tflite.OperatorEnd(builder)


RELU, RELU6 = tflite.ActivationFunctionType.RELU, tflite.ActivationFunctionType.RELU6
N1_TO_1 = tflite.ActivationFunctionType.RELU_N1_TO_1
NONE = tflite.ActivationFunctionType.NONE
SAME, VALID = tflite.Padding.SAME, tflite.Padding.VALID


def random_integer_chain(rng: np.random.Generator, wide: bool = False, biased: bool = False) -> bytes:
    """Fully connected layers in int8, as the converter writes them: scales fit what the layers give."""
    widths = rng.integers(1, 640 if wide else 24, rng.integers(2, 6)).tolist()
    many = bool(rng.integers(2))
    zero, scale = int(rng.integers(-128, 128)), _scale(rng, 0.01)
    tensors = [TensorSpec((1, widths[0]), "int8", None, [scale], [zero])]
    operators = list[OperatorSpec]()
    for inputs, outputs in pairwise(widths):
        weight = rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
        weight[rng.random(weight.shape) < rng.choice([0.1, 0.6])] = 0
        scales = [_scale(rng, 0.01) for _ in range(outputs if many else 1)]
        spread = 40 * 70 * inputs**0.5  # of a sum
        bias = rng.normal(0, spread / 2, outputs).round().astype(np.int32)
        given = float(np.mean(scales)) * scale * spread * float(rng.choice([0.01, 0.03, 0.1]))
        given = _scale(rng, given) if rng.random() < 0.8 else scale * scales[0] * 2.0 ** int(rng.integers(3, 12))
        kind = int(rng.choice([NONE, RELU, RELU6]))
        after = -128 if kind == RELU and rng.random() < 0.7 else int(rng.integers(-128, 128))
        at = len(tensors)
        tensors += [constant(weight, scales), constant(bias, [scale * each for each in scales])]
        tensors.append(TensorSpec((1, outputs), "int8", None, [given], [after]))
        has_bias = rng.random() < 0.9 or biased
        taken = (at - 1, at, at + 1 if has_bias else -1)
        operators.append(OperatorSpec("FULLY_CONNECTED", taken, (at + 2,), {"FusedActivationFunction": kind}))
        scale, zero = float(np.float32(given)), after
    return tflite_file(tensors, operators, [0], [len(tensors) - 1])


def activated_chain(
    rng: np.random.Generator, kinds: Sequence[str], zero: int = 0, wide: float = 8.0, times: float = 1.0
) -> bytes:
    """Fully connected layers in int8 that give numbers up to `wide`, an operator of its own kind behind each.

    What a RELU gives has the scale of what it takes, or so many `times` that.
    """
    tensors = [TensorSpec((1, 6), "int8", None, [0.05], [3])]
    operators, given = list[OperatorSpec](), float(np.float32(2 * wide / 255))
    for kind in kinds:
        at, (_, inputs), (taken,) = len(tensors), tensors[-1].shape, tensors[-1].scale
        scale = given / taken / 150
        weight, bias = rng.integers(-127, 128, (5, inputs)), rng.integers(-2000, 2000, 5)
        tensors += [constant(weight.astype(np.int8), [scale]), constant(bias.astype(np.int32), [scale * taken])]
        tensors.append(TensorSpec((1, 5), "int8", None, [given], [zero]))
        operators.append(OperatorSpec("FULLY_CONNECTED", (at - 1, at, at + 1), (at + 2,)))
        after, zero_after = {"LOGISTIC": (2.0**-8, -128), "TANH": (2.0**-7, 0)}.get(kind, (given * times, zero))
        tensors.append(TensorSpec((1, 5), "int8", None, [after], [zero_after]))
        operators.append(OperatorSpec(kind, (at + 2,), (at + 3,)))
    return tflite_file(tensors, operators, [0], [len(tensors) - 1])


def stored_rows(rng: np.random.Generator, count: int, inputs: int) -> np.ndarray:
    """int8 inputs, the extreme ones first."""
    rows = rng.integers(-128, 128, (count, inputs)).astype(np.int8)
    rows[0], rows[1] = -128, 127
    rows[2 : count // 4] = rng.choice(np.array([-128, 127], np.int8), (count // 4 - 2, inputs))
    return rows


def _scale(rng: np.random.Generator, about: float) -> float:
    return float(np.float32(about * rng.uniform(0.5, 2)))


def float_planes() -> bytes:
    """An operator of almost every kind on planes: an input of 1x6x5x2, three outputs."""
    rng = np.random.default_rng(3)

    def weights(*shape: int) -> TensorSpec:
        return constant(rng.normal(0, 0.5, shape).astype(np.float32))

    window = {"Padding": SAME, "StrideH": 2, "StrideW": 1, "FusedActivationFunction": RELU}
    valid = {"Padding": VALID, "StrideH": 1, "StrideW": 1}
    pool = {"Padding": SAME, "StrideH": 2, "StrideW": 2, "FilterHeight": 2, "FilterWidth": 3}
    half = constant(rng.normal(0, 0.5, (3, 4)).astype(np.float16))
    tensors = [
        TensorSpec((1, 6, 5, 2)),
        *(weights(4, 3, 2, 2), weights(4), TensorSpec((1, 3, 5, 4))),  # 1, 2, 3: a convolution
        *(constant(np.array([[0, 0], [1, 0], [0, 2], [0, 0]], np.int32)), TensorSpec((1, 4, 7, 4))),  # 4, 5: PAD
        *(weights(1, 2, 3, 4), weights(4), TensorSpec((1, 3, 5, 4))),  # 6, 7, 8: depthwise
        *(TensorSpec((1, 3, 5, 4)), TensorSpec((1, 2, 3, 4))),  # 9: ADD, 10: pool
        *(constant(np.array([1, -1], np.int32)), TensorSpec((1, 24)), weights(4, 24), weights(4), TensorSpec((1, 4))),
        TensorSpec((1, 4)),  # 16: LEAKY_RELU
        *(half, TensorSpec((3, 4)), TensorSpec((1, 3)), TensorSpec((1, 3))),  # 17 to 20
        *(constant(np.full((1, 1, 1, 2), 2.0, np.float32)), TensorSpec((1, 6, 5, 2))),  # 21, 22: scaled inputs
    ]
    operators = [
        OperatorSpec("MUL", (0, 21), (22,)),
        OperatorSpec("CONV_2D", (22, 1, 2), (3,), window),
        OperatorSpec("PAD", (3, 4), (5,)),
        OperatorSpec("DEPTHWISE_CONV_2D", (5, 6, 7), (8,), {**valid, "DepthMultiplier": 1}),
        OperatorSpec("ADD", (8, 3), (9,), {"FusedActivationFunction": RELU6}),
        OperatorSpec("AVERAGE_POOL_2D", (9,), (10,), pool),
        OperatorSpec("RESHAPE", (10, 11), (12,)),
        OperatorSpec("FULLY_CONNECTED", (12, 13, 14), (15,)),
        OperatorSpec("LEAKY_RELU", (15,), (16,), {"Alpha": 0.125}),
        OperatorSpec("DEQUANTIZE", (17,), (18,)),
        OperatorSpec("FULLY_CONNECTED", (16, 18, -1), (19,)),
        OperatorSpec("SOFTMAX", (19,), (20,), {"Beta": 1.0}),
    ]
    return tflite_file(tensors, operators, [0], [20])


def float_rows() -> bytes:
    """A dense layer of two values, and behind it what takes layers of their own: constants, bounds, a clip, tanh."""
    row, by = TensorSpec((1, 2)), constant(np.array([0.5, -2], np.float32))
    tensors = [
        row,
        constant(np.eye(2, dtype=np.float32)),
        by,
        row,
        row,
        constant(np.ones(1, np.float32)),
        row,
        row,
        row,
    ]
    operators = [
        OperatorSpec("FULLY_CONNECTED", (0, 1, 2), (3,), {"FusedActivationFunction": N1_TO_1}),
        OperatorSpec("MUL", (3, 2), (4,)),
        OperatorSpec("MINIMUM", (4, 5), (6,)),
        OperatorSpec("RELU_0_TO_1", (6,), (7,)),
        OperatorSpec("TANH", (7,), (8,)),
    ]
    return tflite_file(tensors, operators, [0], [8])
