"""The shape that each layer gives for the shapes that it takes, checked layer by layer.

Values are numbered along a network: 0 is its input, k is what its k-th layer gives. The wiring of a network says by
these numbers what each layer takes, and none takes a value that comes after it: the order of the layers is the order of
computing.
"""

import math
from collections.abc import Sequence, Set
from typing import TypeAlias

from armlet.errors import InputError
from armlet.network.layers import (
    Add,
    Conv,
    Dense,
    Depthwise,
    Layer,
    Pair,
    Pool,
    Reshape,
    Sides,
    Weighted,
    describe,
    extents,
)

Shape: TypeAlias = tuple[int, ...]
Wiring: TypeAlias = tuple[tuple[int, ...], ...]  # of each layer, the numbers of the values that it takes

LARGEST = 1 << 21  # values of inputs, or of what a layer gives; beyond any core that armlet serves
LARGEST_WEIGHT = 1 << 24  # values of an array that a file holds


def chain(layers: int) -> Wiring:
    """Each layer takes what the one before gives."""
    return tuple((i,) for i in range(layers))


def tensor_shapes(
    layers: Sequence[Layer], wiring: Wiring, shape: Shape, adding: Set[int] = frozenset()
) -> tuple[Shape, ...]:
    """The shape of every value, that of the network's input first.

    The layers that are `adding` take a tensor more, of the shape that they give. Raises `InputError` that names the
    layer, what it takes, and what it is given.
    """
    _require_order(layers, wiring, adding)
    shapes = [shape]
    for i, (layer, sources) in enumerate(zip(layers, wiring)):
        taken = [shapes[source] for source in sources]
        if problem := _misfit(layer, *taken):
            given = ", ".join(f"{_called(source)} gives {extents(shapes[source])}" for source in sources)
            raise InputError(f"layer {i}", f"{problem}, {given}{_file(i, layer)}")
        shapes.append(_given(layer, *taken))
        if i in adding and taken[1] != shapes[-1]:
            given = f"{extents(shapes[-1])}, {_called(sources[1])} gives {extents(taken[1])}"
            raise InputError(f"layer {i}", f"adds a residual to {given}{_file(i, layer)}")
        if not isinstance(layer, Dense) and math.prod(shapes[-1]) > LARGEST:
            raise InputError(f"layer {i}", f"gives {extents(shapes[-1])} values, more than {LARGEST}{_file(i, layer)}")
    return tuple(shapes)


def _require_order(layers: Sequence[Layer], wiring: Wiring, adding: Set[int]) -> None:
    """Every layer takes as many values as its kind wants, from before it, and each value but the last is taken."""
    if len(wiring) != len(layers):
        raise InputError("wiring", f"is of {len(wiring)} layers, the network has {len(layers)}")
    for i, (layer, sources) in enumerate(zip(layers, wiring)):
        wanted = 2 if isinstance(layer, Add) or i in adding else 1
        if len(sources) != wanted:
            raise InputError(f"layer {i}", f"is {describe(layer)} and takes {wanted} inputs, {len(sources)} are named")
        if late := [source for source in sources if not 0 <= source <= i]:
            raise InputError(f"layer {i}", f"takes what {_called(late[0])} gives, which does not stand before it")
    taken = {source for sources in wiring for source in sources}
    if idle := [k for k in range(1, len(layers)) if k not in taken]:
        raise InputError(_called(idle[0]), "gives values that no layer takes", "leave it out, or name it in inputs")


def _called(value: int) -> str:
    return f"layer {value - 1}" if value else "the network's input"


def _file(i: int, layer: Layer) -> str:
    return f" (W_{i}.npy)" if isinstance(layer, Weighted) else ""


def _misfit(layer: Layer, taken: Shape, other: Shape = ()) -> str:
    """Why the layer does not take tensors of these shapes, in words; empty where it does."""
    match layer:
        case Dense():
            return "" if math.prod(taken) == layer.inputs else f"takes {layer.inputs} values"
        case Conv(weight):
            return _window_misfit(taken, layer.channels, _reach(weight.shape, layer.dilation), layer.padding)
        case Depthwise(weight):
            return _window_misfit(taken, len(weight), _reach(weight.shape, layer.dilation), layer.padding)
        case Pool(size=size):
            return _window_misfit(taken, None, size or (1, 1), layer.padding)
        case Add():
            return "" if taken == other else "adds two tensors of one shape"
        case Reshape(shape):
            return "" if shape is None or math.prod(shape) == math.prod(taken) else f"makes {extents(shape)} of them"


def _window_misfit(taken: Shape, channels: int | None, reach: Pair, padding: Sides) -> str:
    if len(taken) != 3:
        return "takes channels x height x width"
    if channels is not None and taken[0] != channels:
        return f"takes {channels} channels"
    height, width = _padded(taken, padding)
    return (
        "" if reach[0] <= height and reach[1] <= width else f"takes planes of {extents(reach)} or more, padding counted"
    )


def _given(layer: Layer, taken: Shape, other: Shape = ()) -> Shape:
    """What the layer gives for tensors that fit."""
    match layer:
        case Dense():
            return (layer.outputs,)
        case Conv(weight):
            return (len(weight), *_steps(taken, _reach(weight.shape, layer.dilation), layer.stride, layer.padding))
        case Depthwise(weight):
            return (len(weight), *_steps(taken, _reach(weight.shape, layer.dilation), layer.stride, layer.padding))
        case Pool(size=size):
            return (taken[0], *(_steps(taken, size, layer.stride, layer.padding) if size else (1, 1)))
        case Add():
            return taken
        case Reshape(shape):
            return shape or (math.prod(taken),)


def _reach(kernel: Shape, dilation: Pair) -> Pair:
    """Rows and columns from the first to the last that a window touches."""
    height, width = kernel[-2:]
    return (height - 1) * dilation[0] + 1, (width - 1) * dilation[1] + 1


def _padded(taken: Shape, padding: Sides) -> Pair:
    top, left, bottom, right = padding
    return taken[1] + top + bottom, taken[2] + left + right


def _steps(taken: Shape, reach: Pair, stride: Pair, padding: Sides) -> Pair:
    """Positions of a window, down and across: what does not fill a last one is left out."""
    height, width = _padded(taken, padding)
    return (height - reach[0]) // stride[0] + 1, (width - reach[1]) // stride[1] + 1
