"""The network while it is read: layers join one by one, and what waits beside a value is folded into one of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from armlet.formats.model import told_as_turned
from armlet.formats.onnx.graph import Node
from armlet.formats.onnx.values import (
    Allowance,
    NoCounterpartError,
    Value,
    line_of,
    normalisation_of,
)
from armlet.network.activation import SLOPE, Activation
from armlet.network.frozen import F32, F64
from armlet.network.layers import Add, Dense, Depthwise, Layer, Reshape, Weighted
from armlet.network.shapes import Shape, tensor_shapes

_WIDEST_OWN = 1024  # values of a row for whose arithmetic a layer of its own is made


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A layer that may still take in what follows it."""

    layer: Layer
    sources: tuple[int, ...]
    node: str
    operator: str
    stored: str
    is_alone: bool  # nothing else takes its sources


@dataclass(slots=True)
class Builder:
    """The layers so far, and what was told about them."""

    opset: int
    input_shape: Shape
    pinned: int = 1  # the batch that the file says
    kinds: Mapping[str, str] = field(default_factory=dict[str, str])  # of nodes that armlet wrote as layers
    drafts: list[Draft] = field(default_factory=list[Draft])
    shapes: list[Shape] = field(default_factory=list[Shape])  # of the network's values, the input's first
    normalisation: tuple[F64, F64] | None = None  # mean and std of the input, once something takes it
    notes: dict[str, None] = field(default_factory=dict[str, None])
    allowance: Allowance = field(default_factory=Allowance)

    def __post_init__(self) -> None:
        self.shapes.append(planes_of(self.input_shape))

    def note(self, line: str) -> None:
        """Tell it once."""
        self.notes[line] = None

    def add(self, node: Node, layer: Layer, *taken: Value, shape: Shape, stored: str = "float32") -> Value:
        """The value that a new layer gives, of the `shape` that the file sees. Raises `InputError`."""
        sources = tuple(value.source for value in taken)
        self.shapes.append(_given(layer, *(self.shapes[source] for source in sources)))
        alone = not any(value.is_shared for value in taken)
        self.drafts.append(Draft(layer, sources, node.name, node.operator, stored, alone))
        return Value(len(self.drafts), shape)

    def replaced(self, value: Value, layer: Layer, node: Node | None = None) -> None:
        """Let another layer stand where the value comes from."""
        draft = self.drafts[value.source - 1]
        operator = draft.operator if node is None else f"{draft.operator} + {node.operator}"
        self.drafts[value.source - 1] = replace(draft, layer=layer, operator=operator)

    def may_turn_input(self, value: Value, axes: list[int]) -> bool:
        """Whether this is the input with its channels last, which nothing took before they come to the front."""
        whole = value.order is None and not value.is_shared and not value.is_normalised
        return whole and axes in ([0, 2, 1], [0, 3, 1, 2]) and self.normalisation is None

    def turn_input(self, value: Value, before: Shape) -> Value:
        """Let the network take its input as `value` has it, channels first; the file has the shape `before`."""
        self.input_shape, self.shapes[0] = value.shape, planes_of(value.shape)
        self.note(told_as_turned(before[1:]))
        return value

    def layer_before(self, value: Value) -> Layer | None:
        """The layer that gives the value, if nothing else takes what it gives."""
        return None if value.source == 0 or value.is_shared else self.drafts[value.source - 1].layer


def _given(layer: Layer, taken: Shape, *_: Shape) -> Shape:
    sources = (0, 0) if isinstance(layer, Add) else (0,)
    return tensor_shapes((layer,), (sources,), taken)[1]


def planes_of(shape: Shape) -> Shape:
    """The network's shape of a tensor of the file, for one sample: channels x height x width, or a row."""
    match shape:
        case (1, channels, height, width):
            return channels, height, width
        case (1, channels, width):
            return channels, 1, width
        case _:
            return (int(np.prod(shape, dtype=np.int64)),)


def absorbed(build: Builder, value: Value) -> Value:
    """The value, its steps put into the normalisation or the layer before it where they fit."""
    if value.source == 0:
        return _normalised(build, value)
    if not value.steps or value.padding is not None:
        return value
    layer = build.layer_before(value)
    if not isinstance(layer, Weighted) or layer.activation is not Activation.LINEAR:
        return value
    scale, shift = line_of(value, build.allowance)
    channels = [per_channel(each, len(layer.weight)) for each in (scale, shift)]
    if channels[0] is None or channels[1] is None:
        return value
    rows = channels[0].reshape(-1, *(1,) * (layer.weight.ndim - 1))
    weight, bias = layer.weight * rows, layer.bias * channels[0] + channels[1]
    build.replaced(value, replace(layer, weight=rounded(weight), bias=rounded(bias)))
    return replace(value, steps=())


