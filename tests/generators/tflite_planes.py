"""Random TensorFlow Lite files in int8 of every operator that is read as integers, as the converter writes them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from generators.tflite_files import (
    N1_TO_1,
    NONE,
    RELU,
    RELU6,
    SAME,
    VALID,
    OperatorSpec,
    TensorSpec,
    constant,
    tflite_file,
)


@dataclass(frozen=True)
class _At:
    """A tensor of the file: its number, its shape without the batch, its scale and zero."""

    number: int
    dims: tuple[int, ...]
    scale: float
    zero: int


@dataclass
class _File:
    rng: np.random.Generator
    biased: bool  # whether every layer has a bias
    tensors: list[TensorSpec] = field(default_factory=list[TensorSpec])
    operators: list[OperatorSpec] = field(default_factory=list[OperatorSpec])
    values: list[_At] = field(default_factory=list[_At])

    @property
    def last(self) -> _At:
        return self.values[-1]

    def tensor(self, spec: TensorSpec) -> int:
        self.tensors.append(spec)
        return len(self.tensors) - 1

    def value(self, dims: tuple[int, ...], scale: float, zero: int) -> _At:
        scale = float(np.float32(scale))
        number = self.tensor(TensorSpec((1, *dims), "int8", None, [scale], [zero]))
        self.values.append(_At(number, dims, scale, zero))
        return self.last

    def zero(self, kind: int) -> int:
        """Mostly where a ReLU begins; without one any, now and then 0."""
        if kind != NONE and self.rng.random() < 0.6:
            return -128
        return 0 if self.rng.random() < 0.3 else int(self.rng.integers(-128, 128))

    def kind(self) -> int:
        return int(self.rng.choice([NONE, NONE, RELU, RELU, RELU6, N1_TO_1]))


def random_integer_planes(rng: np.random.Generator, biased: bool = False) -> bytes:
    """Planes through convolutions, pools and additions, mostly to a fully connected layer."""
    made = _File(rng, biased)
    made.value((*rng.integers(1, 9, 2).tolist(), int(rng.integers(1, 6))), rng.uniform(0.005, 0.1), made.zero(NONE))
    for _ in range(int(rng.integers(1, 6))):
        _STEPS[int(rng.integers(len(_STEPS)))](made)
    if rng.random() < 0.4:
        _whole(made, "MEAN" if rng.random() < 0.6 else "REDUCE_MAX")
    if rng.random() < 0.7 or not any(step.kind.endswith(("CONV_2D", "CONNECTED")) for step in made.operators):
        _dense(made)
    if rng.random() < 0.2:
        end = made.last
        given = made.value(end.dims, 1 / 256, -128)
        made.operators.append(OperatorSpec("SOFTMAX", (end.number,), (given.number,), {"Beta": 1.0}))
    return tflite_file(made.tensors, made.operators, [0], [made.last.number])


def _steps(extent: int, size: int, stride: int, dilation: int, same: bool) -> int:
    return -(-extent // stride) if same else (extent - (size - 1) * dilation - 1) // stride + 1


def _window(made: _File, dims: tuple[int, ...], dilates: bool) -> tuple[tuple[int, int], dict[str, Any], list[int]]:
    """Size, options, and the extents of what is given."""
    rng = made.rng
    same = bool(rng.integers(2))
    size = [int(rng.integers(1, min(extent, 4) + 1)) for extent in dims[:2]]
    strides = rng.integers(1, 4, 2).tolist()
    dilation = [1, 1]
    if dilates and rng.random() < 0.2:
        dilation, strides = [2 if 2 * (k - 1) < extent else 1 for k, extent in zip(size, dims)], [1, 1]
    given = [_steps(*each, same) for each in zip(dims[:2], size, strides, dilation)]
    options = {"Padding": SAME if same else VALID, "StrideH": strides[0], "StrideW": strides[1]}
    if dilates:
        options |= {"DilationHFactor": dilation[0], "DilationWFactor": dilation[1]}
    return (size[0], size[1]), options, given


def _weights(made: _File, shape: tuple[int, ...], outputs: int, fan_in: int, axis: int) -> tuple[list[int], float]:
    """The tensors of weights and biases, and a scale that fits most of the sums."""
    rng, taken = made.rng, made.last
    weight = rng.integers(-127, 128, shape).astype(np.int8)
    weight[rng.random(shape) < rng.choice([0.0, 0.1, 0.6])] = 0
    spread = 40 * 70 * fan_in**0.5  # of a sum
    bias = rng.normal(0, spread / 2, outputs).round().astype(np.int32)
    scales = [float(np.float32(0.01 * rng.uniform(0.5, 2))) for _ in range(outputs if rng.random() < 0.8 else 1)]
    numbers = [made.tensor(constant(weight, scales, axis))]
    has_bias = len(shape) == 4 or made.biased or rng.random() < 0.9  # convolutions want one
    numbers.append(made.tensor(constant(bias, [taken.scale * each for each in scales])) if has_bias else -1)
    given = float(np.mean(scales)) * taken.scale * spread * float(rng.choice([0.01, 0.03, 0.1]))
    if rng.random() < 0.2:  # halves
        given = taken.scale * scales[0] * 2.0 ** int(rng.integers(5, 12))
    return numbers, given


def _put(made: _File, kind: str, constants: list[int], given: _At, options: dict[str, Any], *others: int) -> None:
    taken = made.values[-2].number
    made.operators.append(OperatorSpec(kind, (taken, *others, *constants), (given.number,), options))


def _conv(made: _File) -> None:
    if len(made.last.dims) != 3:
        return
    if made.rng.random() < 0.25:
        _pad(made)
    dims, activation = made.last.dims, made.kind()
    size, options, extents = _window(made, dims, True)
    groups = made.rng.choice([1, 1, 1, *[count for count in range(2, dims[2] + 1) if dims[2] % count == 0]])
    outputs = int(groups) * int(made.rng.integers(1, 5))
    each = dims[2] // int(groups)
    constants, scale = _weights(made, (outputs, *size, each), outputs, size[0] * size[1] * each, 0)
    given = made.value((*extents, outputs), scale, made.zero(activation))
    _put(made, "CONV_2D", constants, given, {**options, "FusedActivationFunction": activation})


def _depthwise(made: _File) -> None:
    if len(made.last.dims) != 3:
        return
    dims, activation = made.last.dims, made.kind()
    size, options, extents = _window(made, dims, True)
    times = int(made.rng.choice([1, 1, 2]))
    outputs = dims[2] * times
    constants, scale = _weights(made, (1, *size, outputs), outputs, size[0] * size[1], 3)
    given = made.value((*extents, outputs), scale, made.zero(activation))
    options |= {"FusedActivationFunction": activation, "DepthMultiplier": times}
    _put(made, "DEPTHWISE_CONV_2D", constants, given, options)


def _pad(made: _File) -> None:
    last, sides = made.last, made.rng.integers(0, 3, (2, 2)).astype(np.int32)
    table = made.tensor(constant(np.concatenate((np.zeros((1, 2)), sides, np.zeros((1, 2)))).astype(np.int32)))
    extents = [extent + int(pair.sum()) for extent, pair in zip(last.dims, sides)]
    given = made.value((*extents, last.dims[2]), last.scale, last.zero)
    _put(made, "PAD", [table], given, {})


def _pool(made: _File) -> None:
    last = made.last
    if len(last.dims) != 3:
        return
    size, options, extents = _window(made, last.dims, False)
    given = made.value((*extents, last.dims[2]), last.scale, last.zero)
    options |= {"FilterHeight": size[0], "FilterWidth": size[1], "FusedActivationFunction": made.kind()}
    _put(made, str(made.rng.choice(["MAX_POOL_2D", "AVERAGE_POOL_2D"])), [], given, options)


def _whole(made: _File, kind: str) -> None:
    last, keeps = made.last, bool(made.rng.integers(2))
    if len(last.dims) != 3:
        return
    axes = made.tensor(constant(np.array([1, 2], np.int32)))
    alike = kind == "REDUCE_MAX" or made.rng.random() < 0.5
    scale = last.scale if alike else last.scale * made.rng.uniform(0.3, 1.5)
    zero = last.zero if alike else made.zero(NONE)
    given = made.value((1, 1, last.dims[2]) if keeps else last.dims[2:], scale, zero)
    _put(made, kind, [axes], given, {"KeepDims": keeps})


def _add(made: _File) -> None:
    last, activation = made.last, made.kind()
    padded = {step.outputs[0] for step in made.operators if step.kind == "PAD"}
    others = [value for value in made.values if value.dims == last.dims and value.number not in padded]
    other = others[int(made.rng.integers(len(others)))]
    scale = made.rng.uniform(0.5, 2) * max(last.scale, other.scale)
    given = made.value(last.dims, scale, made.zero(activation))
    _put(made, "ADD", [], given, {"FusedActivationFunction": activation}, other.number)


def _activation(made: _File) -> None:
    """Behind a convolution, an operator of its own: a clip with its scale, or a curve of values around 0."""
    last, kind = made.last, str(made.rng.choice(["RELU", "RELU6", "RELU_0_TO_1", "LOGISTIC", "TANH"]))
    behind = made.operators[-1] if made.operators else None
    if behind is None or not behind.kind.endswith("CONV_2D"):
        return
    curved = kind in ("LOGISTIC", "TANH")
    if curved and (last.zero or behind.options["FusedActivationFunction"] != NONE):
        return
    ends = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}
    given = made.value(last.dims, *ends.get(kind, (last.scale, last.zero)))
    _put(made, kind, [], given, {})
    made.values.remove(last)  # nobody adds it, so that the layer may be activated


def _dense(made: _File) -> None:
    last, activation = made.last, made.kind()
    size, outputs = int(np.prod(last.dims)), int(made.rng.integers(1, 6))
    if len(last.dims) > 1:
        table = made.tensor(constant(np.array([1, size], np.int32)))
        _put(made, "RESHAPE", [table], made.value((size,), last.scale, last.zero), {})
    constants, scale = _weights(made, (outputs, size), outputs, size, 0)
    given = made.value((outputs,), scale, made.zero(activation))
    _put(made, "FULLY_CONNECTED", constants, given, {"FusedActivationFunction": activation})


_STEPS: tuple[Callable[[_File], None], ...] = (_conv, _conv, _depthwise, _pool, _add, _activation, _activation)


def channels_last(rows: np.ndarray, shape: tuple[int, ...], notes: tuple[str, ...], ends: str) -> np.ndarray:
    """Inputs or outputs (samples, ...) as the file has them, where a note says that they stand channels first."""
    if not any(note.startswith(ends) and "as channels, height, width" in note for note in notes):
        return rows
    return rows.reshape(-1, *shape).transpose(0, 2, 3, 1).reshape(len(rows), -1)
