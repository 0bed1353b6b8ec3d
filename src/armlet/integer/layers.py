"""The kinds of layers of a network in integers, a closed union that callers take apart by `match`.

Tensors are (channels, height, width) or (values,), as for real numbers. A convolution is a dense layer that is run at
every position: what it does with a sum is said by that layer.
"""

from dataclasses import dataclass
from operator import index
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from armlet.errors import InputError
from armlet.integer.formats import INT32, IntegerFormat
from armlet.integer.requantise import Multiplier, Requantisation, Shift
from armlet.network.activation import Activation
from armlet.network.frozen import frozen
from armlet.network.layers import Conv, Pair, Pool, Reduction, Reshape, Sides, extents

SLOPE_BITS = 15  # behind the point of a leaky ReLU's slope
MOST_RAISED = 24  # places by which an addition may raise what it takes, so that 32 bits hold a byte with its zero


@dataclass(frozen=True, slots=True, eq=False)
class IntegerDense:
    """A dense layer: stored = clamp(activation(scaled back(bias + weight @ q)) + zero, low, high).

    The last layer may store its sums as they are: in int32, with no requantisation.
    """

    weight: NDArray[np.int16]  # (neurons, inputs); zero is an absent connection
    bias: NDArray[np.int32]  # (neurons,)
    requantisation: Requantisation | None
    activation: Activation
    stored: IntegerFormat
    low: NDArray[np.int32]  # (neurons,) the least value stored: the zero of a ReLU
    high: NDArray[np.int32]  # (neurons,) the greatest
    zero: int = 0  # the stored value that stands for 0
    slope: int = 0  # of a leaky ReLU, in units of 2^-15
    table: NDArray[np.int32] | None = None  # (256,) what a sigmoid or tanh stores for scaled sums -128 to 127

    def __post_init__(self) -> None:
        for name, dtype in (("weight", np.int16), ("bias", np.int32), ("low", np.int32), ("high", np.int32)):
            object.__setattr__(self, name, whole(name, getattr(self, name), dtype))
        if self.table is not None:
            object.__setattr__(self, "table", whole("table", self.table, np.int32))
        neurons = len(self.bias)
        if self.weight.ndim != 2 or self.weight.shape[0] != neurons or 0 in self.weight.shape:
            raise InputError("weight", f"has shape {self.weight.shape}, there are {neurons} biases")
        if self.low.shape != (neurons,) or self.high.shape != (neurons,) or (self.low > self.high).any():
            raise InputError("clamp", "does not give each neuron an interval")
        if self.low.min() < self.stored.low or self.high.max() > self.stored.high:
            raise InputError("clamp", f"goes beyond {self.stored.name}")
        self._check_scaling(neurons)

    def _check_scaling(self, neurons: int) -> None:
        match self.requantisation:
            case None if self.stored is not INT32 or self.activation is not Activation.LINEAR:
                raise InputError("layer", "stores sums as they are, which takes int32 and no activation")
            case Shift(shift) if shift.shape != (neurons,):
                raise InputError("shift", f"has shape {shift.shape}, there are {neurons} neurons")
            case Multiplier(multiplier, exponent) if not multiplier.shape == exponent.shape == (neurons,):
                raise InputError("multiplier", f"has shape {multiplier.shape}, there are {neurons} neurons")
            case _:
                pass
        curved = self.activation in (Activation.SIGMOID, Activation.TANH)
        if curved != (self.table is not None) or (self.table is not None and self.table.shape != (256,)):
            raise InputError("table", f"of 256 values is {'missing' if curved else 'not wanted'}")
        if (self.activation is Activation.LEAKY_RELU) != (0 < self.slope < 1 << SLOPE_BITS):
            raise InputError("slope", f"{self.slope} does not go with {self.activation.value}")

    @property
    def inputs(self) -> int:
        return self.weight.shape[1]

    @property
    def neurons(self) -> int:
        return self.weight.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class IntegerConv:
    """A convolution: `body` at every position, each output on the window of its group's channels.

    A row of the body's weights goes through its window channel by channel, then row by row. As many groups as channels
    make a depthwise convolution. What lies in the padding is `border`, the stored value that stands for 0.

    With a residual, the layer takes a second tensor, of the shape that it gives: each value of that is multiplied by
    its channel's number and added to the sum of its channel and position. What the zero of that tensor adds is in the
    bias, as that of the first is.
    """

    body: IntegerDense  # (outputs, inputs / groups * height * width)
    kernel: Pair
    stride: Pair = (1, 1)
    padding: Sides = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    border: int = 0
    residual: NDArray[np.int16] | None = None  # (outputs,)

    def __post_init__(self) -> None:
        outline = self.outline  # checks what it has in common with real numbers
        if self.residual is not None:
            object.__setattr__(self, "residual", whole("residual", self.residual, np.int16))
            if self.residual.shape != self.body.bias.shape:
                raise InputError("residual", f"has shape {self.residual.shape}, there are {self.body.neurons} outputs")
        for name in ("stride", "padding", "dilation"):
            object.__setattr__(self, name, getattr(outline, name))
        object.__setattr__(self, "border", index(self.border))
        object.__setattr__(self, "kernel", (index(self.kernel[0]), index(self.kernel[1])))

    @property
    def channels(self) -> int:
        """Of the input."""
        return self.weight.shape[1] * self.groups

    @property
    def weight(self) -> NDArray[np.int16]:
        """(outputs, inputs / groups, height, width)."""
        height, width = self.kernel
        outputs, taps = self.body.weight.shape
        if min(height, width) < 1 or taps % (height * width):
            raise InputError("kernel", f"is {extents(self.kernel)}, which does not divide {taps} weights")
        return self.body.weight.reshape(outputs, taps // (height * width), height, width)

    @property
    def outline(self) -> Conv:
        """The same windows in real numbers."""
        weight, bias = self.weight.astype(np.float32), self.body.bias.astype(np.float32)
        windows = (self.stride, self.padding, self.dilation, self.groups)
        return Conv(weight, bias, Activation.LINEAR, 0.5, *windows)


@dataclass(frozen=True, slots=True)
class PoolScaling:
    """What stores an average in a unit of its own: scaled back(bias + sum of the window) + zero, rounded as dense sums.

    One multiplier for all channels, in which the division by the number of values is; the zero of what is taken is in
    the bias.
    """

    bias: int
    multiplier: int
    exponent: int
    zero: int  # the stored value that stands for 0
    once: bool = False

    def __post_init__(self) -> None:
        for name in ("bias", "multiplier", "exponent", "zero"):
            object.__setattr__(self, name, index(getattr(self, name)))
        for name, number in (("bias", self.bias), ("zero", self.zero)):
            if not INT32.low <= number <= INT32.high:
                raise InputError(name, f"of a pool is {number}, beyond 32 bits")
        assert len(self.by.multiplier) == 1  # its ends are checked

    @property
    def by(self) -> Multiplier:
        """(1,) what scales the sums back."""
        return Multiplier(np.array([self.multiplier]), np.array([self.exponent]), self.once)


@dataclass(frozen=True, slots=True)
class IntegerPool:
    """The largest stored value of each window, or their average, to the nearest, halves away from 0; clamped.

    What is padding takes no part in it, and the average is that of the stored values, as TensorFlow Lite has it; or
    with a scaling it is stored in a unit of its own, where all windows hold equally many values.
    """

    reduction: Reduction
    size: Pair | None = None  # None is global: the whole plane is one window
    stride: Pair = (1, 1)
    padding: Sides = (0, 0, 0, 0)
    low: int = INT32.low
    high: int = INT32.high
    scaling: PoolScaling | None = None

    def __post_init__(self) -> None:
        outline = self.outline
        for name in ("size", "stride", "padding"):
            object.__setattr__(self, name, getattr(outline, name))
        if self.low > self.high:
            raise InputError("clamp", f"from {self.low} to {self.high} is no interval")
        if self.scaling is not None and (self.reduction is not Reduction.AVERAGE or any(self.padding)):
            raise InputError("pool", "with a scaling is no average, or has padding")

    @property
    def outline(self) -> Pool:
        """The same windows in real numbers."""
        return Pool(self.reduction, self.size, self.stride, self.padding)

    def count(self, height: int, width: int) -> int:
        """How many values a window of a plane holds, at most."""
        return self.outline.count(height, width)


@dataclass(frozen=True, slots=True, eq=False)
class IntegerAdd:
    """The sum of two tensors: clamp(scaled back(the sum of both scaled((q + offset) * 2^raised)) + zero, low, high).

    That is what AddElementwise of TensorFlow Lite computes.
    """

    offset: tuple[int, int]  # added to what is taken
    raised: int  # to the left, before both are scaled
    scaling: Multiplier  # (2,) of what is taken
    requantisation: Multiplier  # (1,) of the sum
    stored: IntegerFormat
    low: int
    high: int
    zero: int = 0  # the stored value that stands for 0

    def __post_init__(self) -> None:
        if self.scaling.multiplier.shape != (2,) or self.requantisation.multiplier.shape != (1,):
            raise InputError("multiplier", "is not one for each that is added, and one for the sum")
        if not 0 <= self.raised <= MOST_RAISED:
            raise InputError("raised", f"is {self.raised}, not between 0 and {MOST_RAISED}")
        if self.scaling.once != self.requantisation.once:
            raise InputError("multiplier", "of what is added rounds in another way than that of the sum")
        if (self.scaling.exponent > 0).any():
            raise InputError("exponent", "of what is added is above 0")
        if not self.stored.low <= self.low <= self.high <= self.stored.high:
            raise InputError("clamp", f"from {self.low} to {self.high} is no interval of {self.stored.name}")


IntegerLayer: TypeAlias = IntegerDense | IntegerConv | IntegerPool | IntegerAdd | Reshape


def integer_kind_of(layer: IntegerLayer) -> str:
    """The word for the layer's kind in network.toml."""
    match layer:
        case IntegerDense():
            return "dense"
        case IntegerConv():
            return "conv"
        case IntegerPool(reduction, scaling=scaling):
            return f"{reduction.value}_pool" if scaling is None else f"scaled_{reduction.value}_pool"
        case IntegerAdd():
            return "add"
        case Reshape():
            return "reshape"


def body_of(layer: IntegerLayer) -> IntegerDense | None:
    """The layer's weights and what it does with its sums; None where it has none."""
    match layer:
        case IntegerDense():
            return layer
        case IntegerConv(body):
            return body
        case _:
            return None


def whole(name: str, values: ArrayLike, dtype: Any) -> NDArray[Any]:
    """A read-only copy in `dtype`. Raises `InputError` where a value does not fit."""
    given = np.asarray(values)
    if given.dtype.kind not in "iu":
        raise InputError(name, f"holds {given.dtype}, not whole numbers")
    ends = np.iinfo(dtype)
    if given.size and not (ends.min <= int(given.min()) and int(given.max()) <= ends.max):
        raise InputError(name, f"goes beyond {np.dtype(dtype)}")
    return frozen(given, dtype)
