"""The options of Keras's layers that decide what they compute; others are of training alone."""

from typing import Annotated, Any, TypeVar

import msgspec

from armlet.errors import InputError
from armlet.formats.keras.config import KerasLayer
from armlet.formats.keras.value import UnreadError
from armlet.network.layers import WIDEST, Pair

_Kind = TypeVar("_Kind")
_Whole = Annotated[int, msgspec.Meta(ge=1, le=WIDEST)]
_Extents = _Whole | list[_Whole]
_Zeros = Annotated[int, msgspec.Meta(ge=0, le=WIDEST)]
_Number = float | list[Any] | None  # one, or one for each channel, in as many brackets as there are axes


class DenseOptions(msgspec.Struct, frozen=True):
    """Of Dense."""

    units: _Whole
    activation: Any = None
    use_bias: bool = True


class ConvOptions(msgspec.Struct, frozen=True):
    """Of convolutions, full and depthwise."""

    kernel_size: _Extents
    filters: _Whole = 1
    strides: _Extents = 1
    padding: str = "valid"
    dilation_rate: _Extents = 1
    groups: _Whole = 1
    depth_multiplier: _Whole = 1
    activation: Any = None
    use_bias: bool = True
    data_format: str | None = None


class PoolOptions(msgspec.Struct, frozen=True):
    """Of pools of windows."""

    pool_size: _Extents
    strides: _Extents | None = None
    padding: str = "valid"
    data_format: str | None = None


class GlobalPoolOptions(msgspec.Struct, frozen=True):
    """Of pools of whole planes."""

    keepdims: bool = False
    data_format: str | None = None


class PaddingOptions(msgspec.Struct, frozen=True):
    """Of ZeroPadding."""

    padding: _Zeros | list[_Zeros | list[_Zeros]]
    data_format: str | None = None


class FlattenOptions(msgspec.Struct, frozen=True):
    """Of Flatten."""

    data_format: str | None = None


class ReshapeOptions(msgspec.Struct, frozen=True):
    """Of Reshape; one extent may be -1."""

    target_shape: Annotated[list[int], msgspec.Meta(max_length=8)]


class BatchNormalizationOptions(msgspec.Struct, frozen=True):
    """Of BatchNormalization."""

    axis: int | list[int] = -1
    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True
    renorm: bool = False


class NormalizationOptions(msgspec.Struct, frozen=True):
    """Of Normalization; without mean and variance, its arrays have them."""

    axis: int | list[int] | None = -1
    mean: _Number = None
    variance: _Number = None
    invert: bool = False


class RescalingOptions(msgspec.Struct, frozen=True):
    """Of Rescaling."""

    scale: float | list[float]
    offset: float | list[float] = 0.0


def options_of(layer: KerasLayer, kind: type[_Kind]) -> _Kind:
    """The options of a layer. Raises `InputError`, and `UnreadError` where channels come first."""
    try:
        options = msgspec.convert(dict(layer.options), kind)
    except msgspec.ValidationError as wrong:
        raise InputError(layer.name, f"has options that Keras does not write: {wrong}") from wrong
    if getattr(options, "data_format", None) == "channels_first":
        raise UnreadError(f"{layer.kind} with channels first", "build the model with channels last, or export ONNX")
    return options


def pair(said: int | list[int], rank: int) -> Pair:
    """Extents down and across; a signal has height 1. Raises `UnreadError`."""
    extents = [said] * rank if isinstance(said, int) else said
    if len(extents) != rank:
        raise UnreadError(f"a window of {len(extents)} extents", f"give {rank}")
    return (1, extents[0]) if rank == 1 else (extents[0], extents[1])
