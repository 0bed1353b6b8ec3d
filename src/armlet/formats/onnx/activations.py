"""Activations of values: by the layer that gives them, or by a layer of their own."""

from dataclasses import replace

import numpy as np

from armlet.formats.onnx.builder import Builder, absorbed, own_layer, rounded, settled
from armlet.formats.onnx.graph import Node
from armlet.formats.onnx.values import NoCounterpartError, Step, Value, line_of
from armlet.network.activation import SLOPE, Activation
from armlet.network.clips import CLIPPING, ENDS, FARTHEST, Clip, Ends, clip_between, within
from armlet.network.layers import Add, Pool, Reduction, Reshape, Weighted


def activate(build: Builder, node: Node, value: Value, kind: Activation, slope: float = SLOPE) -> Value:
    """The activated value."""
    if kind in CLIPPING:
        return clipped(build, node, value, ENDS[kind])
    value = settled(build, node, value)
    layer = build.layer_before(value)
    if _activate_below(build, node, value, kind, slope):
        return value
    if isinstance(layer, Weighted | Add) and layer.activation is Activation.LINEAR:
        build.replaced(value, replace(layer, activation=kind, slope=slope), node)
        return value
    return own_layer(build, node, value, kind, slope)


def clipped(build: Builder, node: Node, value: Value, ends: Ends) -> Value:
    """The value, clipped: scale and shift go into the layers around it."""
    if value.padding is not None:
        raise NoCounterpartError("put the padding into the convolution behind it", f"{node.operator} of a padded value")
    value = absorbed(build, value)
    line = _line(build, value)
    bare = None if line is None else _before_the_line(ends, *line)
    if line is not None and bare is not None and within(bare, here := _ends_of(build, value)) == here:
        return value
    plain = clip_between(*ends)
    if plain.is_plain and not value.steps and _activate_below(build, node, value, plain.activation, SLOPE):
        return value
    layer = build.layer_before(value)
    if bare is not None and isinstance(layer, Weighted | Add) and layer.activation in CLIPPING:
        low, high = within(bare, ENDS[layer.activation])
        inside = clip_between(low, high)
        if low < high and inside.is_near and _take_in(build, node, value, layer, inside):
            return _around(build, node, value, inside, ends)
    clip = _clip(node, ends)
    inner = replace(value, steps=(*value.steps, *_inside(clip)))
    return _around(build, node, own_layer(build, node, inner, clip.activation), clip, ends)


def _clip(node: Node, ends: Ends) -> Clip:
    if not ends[0] < ends[1]:
        raise NoCounterpartError("leave out what is always the same", f"{node.operator} that leaves one number")
    clip = clip_between(*ends)
    if not clip.is_near:
        problem = f"{node.operator} from {ends[0]:g} to {ends[1]:g}"
        raise NoCounterpartError(f"leave it out, or clip within {FARTHEST:g}", problem)
    return clip


def _take_in(build: Builder, node: Node, value: Value, layer: Weighted | Add, clip: Clip) -> bool:
    """Let the layer before clip, where it can."""
    if isinstance(layer, Add):
        if clip.is_plain:
            build.replaced(value, replace(layer, activation=clip.activation), node)
        return clip.is_plain
    changed = replace(layer, activation=clip.activation)
    if not clip.is_plain:
        weight, bias = layer.weight / np.float64(clip.scale), (layer.bias - np.float64(clip.shift)) / clip.scale
        changed = replace(changed, weight=rounded(weight), bias=rounded(bias))
    build.replaced(value, changed, node)
    return True


def _around(build: Builder, node: Node, value: Value, clip: Clip, ends: Ends) -> Value:
    """The value of the clipping layer, what stands around the clip put in front of what waits."""
    if clip.is_plain:
        return value
    told = f"clipping from {ends[0]:g} to {ends[1]:g} is {clip.activation.value} with a scale and a shift around it"
    build.note(f"{node.name}: {told}")
    return replace(value, steps=(*_outside(clip), *value.steps))


def _inside(clip: Clip) -> tuple[Step, ...]:
    """What is to be done in front of the activation."""
    taken = (Step("sub", np.array(clip.shift)),) if clip.shift else ()
    return (*taken, Step("div", np.array(clip.scale))) if clip.scale != 1 else taken


def _outside(clip: Clip) -> tuple[Step, ...]:
    """What is to be done behind it."""
    taken = (Step("mul", np.array(clip.scale)),) if clip.scale != 1 else ()
    return (*taken, Step("add", np.array(clip.shift))) if clip.shift else taken


def _line(build: Builder, value: Value) -> tuple[float, float] | None:
    """Scale and shift that wait beside a value, where they are the same for all its elements."""
    if not value.steps:
        return 1.0, 0.0
    scale, shift = line_of(value, build.allowance)
    is_one = (scale == scale[0]).all() and (shift == shift[0]).all() and scale[0] != 0
    return (float(scale[0]), float(shift[0])) if is_one else None


def _before_the_line(ends: Ends, scale: float, shift: float) -> Ends:
    low, high = sorted((end - shift) / scale for end in ends)
    return low, high


def _ends_of(build: Builder, value: Value) -> Ends:
    """Between which the elements of a value's source lie: a pool gives no others than it takes."""
    source = value.source
    while source:
        draft = build.drafts[source - 1]
        if not isinstance(draft.layer, Pool | Reshape):
            return ENDS[draft.layer.activation]
        (source,) = draft.sources
    return ENDS[Activation.LINEAR]


def _activate_below(build: Builder, node: Node, value: Value, kind: Activation, slope: float) -> bool:
    """Activate what a largest value is taken of: no activation turns an order round."""
    layer = build.layer_before(value)
    if not isinstance(layer, Pool) or layer.reduction is not Reduction.MAX:
        return False
    pool = build.drafts[value.source - 1]
    (source,) = pool.sources
    if source == 0 or not pool.is_alone:
        return False
    below = build.drafts[source - 1].layer
    if not isinstance(below, Weighted | Add) or below.activation is not Activation.LINEAR:
        return False
    build.replaced(Value(source, ()), replace(below, activation=kind, slope=slope), node)
    return True
