"""What a [[layer]] of a network in integers says, each kind with keys of its own.

Every key of a kind is there: what is computed must not hang on a default.
"""

from typing import Annotated, Literal

import msgspec

from armlet.network.activation import Activation
from armlet.network.shapes import LARGEST

Whole = Annotated[int, msgspec.Meta(ge=-(1 << 31), le=(1 << 31) - 1)]
Wholes = Whole | list[Whole]
Stored = Literal["uint8", "int8", "int16", "int32"]
Once = Literal["multiplier", "multiplier_once"]

_Scaling = Literal["shift", "multiplier", "multiplier_once", "none"]
_Inputs = Annotated[list[Annotated[int, msgspec.Meta(ge=0)] | Literal["input"]], msgspec.Meta(max_length=2)]
_Pair = tuple[int, int]
_Sides = tuple[int, int, int, int]
_Extent = Annotated[int, msgspec.Meta(ge=1, le=LARGEST)]


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    inputs: _Inputs | None = None


class SumsEntry(_Entry, frozen=True, kw_only=True):
    """What a layer with weights does with its sums."""

    activation: Activation
    stored: Stored
    scaling: _Scaling
    low: Wholes
    high: Wholes
    zero: Whole
    slope: Whole


class DenseEntry(SumsEntry, frozen=True, forbid_unknown_fields=True, tag="dense"):
    """All of a dense layer that is not in its arrays."""


class ConvEntry(SumsEntry, frozen=True, forbid_unknown_fields=True, tag="conv", kw_only=True):
    """A convolution; its weights have the shape of its windows. A second input is a residual, with an array."""

    stride: _Pair
    padding: _Sides
    dilation: _Pair
    groups: Whole
    border: Whole


class PoolEntry(_Entry, frozen=True, kw_only=True):
    """What pools of all kinds say."""

    size: _Pair | Literal["global"]
    stride: _Pair
    padding: _Sides
    low: Whole
    high: Whole


class MaxPoolEntry(PoolEntry, frozen=True, forbid_unknown_fields=True, tag="max_pool"):
    """The largest value of each window."""


class AveragePoolEntry(PoolEntry, frozen=True, forbid_unknown_fields=True, tag="average_pool"):
    """The average of each window."""


class ScaledPoolEntry(PoolEntry, frozen=True, forbid_unknown_fields=True, tag="scaled_average_pool", kw_only=True):
    """The average of each window in a unit of its own: the sum with a bias is scaled back."""

    scaling: Once
    bias: Whole
    multiplier: Whole
    exponent: Whole
    zero: Whole


class AddEntry(_Entry, frozen=True, forbid_unknown_fields=True, tag="add", kw_only=True):
    """The sum of two tensors; multipliers and exponents are of both, and of their sum."""

    offset: tuple[Whole, Whole]
    raised: Whole
    scaling: Once
    multiplier: tuple[Whole, Whole, Whole]
    exponent: tuple[Whole, Whole, Whole]
    stored: Stored
    low: Whole
    high: Whole
    zero: Whole


class ReshapeEntry(_Entry, frozen=True, forbid_unknown_fields=True, tag="reshape", kw_only=True):
    """The same values in another shape; none given is a row."""

    shape: Annotated[list[_Extent], msgspec.Meta(max_length=3)] | None = None


Entry = DenseEntry | ConvEntry | MaxPoolEntry | AveragePoolEntry | ScaledPoolEntry | AddEntry | ReshapeEntry
