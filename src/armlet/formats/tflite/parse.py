"""A TensorFlow Lite file as plain frozen values: tensors, operators, their options.

The schema's generated classes follow offsets wherever they point, back into the file or out of it. So every count is
bounded before anything is made, each table is visited once, and whatever goes wrong on the way is one `InputError`.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.network.shapes import LARGEST, LARGEST_WEIGHT
from armlet.storage import read_file

LONGEST = 1 << 28  # bytes of a file
_IDENTIFIER = b"TFL3"
_MOST = 10_000  # tensors, operators, buffers; the deepest networks have some hundreds
_MOST_SCALES = 1 << 16  # of one tensor
_RANK = 8
_SHARED = 4  # layers that may share a buffer, on the whole
_BROKEN = (ValueError, TypeError, LookupError, AttributeError, OverflowError, MemoryError, struct.error)

_DTYPES = {
    "FLOAT32": "<f4",
    "FLOAT16": "<f2",
    "INT8": "i1",
    "UINT8": "u1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
}
_WINDOW = ("Padding", "StrideH", "StrideW", "FusedActivationFunction")
_DILATED = (*_WINDOW, "DilationHFactor", "DilationWFactor")
_OPTIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {  # by operator: the table of its options, and what is read
    "FULLY_CONNECTED": ("FullyConnectedOptions", ("FusedActivationFunction", "WeightsFormat")),
    "CONV_2D": ("Conv2DOptions", _DILATED),
    "DEPTHWISE_CONV_2D": ("DepthwiseConv2DOptions", _DILATED),
    "MAX_POOL_2D": ("Pool2DOptions", (*_WINDOW, "FilterHeight", "FilterWidth")),
    "AVERAGE_POOL_2D": ("Pool2DOptions", (*_WINDOW, "FilterHeight", "FilterWidth")),
    "ADD": ("AddOptions", ("FusedActivationFunction",)),
    "SUB": ("SubOptions", ("FusedActivationFunction",)),
    "MUL": ("MulOptions", ("FusedActivationFunction",)),
    "DIV": ("DivOptions", ("FusedActivationFunction",)),
    "LEAKY_RELU": ("LeakyReluOptions", ("Alpha",)),
}

Words: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Scales:
    """A stored q stands for scale * (q - zero): one pair for all, or one for each slice along an axis."""

    scale: NDArray[np.float32]
    zero: NDArray[np.int64]
    axis: int


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A tensor of the file: constants have data."""

    name: str
    shape: tuple[int, ...]
    kind: str  # FLOAT32, INT8, ...
    buffer: int
    data: Words | None  # bytes of the file, where there are some
    scales: Scales | None
    is_sparse: bool

    @property
    def values(self) -> NDArray[Any]:
        """The constants as they are stored. Raises `ValueError` where they are not as many as the shape says."""
        if self.data is None:
            raise ValueError(f"{self.name} has no values")
        if self.kind not in _DTYPES or self.is_sparse:
            raise ValueError(f"{self.name} is kept as {'sparse ' * self.is_sparse}{self.kind.lower()}")
        dtype = np.dtype(_DTYPES[self.kind])
        count = int(np.prod(self.shape, dtype=np.float64))
        if count * dtype.itemsize != self.data.size:
            raise ValueError(f"{self.name} has {self.data.size} bytes for the shape {self.shape}")
        return np.frombuffer(self.data.tobytes(), dtype).reshape(self.shape)


@dataclass(frozen=True, slots=True)
class Operator:
    """One step: which tensors it takes, -1 for none, and which it gives."""

    kind: str  # CONV_2D, ...; of a custom operator, its own name
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class TfliteFile:
    """All of a file that armlet asks for."""

    version: int
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    constants: int  # values that its layers may take: a small file can name one buffer many times


def parse_tflite(path: Path) -> TfliteFile:
    """The model in a file. Raises `InputError`."""
    return parse_bytes(bytearray(read_file(path, LONGEST)), path)


def parse_bytes(data: bytearray, path: Path) -> TfliteFile:
    """The model in `data`, of which constants are views: who writes into them writes into it. Raises `InputError`."""
    if data[4:8] != _IDENTIFIER:
        hint = "give the file that the converter wrote: it has TFL3 behind its first four bytes"
        raise InputError(path, "is not a TensorFlow Lite file", hint)
    try:
        return _parse(data)
    except _BROKEN as broken:
        raise InputError(path, f"is a broken TensorFlow Lite file: {broken}"[:400], "convert it again") from broken


def _parse(data: bytearray) -> TfliteFile:
    import tflite

    model: Any = tflite.Model.GetRootAs(data, 0)
    if model.SubgraphsLength() != 1:
        raise ValueError(f"it holds {model.SubgraphsLength()} graphs, armlet reads one")
    graph = model.Subgraphs(0)
    buffers = [model.Buffers(i) for i in range(_count(model.BuffersLength(), "buffers"))]
    names = _names(tflite.TensorType)
    tensors = tuple(_tensor(graph.Tensors(i), buffers, names) for i in range(_count(graph.TensorsLength(), "tensors")))
    codes = [model.OperatorCodes(i) for i in range(_count(model.OperatorCodesLength(), "kinds of operators"))]
    kinds = [_kind(code, _names(tflite.BuiltinOperator)) for code in codes]
    operators = tuple(
        _operator(graph.Operators(i), kinds, len(tensors)) for i in range(_count(graph.OperatorsLength(), "operators"))
    )
    inputs, outputs = (
        _numbers(length, get, len(tensors))
        for length, get in ((graph.InputsLength(), graph.InputsAsNumpy), (graph.OutputsLength(), graph.OutputsAsNumpy))
    )
    return TfliteFile(int(model.Version()), tensors, operators, inputs, outputs, _SHARED * len(data))


