"""The kinds of layers, a closed union that callers take apart by `match`.

A layer takes and gives tensors: (channels, height, width), or (values,) for a row. Both stand in memory in this order,
the last index fastest, so that a dense layer takes any tensor as the row of its values. Signals in time are tensors of
height 1. What a layer gives for what it takes is in shapes.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from operator import index
from typing import Any, TypeAlias

import numpy as np

from armlet.errors import InputError
from armlet.network.activation import SLOPE, Activation
from armlet.network.frozen import F32, frozen

WIDEST = 65_536  # rows or columns of a stride, a padding, a dilation or a window; beyond any core that armlet serves

Pair: TypeAlias = tuple[int, int]  # down, across
Sides: TypeAlias = tuple[int, int, int, int]  # rows or columns of zeros at the top, left, bottom, right


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """`activation(weight @ x + bias)`. A zero weight is an absent connection."""

    weight: F32  # (outputs, inputs)
    bias: F32  # (outputs,)
    activation: Activation
    slope: float = SLOPE  # of leaky_relu below zero; of no meaning to the others

    def __post_init__(self) -> None:
        _settle_slope(self)
        _settle_parameters(self, 2, "outputs x inputs")

    @property
    def inputs(self) -> int:
        return self.weight.shape[1]

    @property
    def outputs(self) -> int:
        return self.weight.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class Conv:
    """A convolution: each output channel is a sum over windows of the input channels of its group, plus its bias.

    The weight is not turned over, as in every framework.
    """

    weight: F32  # (outputs, inputs / groups, height, width)
    bias: F32  # (outputs,)
    activation: Activation
    slope: float = SLOPE
    stride: Pair = (1, 1)
    padding: Sides = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1

    def __post_init__(self) -> None:
        _settle_slope(self)
        _settle_parameters(self, 4, "outputs x inputs / groups x height x width")
        _settle_windows(self, "stride", "dilation")
        _require_whole("groups", self.groups, 1)
        if len(self.weight) % self.groups:
            raise InputError("groups", f"is {self.groups}, which does not divide {len(self.weight)} outputs")

    @property
    def channels(self) -> int:
        """Of the input."""
        return self.weight.shape[1] * self.groups


@dataclass(frozen=True, slots=True, eq=False)
class Depthwise:
    """A convolution of each channel alone, with as many channels after it as before."""

    weight: F32  # (channels, height, width)
    bias: F32  # (channels,)
    activation: Activation
    slope: float = SLOPE
    stride: Pair = (1, 1)
    padding: Sides = (0, 0, 0, 0)
    dilation: Pair = (1, 1)

    def __post_init__(self) -> None:
        _settle_slope(self)
        _settle_parameters(self, 3, "channels x height x width")
        _settle_windows(self, "stride", "dilation")


class Reduction(Enum):
    """What a pool makes of the values in its window."""

    MAX = "max"
    AVERAGE = "average"


@dataclass(frozen=True, slots=True)
class Pool:
    """The largest or the average value of each window of a channel; what is padding takes no part in it."""

    reduction: Reduction
    size: Pair | None = None  # None is global: the whole plane is one window
    stride: Pair = (1, 1)
    padding: Sides = (0, 0, 0, 0)

    def __post_init__(self) -> None:
        _settle_windows(self, "stride", *(["size"] if self.size is not None else []))
        if self.size and (max(self.padding[::2]) >= self.size[0] or max(self.padding[1::2]) >= self.size[1]):
            raise InputError("padding", f"is {self.padding}, and whole windows of {extents(self.size)} lie in it")
        if self.size is None and (self.stride, self.padding) != ((1, 1), (0, 0, 0, 0)):
            raise InputError("stride or padding", "is given, and the pool is global", "leave it out")

    def count(self, height: int, width: int) -> int:
        """How many values a window of a plane holds, at most."""
        down, across = self.size or (height, width)
        return min(down, height) * min(across, width)


@dataclass(frozen=True, slots=True)
class Add:
    """The activated sum of two tensors of one shape."""

    activation: Activation = Activation.LINEAR
    slope: float = SLOPE

    def __post_init__(self) -> None:
        _settle_slope(self)


@dataclass(frozen=True, slots=True)
class Reshape:
    """The same values, in the same order, as a tensor of another shape."""

    shape: tuple[int, ...] | None = None  # None flattens: one row of all values

    def __post_init__(self) -> None:
        if self.shape is not None:
            object.__setattr__(self, "shape", whole_numbers("shape", self.shape))
        for extent in self.shape or ():
            _require_whole("shape", extent, 1, 1 << 24)
        if self.shape is not None and len(self.shape) not in (1, 3):
            raise InputError("shape", f"is {self.shape}", "give [values], or [channels, height, width]")


Layer: TypeAlias = Dense | Conv | Depthwise | Pool | Add | Reshape
Weighted: TypeAlias = Dense | Conv | Depthwise  # those with a weight and a bias


def kind_of(layer: Layer) -> str:
    """The word for the layer's kind in network.toml."""
    match layer:
        case Dense():
            return "dense"
        case Conv():
            return "conv"
        case Depthwise():
            return "depthwise"
        case Pool():
            return f"{layer.reduction.value}_pool"
        case Add():
            return "add"
        case Reshape():
            return "reshape"


