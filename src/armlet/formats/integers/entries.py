"""One [[layer]] of the network.toml of a network in integers, by its kind, and its lines.

Every key is there, as what is computed must not hang on a default; but `kind` may be left out of a dense layer, and
`inputs` of one that takes what the layer before gives.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from numpy.typing import NDArray

from armlet.integer.layers import (
    IntegerAdd,
    IntegerConv,
    IntegerDense,
    IntegerLayer,
    IntegerPool,
    integer_kind_of,
)
from armlet.integer.requantise import Multiplier, Requantisation, Shift
from armlet.network.activation import Activation
from armlet.network.layers import WIDEST, Reshape
from armlet.network.shapes import LARGEST, Wiring

Whole = Annotated[int, msgspec.Meta(ge=-(1 << 31), le=(1 << 31) - 1)]
Wholes = Whole | list[Whole]
Stored = Literal["uint8", "int8", "int16", "int32"]
Scaling = Literal["shift", "multiplier", "multiplier_once", "none"]
Multiplied = Literal["multiplier", "multiplier_once"]
_Extent = Annotated[int, msgspec.Meta(ge=0, le=WIDEST)]
_Pair = Annotated[list[_Extent], msgspec.Meta(min_length=2, max_length=2)]
_Sides = Annotated[list[_Extent], msgspec.Meta(min_length=4, max_length=4)]
_Taken = Annotated[list[_Extent | Literal["input"]], msgspec.Meta(min_length=1, max_length=2)] | None
_Both = Annotated[list[Whole], msgspec.Meta(min_length=2, max_length=2)]
_Shape = Annotated[list[Annotated[int, msgspec.Meta(ge=1, le=LARGEST)]], msgspec.Meta(min_length=1, max_length=3)]
_INPUT = "input"  # the network's, among a layer's inputs


class _Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is said of weights, and of what is done with their sums."""

    inputs: _Taken = None
    activation: Activation
    stored: Stored
    scaling: Scaling
    low: Wholes
    high: Wholes
    zero: Whole
    slope: Whole


class DenseEntry(_Body, frozen=True, tag_field="kind", tag="dense"):
    """A dense layer."""


class ConvEntry(_Body, frozen=True, kw_only=True, tag_field="kind", tag="conv"):
    """A convolution; with as many groups as channels a depthwise one."""

    stride: _Pair
    padding: _Sides  # top, left, bottom, right
    dilation: _Pair
    groups: _Extent
    border: Whole  # what lies in the padding


class _Pool(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    inputs: _Taken = None
    size: _Pair | Literal["global"]
    stride: _Pair
    padding: _Sides
    low: Whole
    high: Whole


class MaxPoolEntry(_Pool, frozen=True, tag_field="kind", tag="max_pool"):
    """The largest value of each window."""


class AveragePoolEntry(_Pool, frozen=True, tag_field="kind", tag="average_pool"):
    """The average of each window."""


class AddEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="add"):
    """A sum of two tensors; multiplier_i.npy and exponent_i.npy have those of both, and then that of the sum."""

    inputs: _Taken = None
    offset: _Both
    raised: Whole
    scaling: Multiplied  # of both
    rescaling: Multiplied  # of their sum
    stored: Stored
    low: Whole
    high: Whole
    zero: Whole


class ReshapeEntry(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="reshape"
):
    """Other extents for the same values; one row of all without `shape`."""

    inputs: _Taken = None
    shape: _Shape | None = None


IntegerLayerEntry: TypeAlias = DenseEntry | ConvEntry | MaxPoolEntry | AveragePoolEntry | AddEntry | ReshapeEntry


def with_kinds(said: Mapping[str, Any]) -> dict[str, Any]:
    """What network.toml says, each [[layer]] with its kind."""
    layers = said.get("layer")
    if not isinstance(layers, list):
        return dict(said)
    return {**said, "layer": [{"kind": "dense", **each} if isinstance(each, dict) else each for each in layers]}