def _names(kinds: type) -> dict[int, str]:
    """What the numbers of an enumeration of the schema are called."""
    return {value: name for name, value in vars(kinds).items() if isinstance(value, int)}


def _count(number: int, what: str) -> int:
    if not 0 <= number <= _MOST:
        raise ValueError(f"it says that it holds {number} {what}")
    return number


def _numbers(length: int, get: Callable[[], Words], tensors: int) -> tuple[int, ...]:
    """Numbers of tensors; -1 is none."""
    found = tuple(map(int, get())) if _count(length, "tensors in a list") > 0 else ()
    if any(not -1 <= number < tensors for number in found):
        raise ValueError("it names a tensor that is not there")
    return found


def _text(raw: bytes | None) -> str:
    return (raw or b"")[:200].decode("utf-8", "replace")


def _tensor(tensor: Any, buffers: Sequence[Any], names: Mapping[int, str]) -> Tensor:
    rank, number = tensor.ShapeLength(), tensor.Buffer()
    if rank > _RANK or not 0 <= number < max(len(buffers), 1):
        raise ValueError(f"a tensor has {rank} extents, or a buffer that is not there")
    shape = tuple(map(int, tensor.ShapeAsNumpy())) if rank else ()
    data = None
    if buffers and buffers[number].Offset() > 1:
        raise ValueError("it keeps tensors behind its end, which armlet does not read")
    if buffers and buffers[number].DataLength():
        data = buffers[number].DataAsNumpy()
    most = LARGEST if data is None else LARGEST_WEIGHT
    if any(extent < 0 for extent in shape) or np.prod(shape, dtype=np.float64) > most:
        raise ValueError(f"a tensor has the shape {shape}, armlet reads up to {most} values")
    kind = names.get(tensor.Type(), f"type {tensor.Type()}")
    sparse = tensor.Sparsity() is not None
    return Tensor(_text(tensor.Name()), shape, kind, number, data, _scales(tensor.Quantization(), shape), sparse)


def _scales(found: Any, shape: tuple[int, ...]) -> Scales | None:
    if found is None or not found.ScaleLength():
        return None
    count, axis = found.ScaleLength(), found.QuantizedDimension()
    if count > _MOST_SCALES or found.ZeroPointLength() not in (0, count):
        raise ValueError(f"a tensor has {count} scales and {found.ZeroPointLength()} zeros")
    if count > 1 and not (0 <= axis < len(shape) and shape[axis] == count):
        raise ValueError(f"a tensor of shape {shape} has {count} scales along axis {axis}")
    scale = np.array(found.ScaleAsNumpy(), "<f4")
    if not np.isfinite(scale).all():
        raise ValueError("a scale is not a number")
    if not scale.any():
        return None
    zero = np.array(found.ZeroPointAsNumpy(), "<i8") if found.ZeroPointLength() else np.zeros(count, np.int64)
    if not (scale > 0).all():
        raise ValueError("a scale is not a positive number")
    if ((zero < -(1 << 31)) | (zero >= 1 << 31)).any():
        raise ValueError("a zero point goes beyond 32 bits")
    return Scales(scale, zero, int(axis))


def _kind(code: Any, names: Mapping[int, str]) -> str:
    """Older files have the number in a byte, newer ones in a word, or in both."""
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    kind = names.get(number, f"operator {number}")
    return _text(code.CustomCode()) or kind if kind == "CUSTOM" else kind


def _operator(operator: Any, kinds: list[str], tensors: int) -> Operator:
    number = operator.OpcodeIndex()
    if not 0 <= number < len(kinds):
        raise ValueError("an operator is of a kind that is not there")
    inputs = _numbers(operator.InputsLength(), operator.InputsAsNumpy, tensors)
    outputs = _numbers(operator.OutputsLength(), operator.OutputsAsNumpy, tensors)
    return Operator(kinds[number], inputs, outputs, _options(operator, kinds[number]))


def _options(operator: Any, kind: str) -> Mapping[str, Any]:
    """What is read of an operator's options, in plain values; the schema's defaults where it has none."""
    import tflite

    if kind not in _OPTIONS:
        return {}
    name, keys = _OPTIONS[kind]
    given, told = operator.BuiltinOptions(), operator.BuiltinOptionsType()
    if given is None:
        return {}
    if told != getattr(tflite.BuiltinOptions, name):
        raise ValueError(f"{kind} has options of another operator")
    options = getattr(tflite, name)()
    options.Init(given.Bytes, given.Pos)
    found = {key: getattr(options, key)() for key in keys}
    for key, kinds in (("FusedActivationFunction", tflite.ActivationFunctionType), ("Padding", tflite.Padding)):
        if key in found:
            found[key] = _names(kinds).get(found[key], str(found[key]))
    return found