def describe(layer: Layer) -> str:
    """The layer in a few words, for errors."""
    match layer:
        case Dense():
            return f"a dense layer {layer.inputs}x{layer.outputs}"
        case Conv(weight):
            outputs, inputs, height, width = weight.shape
            groups = f" in {layer.groups} groups" if layer.groups > 1 else ""
            return f"a convolution {height}x{width}x{inputs}x{outputs}{groups}"
        case Depthwise(weight):
            channels, height, width = weight.shape
            return f"a depthwise convolution {height}x{width}x{channels}"
        case Pool(reduction, size):
            return f"{'a' if size else 'a global'} {reduction.value} pool" + (f" {extents(size)}" if size else "")
        case Add():
            return "an addition of two layers"
        case Reshape(shape):
            return f"a reshape to {extents(shape)}" if shape else "a reshape to one row"


def extents(shape: Sequence[int]) -> str:
    """A shape in words: 8x6x6."""
    return "x".join(map(str, shape))


def whole_numbers(name: str, values: Any) -> tuple[int, ...]:
    """`values` as a tuple of integers. Raises `InputError`."""
    try:
        return tuple(map(index, values))
    except TypeError:
        raise InputError(name, f"is no whole number in {values!r}"[:80], "give whole numbers, such as (2, 2)") from None


def _settle_slope(layer: Dense | Conv | Depthwise | Add) -> None:
    with np.errstate(all="ignore"):
        object.__setattr__(layer, "slope", float(np.float32(layer.slope)))
    if not 0 < layer.slope < 1:
        raise InputError("slope", f"is {layer.slope}, not between 0 and 1")


def _settle_parameters(layer: Weighted, dimensions: int, reads: str) -> None:
    """Frozen float32 of the right shapes, or an `InputError`."""
    for name in ("weight", "bias"):
        array = frozen(getattr(layer, name), np.float32)
        if not np.isfinite(array).all():
            place = ", ".join(str(i) for i in np.argwhere(~np.isfinite(array))[0])
            raise InputError(f"{name}[{place}]", "is not a finite float32")
        object.__setattr__(layer, name, array)
    if layer.weight.ndim != dimensions or 0 in layer.weight.shape:
        raise InputError("weight", f"has shape {layer.weight.shape}, not {reads}")
    if layer.bias.shape != layer.weight.shape[:1]:
        raise InputError("bias", f"has shape {layer.bias.shape}, the weight gives {len(layer.weight)} values")


def _settle_windows(layer: Conv | Depthwise | Pool, *pairs: str) -> None:
    """Tuples of whole numbers in bounds, or an `InputError`."""
    for name, count, least in (*((pair, 2, 1) for pair in pairs), ("padding", 4, 0)):
        values = whole_numbers(name, getattr(layer, name))
        for value in values:
            _require_whole(name, value, least)
        if len(values) != count:
            raise InputError(name, f"has {len(values)} numbers, not {count}")
        object.__setattr__(layer, name, values)


def _require_whole(name: str, value: Any, least: int, most: int = WIDEST) -> None:
    if not isinstance(value, int):
        raise InputError(name, "is no whole number")
    if not least <= value <= most:
        raise InputError(name, f"is not between {least} and {most}")