def entries_wiring(entries: Sequence[IntegerLayerEntry]) -> Wiring:
    """What each layer takes: what it names, or what the layer before gives."""
    return tuple(
        (i,) if entry.inputs is None else tuple(0 if name == _INPUT else int(name) + 1 for name in entry.inputs)
        for i, entry in enumerate(entries)
    )


def integer_layer_lines(at: int, layer: IntegerLayer, sources: tuple[int, ...]) -> list[str]:
    """The lines of its [[layer]]."""
    keys = [] if isinstance(layer, IntegerDense) else [f'kind = "{integer_kind_of(layer)}"']
    named = (str(source - 1) if source else f'"{_INPUT}"' for source in sources)
    keys += [] if sources == (at,) else [f"inputs = [{', '.join(named)}]"]
    match layer:
        case IntegerDense():
            told = f"{layer.neurons} sums b_{at} + W_{at} q in int32; {_then(at, layer.requantisation)}"
            return [f"[[layer]]  # {at}: {told}", *keys, *_body_lines(layer)]
        case IntegerConv(body):
            told = f"{body.neurons} sums b_{at} + W_{at} q of windows in int32; {_then(at, body.requantisation)}"
            windows = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation}
            own = [*_lists(windows), f"groups = {layer.groups}", f"border = {layer.border}"]
            return [f"[[layer]]  # {at}: {told}", *keys, *_body_lines(body), *own]
        case IntegerPool(size=size):
            windows = {"stride": layer.stride, "padding": layer.padding}
            own = [f"size = {[*size]}" if size else 'size = "global"', *_lists(windows)]
            return [f"[[layer]]  # {at}", *keys, *own, f"low = {layer.low}", f"high = {layer.high}"]
        case IntegerAdd():
            return [f"[[layer]]  # {at}: multiplier_{at}.npy, exponent_{at}.npy", *keys, *_addition(layer)]
        case Reshape(shape):
            return [f"[[layer]]  # {at}", *keys, *([f"shape = {[*shape]}"] if shape else [])]


def shortest(values: NDArray[Any]) -> str:
    """One number where all are equal, otherwise the list; repr keeps every bit."""
    told = [repr(value) for value in values.tolist()]
    return told[0] if len({*told}) == 1 else f"[{', '.join(told)}]"


def scaling_called(by: Requantisation | None) -> Scaling:
    """The word for it."""
    match by:
        case None:
            return "none"
        case Shift():
            return "shift"
        case Multiplier(once=once):
            return "multiplier_once" if once else "multiplier"


def _then(at: int, by: Requantisation | None) -> str:
    match by:
        case None:
            return "the sums are the outputs"
        case Shift():
            return f"shift_{at}.npy: sum >> shift"
        case Multiplier():
            return f"multiplier_{at}.npy, exponent_{at}.npy, as in TensorFlow Lite"


def _body_lines(layer: IntegerDense) -> list[str]:
    scaling = scaling_called(layer.requantisation)
    facts = (f'activation = "{layer.activation.value}"', f'stored = "{layer.stored.name}"', f'scaling = "{scaling}"')
    ends = (f"low = {shortest(layer.low)}", f"high = {shortest(layer.high)}")
    return [*facts, *ends, f"zero = {layer.zero}", f"slope = {layer.slope}"]


def _addition(layer: IntegerAdd) -> list[str]:
    return [
        f"offset = {[*layer.offset]}",
        f"raised = {layer.raised}",
        f'scaling = "{scaling_called(layer.scaling)}"',
        f'rescaling = "{scaling_called(layer.requantisation)}"',
        f'stored = "{layer.stored.name}"',
        f"low = {layer.low}",
        f"high = {layer.high}",
        f"zero = {layer.zero}",
    ]


def _lists(windows: Mapping[str, tuple[int, ...]]) -> list[str]:
    return [f"{key} = {[*extents]}" for key, extents in windows.items()]