def _normalised(build: Builder, value: Value) -> Value:
    """The network's input: the first that takes it decides its normalisation, the others must agree."""
    if value.padding is not None or value.is_normalised:
        return value
    mean, std = normalisation_of(value, build.allowance)
    if not (np.isfinite(mean).all() and np.isfinite(std).all() and (std > 0).all()):
        mean, std = np.zeros(value.size), np.ones(value.size)
        kept = value.steps
    else:
        kept = ()
    if build.normalisation is None:
        build.normalisation = mean, std
        return replace(value, steps=kept, is_normalised=True)
    before = build.normalisation
    if (before[0] == mean).all() and (before[1] == std).all():
        return replace(value, steps=kept, is_normalised=True)
    if (before[0] == 0).all() and (before[1] == 1).all():
        return replace(value, is_normalised=True)  # others take it raw
    raise NoCounterpartError("let all layers take the input after its normalisation", "a second use of the input")


def per_channel(values: F64, channels: int) -> F64 | None:
    """One value for each channel, where a channel has only one."""
    rows = values.reshape(channels, -1)
    return rows[:, 0] if (rows == rows[:, :1]).all() else None


def rounded(values: F64) -> F32:
    """To float32; what leaves it becomes infinite, which a layer refuses."""
    return values.astype(np.float32)


def settled(build: Builder, node: Node, value: Value) -> Value:
    """The value with nothing waiting beside it but its order, in a layer of its own if need be."""
    if value.padding is not None:
        raise NoCounterpartError("put the padding into the convolution behind it", f"{node.operator} of a padded value")
    value = absorbed(build, value)
    return own_layer(build, node, value) if value.steps else value


def in_order(build: Builder, node: Node, value: Value) -> Value:
    """The value as the file has it, nothing waiting and the elements in the file's order."""
    value = settled(build, node, value)
    return value if value.order is None else own_layer(build, node, value)


def own_layer(
    build: Builder, node: Node, value: Value, kind: Activation = Activation.LINEAR, slope: float = SLOPE
) -> Value:
    """A layer for what is waiting: one weight for each element, or for each channel of planes."""
    scale, shift = line_of(value, build.allowance)
    shape = build.shapes[value.source]
    bare = replace(value, steps=(), order=None)
    if value.order is None and len(shape) == 3:
        factors, shifts = per_channel(scale, shape[0]), per_channel(shift, shape[0])
        if factors is not None and shifts is not None:
            weight = rounded(factors.reshape(-1, 1, 1))
            return build.add(node, Depthwise(weight, rounded(shifts), kind, slope), bare, shape=value.shape)
    if value.size > _WIDEST_OWN:
        raise NoCounterpartError("fold it into the weights beside it", f"{node.operator} of {value.size} values alone")
    build.allowance.spend(value.size**2)
    order = np.arange(value.size) if value.order is None else value.order
    weight = np.zeros((value.size, value.size), np.float32)
    weight[np.arange(value.size), order] = rounded(scale[order])
    build.note(f"{node.name}: {node.operator} becomes a dense layer of its own, one weight for each value")
    return build.add(node, Dense(weight, rounded(shift[order]), kind, slope), bare, shape=value.shape)


def shaped(build: Builder, node: Node, value: Value, shape: Shape) -> Value:
    """The value, its source kept as a tensor of this shape of the network's."""
    if build.shapes[value.source] == shape:
        return value
    if value.source == 0 and not build.drafts:
        build.shapes[0] = shape
        return value
    return build.add(node, Reshape(shape), value, shape=value.shape)


def columns(build: Builder, value: Value, weight: F64, bias: F64) -> tuple[F64, F64]:
    """A matrix and a bias on the value as the file has it, to those on its source."""
    if value.steps:
        scale, shift = line_of(replace(value, order=None), build.allowance)
        build.allowance.spend(weight.size)
        weight, bias = weight * scale, bias + weight @ shift
    if value.order is None:
        return weight, bias
    sorted_ = np.empty_like(weight)
    sorted_[:, value.order] = weight
    return sorted_, bias
