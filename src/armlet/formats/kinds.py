"""One [[layer]] of network.toml to a layer, once its arrays are read, and a layer to the lines of its [[layer]].

Which keys a layer may have follows from its kind; a key that its kind has no use for is refused.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Literal, TypeAlias

import msgspec
import numpy as np

from armlet.errors import InputError
from armlet.formats.spelling import activation_called
from armlet.network.activation import SLOPE, Activation
from armlet.network.frozen import F32
from armlet.network.layers import (
    WIDEST,
    Add,
    Conv,
    Dense,
    Depthwise,
    Layer,
    Pair,
    Pool,
    Reduction,
    Reshape,
    Sides,
    kind_of,
)
from armlet.network.shapes import LARGEST, Wiring

Kind: TypeAlias = Literal["dense", "conv", "depthwise", "max_pool", "average_pool", "add", "reshape"]

_Whole = Annotated[int, msgspec.Meta(ge=0, le=WIDEST)]
_Extents = _Whole | Annotated[list[_Whole], msgspec.Meta(max_length=4)]
_INPUT = "input"  # the network's, among a layer's inputs
_LEARNT, _WINDOW = ("activation", "slope"), ("stride", "padding")
KEYS: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {
        "dense": ("width", *_LEARNT),
        "conv": (*_LEARNT, *_WINDOW, "dilation", "groups"),
        "depthwise": (*_LEARNT, *_WINDOW, "dilation"),
        "max_pool": ("size", *_WINDOW),
        "average_pool": ("size", *_WINDOW),
        "add": _LEARNT,
        "reshape": ("shape",),
    }
)
DIMENSIONS: Mapping[Kind, tuple[int, str]] = MappingProxyType(  # of the weights of those that have some
    {
        "dense": (2, "outputs x inputs"),
        "conv": (4, "outputs x inputs / groups x height x width"),
        "depthwise": (3, "channels x height x width"),
    }
)


class LayerEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One [[layer]], as it stands."""

    kind: Kind = "dense"
    activation: str | None = None
    width: int | None = None
    slope: float | None = None  # of leaky_relu
    inputs: Annotated[list[_Whole | Literal["input"]], msgspec.Meta(max_length=2)] | None = None
    size: _Extents | Literal["global"] | None = None
    stride: _Extents | None = None
    padding: _Extents | None = None
    dilation: _Extents | None = None
    groups: _Whole | None = None
    shape: Annotated[list[Annotated[int, msgspec.Meta(ge=1, le=LARGEST)]], msgspec.Meta(max_length=3)] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is a dense layer behind the one before, as every layer is of which nothing is said."""
        return self.kind == "dense" and self.inputs is None

    @property
    def has_weight(self) -> bool:
        return self.kind in DIMENSIONS

    @property
    def has_activation(self) -> bool:
        return "activation" in KEYS[self.kind]


def check_entry(at: int, entry: LayerEntry) -> None:
    """Raise `InputError` for a key that the kind does not have, and for a slope that is none."""
    for key in LayerEntry.__struct_fields__:
        if key not in ("kind", "inputs", *KEYS[entry.kind]) and getattr(entry, key) is not None:
            has = ", ".join(KEYS[entry.kind])
            raise InputError(f"layer[{at}].{key}", f'is given, and kind = "{entry.kind}" has none', f"it has {has}")
    if entry.slope is None:
        return
    if entry.activation is None or not activation_called(entry.activation).has_slope:
        problem = f"is given, and {entry.activation or 'the default activation'} has none"
        raise InputError(f"layer[{at}].slope", problem, "leave it out, or write leaky_relu")
    with np.errstate(over="ignore", under="ignore"):
        slope = np.float32(entry.slope)
    if not 0 < slope < 1:
        raise InputError(f"layer[{at}].slope", f"is {entry.slope}", f"give a number between 0 and 1, such as {SLOPE}")


def wiring_of(entries: Sequence[LayerEntry]) -> Wiring:
    """What each layer takes: what it names, or what the layer before gives."""
    return tuple(
        (i,) if entry.inputs is None else tuple(0 if name == _INPUT else int(name) + 1 for name in entry.inputs)
        for i, entry in enumerate(entries)
    )


def layer_of(entry: LayerEntry, weight: F32 | None, bias: F32 | None, activation: Activation, slope: float) -> Layer:
    """The layer that `entry` says, with its arrays where its kind has some. Raises `InputError` naming the key."""
    padding, dilation = _sides(entry.padding), _pair("dilation", entry.dilation, (1, 1))
    if weight is not None and bias is not None:
        stride = _pair("stride", entry.stride, (1, 1))
        match entry.kind:
            case "conv":
                groups = 1 if entry.groups is None else entry.groups
                return Conv(weight, bias, activation, slope, stride, padding, dilation, groups)
            case "depthwise":
                return Depthwise(weight, bias, activation, slope, stride, padding, dilation)
            case _:
                return Dense(weight, bias, activation, slope)
    match entry.kind:
        case "add":
            return Add(activation, slope)
        case "reshape":
            return Reshape(None if entry.shape is None else tuple(entry.shape))
        case kind:
            return _pool(entry, Reduction(kind.removesuffix("_pool")), padding)


def _pool(entry: LayerEntry, reduction: Reduction, padding: Sides) -> Pool:
    if entry.size is None:
        raise InputError("size", "is not given", 'write such as size = [2, 2], or size = "global"')
    if isinstance(entry.size, str):
        return Pool(reduction, None, _pair("stride", entry.stride, (1, 1)), padding)
    size = _pair("size", entry.size, (1, 1))
    return Pool(reduction, size, _pair("stride", entry.stride, size), padding)


def _pair(key: str, said: int | list[int] | None, default: Pair) -> Pair:
    match said:
        case None:
            return default
        case int():
            return said, said
        case [down, across]:
            return down, across
        case _:
            raise InputError(key, f"has {len(said)} numbers", "give one, or [down, across]")


def _sides(said: int | list[int] | None) -> Sides:
    match said:
        case [top, left, bottom, right]:
            return top, left, bottom, right
        case None | int() | [_, _]:
            down, across = _pair("padding", said, (0, 0))
            return down, across, down, across
        case _:
            raise InputError("padding", f"has {len(said)} numbers", "give one, [down, across], or all four sides")


def layer_lines(at: int, layer: Layer, sources: tuple[int, ...]) -> list[str]:
    """The lines of its [[layer]], an empty one last. What is as by default is left out."""
    keys = [] if isinstance(layer, Dense) else [f'kind = "{kind_of(layer)}"']
    keys += [] if sources == (at,) else [f"inputs = [{', '.join(map(_named, sources))}]"]
    return ["[[layer]]", *keys, *(f"{key} = {value}" for key, value in _own(layer)), ""]


def _named(source: int) -> str:
    return str(source - 1) if source else f'"{_INPUT}"'


def _own(layer: Layer) -> list[tuple[str, object]]:
    """The keys of the layer's kind."""
    match layer:
        case Dense():
            return [("width", layer.outputs), *_learnt(layer)]
        case Conv():
            groups = {"groups": layer.groups} if layer.groups > 1 else {}
            return [*_learnt(layer), *_window(layer, (1, 1)), *groups.items()]
        case Depthwise():
            return [*_learnt(layer), *_window(layer, (1, 1))]
        case Pool(size=size):
            return [("size", [*size] if size else '"global"'), *_window(layer, size or (1, 1))]
        case Add():
            return _learnt(layer)
        case Reshape(shape):
            return [("shape", [*shape])] if shape else []


def _learnt(layer: Dense | Conv | Depthwise | Add) -> list[tuple[str, object]]:
    slope = [("slope", repr(layer.slope))] if layer.activation.has_slope else []
    return [("activation", f'"{layer.activation.value}"'), *slope]


def _window(layer: Conv | Depthwise | Pool, stride: Pair) -> list[tuple[str, object]]:
    """What of it is not as by default, which is `stride` for its stride."""
    dilation = (1, 1) if isinstance(layer, Pool) else layer.dilation
    keys = ("stride", layer.stride, stride), ("padding", layer.padding, (0, 0, 0, 0)), ("dilation", dilation, (1, 1))
    return [(key, [*value]) for key, value, default in keys if value != default]
