"""A network as it grows, operator after operator, from a file that has channels last to layers that have them first."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from armlet.formats.model import ModelLayer
from armlet.formats.tflite.parse import Operator, Scales, Tensor, TfliteFile
from armlet.integer.layers import IntegerLayer
from armlet.network.activation import SLOPE, Activation
from armlet.network.clips import FARTHEST, Ends, clip_between
from armlet.network.frozen import F32
from armlet.network.layers import Dense, Depthwise, Layer, Reshape, Sides
from armlet.network.shapes import LARGEST

NO_PADDING = (0, 0, 0, 0)
_WIDEST_OWN = 1024  # values of a row that a layer of their own scales
_MOST_OWN = 1 << 24  # weights of all such layers: a small file can ask for many

Line: TypeAlias = tuple[NDArray[Any], NDArray[Any]]  # scale and shift

AnyLayer = TypeVar("AnyLayer", bound=Layer | IntegerLayer)


class UnsupportedError(Exception):
    """An operator that has no counterpart here, or not as it is used: why, and what to do."""

    def __init__(self, why: str, hint: str) -> None:
        self.why, self.hint = why, hint
        super().__init__(why)


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A tensor of the file as one of the network's values."""

    number: int  # 0 is the network's input, k what its k-th layer gives
    dims: tuple[int, ...]  # in the file, without the batch
    shape: tuple[int, ...]  # here
    places: NDArray[np.int64] | None = None  # of the file's row of values in ours; None where it is the same
    padding: Sides = NO_PADDING  # zeros that a convolution is still to take
    alone: bool = True  # whether nobody else takes it
    ended: str = ""  # the operator behind it that is left out

    @property
    def size(self) -> int:
        return math.prod(self.dims)


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """The operator that a layer comes from, and how the row that it takes stands there."""

    operator: Operator
    places: NDArray[np.int64] | None


@lru_cache(maxsize=4)  # a file asks for the same again and again
def channels_first(dims: tuple[int, ...]) -> NDArray[np.int64] | None:
    """Where the values of (height, width, channels) stand in (channels, height, width)."""
    height, width, channels = dims
    if channels == 1 or height * width == 1:
        return None
    places = np.arange(math.prod(dims)).reshape(channels, height, width).transpose(1, 2, 0).ravel()
    places.setflags(write=False)
    return places


@dataclass(slots=True)
class Draft(Generic[AnyLayer]):
    """What is there so far. Methods raise `UnsupportedError` where the file goes beyond what armlet has."""

    file: TfliteFile
    layers: list[AnyLayer | Reshape] = field(default_factory=list)
    wiring: list[tuple[int, ...]] = field(default_factory=list)
    told: list[ModelLayer] = field(default_factory=list)
    origins: list[Origin | None] = field(default_factory=list)  # of each layer
    notes: dict[str, None] = field(default_factory=dict)
    values: dict[int, Value] = field(default_factory=dict)
    made: dict[int, F32] = field(default_factory=dict)  # constants that operators make of others
    mean: NDArray[np.float64] | None = None  # a normalisation of the inputs
    std: NDArray[np.float64] | None = None
    uses: Mapping[int, int] = field(default_factory=dict)
    taken: int = 0  # values of constants

    def __post_init__(self) -> None:
        self.uses = Counter(number for operator in self.file.operators for number in operator.inputs)

    def tensor(self, operator: Operator, k: int) -> Tensor | None:
        """The k-th tensor that an operator takes, where it has one."""
        number = operator.inputs[k] if k < len(operator.inputs) else -1
        return self.file.tensors[number] if number >= 0 else None

    def dims(self, number: int) -> tuple[int, ...]:
        """The shape of a tensor without its batch, which is one."""
        tensor = self.file.tensors[number]
        if not 0 < math.prod(tensor.shape) <= LARGEST:  # even where a buffer with numbers is said to be its own
            raise ValueError(f"{tensor.name} has the shape {tensor.shape}, armlet computes 1 to {LARGEST} values")
        if len(tensor.shape) < 2:
            return tensor.shape
        if tensor.shape[0] != 1:
            raise UnsupportedError(f"on the shape {tensor.shape}", "convert the model with a batch of one")
        return tensor.shape[1:]

    def take(self, operator: Operator, k: int = 0) -> Value:
        """The value that an operator takes as its k-th tensor."""
        number = operator.inputs[k] if k < len(operator.inputs) else -1
        found = self.values.get(number)
        if found is None:
            raise UnsupportedError("on a constant, or on what nothing gives", "simplify the model, convert it again")
        if found.ended:
            raise UnsupportedError(f"behind {found.ended}", f"armlet reads {found.ended} at the end only")
        return replace(found, alone=found.alone and self.uses[number] == 1)

    def row(self, operator: Operator, k: int = 0) -> Value:
        """The value without zeros around it."""
        found = self.take(operator, k)
        if found.padding != NO_PADDING:
            raise UnsupportedError("behind a PAD", "armlet reads PAD before convolutions")
        return found

    def planes(self, operator: Operator, k: int = 0) -> Value:
        """The value as (channels, height, width)."""
        found = self.take(operator, k)
        dims = (1, *found.dims) if len(found.dims) == 2 else found.dims
        if len(dims) != 3:
            raise UnsupportedError(f"on the shape {found.dims}", "armlet takes height x width x channels there")
        wanted = channels_first(dims)
        if not same_places(found.places, wanted):
            raise UnsupportedError("on values in another order", "leave out the reshape before it")
        return replace(self.shaped(found, (dims[2], *dims[:2])), dims=dims)

    def shaped(self, value: Value, shape: tuple[int, ...]) -> Value:
        """The value in another shape, by a layer where it has not got it."""
        if value.shape == shape:
            return value
        if value.number == len(self.layers) and value.number and isinstance(self.layers[-1], Reshape):
            self.layers[-1] = Reshape(shape)
            return replace(value, shape=shape)
        self.layers.append(Reshape(shape))
        self.wiring.append((value.number,))
        self.told.append(ModelLayer("", "RESHAPE"))
        self.origins.append(None)
        return replace(value, number=len(self.layers), shape=shape)

    def constant(self, operator: Operator, k: int) -> NDArray[Any]:
        """A constant as real numbers, float32; numbers without a scale as they are."""
        number = operator.inputs[k] if k < len(operator.inputs) else -1
        if number in self.made:
            return self.made[number]
        return real_numbers(self.stored(operator, k))

    def stored(self, operator: Operator, k: int) -> Tensor:
        """A constant, as the file keeps it."""
        tensor = self.tensor(operator, k)
        if tensor is None or tensor.data is None:
            raise UnsupportedError("whose weights are not constants", "freeze the model, convert it again")
        self.taken += math.prod(tensor.shape)
        if self.taken > self.file.constants:
            raise ValueError("it takes more constants than it has bytes")
        return tensor

    def put(self, operator: Operator, layer: AnyLayer, taken: Sequence[Value], value: Value, weights: str) -> None:
        """Append a layer that gives `value`, whose number follows."""
        self.layers.append(layer)
        self.wiring.append(tuple(each.number for each in taken))
        output = self.file.tensors[operator.outputs[0]]
        self.told.append(ModelLayer(output.name, operator.kind, weights, output.kind.lower()))
        self.origins.append(Origin(operator, taken[0].places))
        self.values[operator.outputs[0]] = replace(value, number=len(self.layers))

    def pass_on(self, operator: Operator, value: Value) -> None:
        """What an operator gives is `value`."""
        self.values[operator.outputs[0]] = value

    def note(self, text: str) -> None:
        """Tell it once."""
        self.notes[text] = None


