"""What stands for a tensor of the file while the network is built: a layer's output, and arithmetic not yet in a layer.

Constants that are added, subtracted, multiplied, divided wait as steps until it shows where they go: into the layer
before, into the one behind, into the declared normalisation, or into a layer of their own.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.formats.onnx.tensors import Constant
from armlet.network.frozen import F64
from armlet.network.layers import Sides
from armlet.network.shapes import Shape

_MOST = 1 << 25  # numbers computed while a file is read
Order: TypeAlias = NDArray[np.intp]


class NoCounterpartError(Exception):
    """A node that armlet has no counterpart for: why, and what to do."""

    def __init__(self, hint: str, operator: str = "") -> None:
        self.hint, self.operator = hint, operator  # in more words, where the name alone would not tell
        super().__init__(hint)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One constant applied to a value, in the value's shape or one that spreads over it."""

    kind: Literal["add", "sub", "mul", "div"]
    by: F64


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A tensor that the network computes."""

    source: int  # 0 is the network's input, k what the k-th layer gives
    shape: Shape  # as the file has it, for one sample
    steps: tuple[Step, ...] = ()  # what is still to be done to it
    order: Order | None = None  # where the source keeps each element; None where they lie alike
    padding: Sides | None = None  # zeros around it, still to be put into a layer
    is_shared: bool = False  # others take it too, before the steps
    is_normalised: bool = False  # of the network's input: its normalisation is settled, the steps come after it

    @property
    def size(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Tail:
    """What comes behind the outputs: shares of one, the index of the largest, labels."""

    of: Value
    is_scores: bool


Known: TypeAlias = Value | Tail | Constant | None  # None behind an operator without a counterpart


@dataclass(slots=True)
class Allowance:
    """How much may be computed while a file is read: a small file can ask for a large array."""

    spent: int = 0

    def spend(self, numbers: int) -> None:
        """Raises `InputError`."""
        self.spent += numbers
        if self.spent > _MOST:
            raise InputError("its constants", f"take more than {_MOST} numbers to work out", "export the model again")


def reshaped(value: Value, shape: Shape, allowance: Allowance) -> Value:
    """The same elements in another shape."""
    if not value.steps:
        return replace(value, shape=shape)
    allowance.spend(value.size * len(value.steps))
    steps = tuple(Step(step.kind, np.broadcast_to(step.by, value.shape).reshape(shape)) for step in value.steps)
    return replace(value, shape=shape, steps=steps)


def in_source_order(value: Value, values: F64) -> F64:
    """One number for each element of the value to one for each of its source."""
    flat = np.broadcast_to(values, value.shape).reshape(-1)
    if value.order is None:
        return flat
    sorted_ = np.empty(flat.shape, np.float64)
    sorted_[value.order] = flat
    return sorted_


def line_of(value: Value, allowance: Allowance) -> tuple[F64, F64]:
    """Scale and shift of all steps, in the order of the source: scale * element + shift."""
    scale, shift = np.ones(()), np.zeros(())
    allowance.spend(value.size * (len(value.steps) + 2))
    for step in value.steps:
        match step.kind:
            case "add":
                shift = shift + step.by
            case "sub":
                shift = shift - step.by
            case "mul":
                scale, shift = scale * step.by, shift * step.by
            case "div":
                scale, shift = scale / step.by, shift / step.by
    return in_source_order(value, scale), in_source_order(value, shift)


def normalisation_of(value: Value, allowance: Allowance) -> tuple[F64, F64]:
    """Mean and std of the same steps, in the order of the source: (element - mean) / std, to the bit where so given."""
    mean, std = np.zeros(()), np.ones(())
    allowance.spend(value.size * (len(value.steps) + 2))
    for step in value.steps:
        match step.kind:
            case "add":
                mean = mean - step.by * std
            case "sub":
                mean = mean + step.by * std
            case "mul":
                std = std / step.by
            case "div":
                std = std * step.by
    return in_source_order(value, mean), in_source_order(value, std)