IntegerDraft: TypeAlias = Draft[IntegerLayer]


@dataclass(slots=True)
class RealDraft(Draft[Layer]):
    """A network in real numbers, which may take layers that the file has not got."""

    alone: int = 0  # weights of such layers

    def own_layer(
        self, operator: Operator, value: Value, line: Line, activation: Activation, slope: float = SLOPE
    ) -> Value:
        """The activated `scale x + shift`, by a layer that the file has not got.

        The line has one number for all, for each channel of planes, or for each value of a row, as it stands here.
        """
        scale, shift = line
        layer: Layer
        if len(value.shape) == 3:
            scales, shifts = (np.broadcast_to(each, value.shape[:1]).astype(np.float32) for each in (scale, shift))
            layer = Depthwise(scales.reshape(-1, 1, 1), shifts, activation, slope)
        else:
            if value.size > _WIDEST_OWN:
                raise UnsupportedError(f"of {value.size} values, alone", "put it behind a layer's sums")
            self.alone += value.size**2
            if self.alone > _MOST_OWN:
                raise UnsupportedError("in a layer of its own, of too many", "put activations behind layers' sums")
            scales, shifts = (np.broadcast_to(each, (value.size,)).astype(np.float32) for each in (scale, shift))
            layer = Dense(np.diag(scales), shifts, activation, slope)
        self.layers.append(layer)
        self.wiring.append((value.number,))
        name = self.file.tensors[operator.outputs[0]].name
        self.told.append(ModelLayer(name, operator.kind))
        self.origins.append(None)
        self.note(f"{name}: {operator.kind} takes a layer of its own, one weight for each value or channel")
        shape = value.shape if len(value.shape) == 3 else (value.size,)
        return replace(value, number=len(self.layers), shape=shape, alone=True)

    def clipped(self, operator: Operator, value: Value, ends: Ends) -> Value:
        """The value between any two ends, by two layers of its own: around ReLU6 stand a scale and a shift."""
        clip = clip_between(*ends)
        if not ends[0] < ends[1] or not clip.is_near:
            raise UnsupportedError(f"from {ends[0]:g} to {ends[1]:g}", f"clip within {FARTHEST:g}")
        inside = np.array(1 / clip.scale), np.array(-clip.shift / clip.scale)
        inner = self.own_layer(operator, value, inside, clip.activation)
        outside = np.array(clip.scale), np.array(clip.shift)
        return inner if clip.is_plain else self.own_layer(operator, inner, outside, Activation.LINEAR)


def same_places(one: NDArray[np.int64] | None, other: NDArray[np.int64] | None) -> bool:
    """Whether two rows of values stand in the same order."""
    return one is other or (one is not None and other is not None and np.array_equal(one, other))


def real_numbers(tensor: Tensor) -> NDArray[Any]:
    """What the stored constants stand for, in float32; those without a scale as they are."""
    values, scales = tensor.values, tensor.scales
    if values.dtype.kind == "f" or scales is None:
        return values.astype(np.float32) if values.dtype.kind == "f" else values
    scale, zero = along_axis(scales, values.ndim)
    with np.errstate(over="ignore"):
        return ((values.astype(np.float64) - zero) * scale).astype(np.float32)


def along_axis(scales: Scales, dimensions: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Scale and zero, to be spread over a tensor of so many dimensions."""
    along = [1] * dimensions
    if len(scales.scale) > 1:
        along[scales.axis] = -1
    return scales.scale.astype(np.float64).reshape(along), scales.zero.reshape(along)


def stored_as(tensor: Tensor) -> str:
    """How a tensor keeps its numbers, in words."""
    many = tensor.scales is not None and len(tensor.scales.scale) > 1
    return tensor.kind.lower() + (", a scale for each channel" if many else "")
