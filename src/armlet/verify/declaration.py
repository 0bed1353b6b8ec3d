"""Whether the arithmetic that a build declares is the network's: every connection once, each weight to the bit.

What the compiler left out must be constant on the declared inputs, by interval bounds that are worked out here again:
its value must stand in the biases that it feeds. An activation may stand as another that is the same on every sum. A
neuron may stand multiplied by a declared scale, and for others that are the same up to theirs: weights w from a neuron
of scale s into one of scale t must then be w (t / s), in float64 and rounded to float32; where one node stands for
several sources, w is their sum, in the order of the units, rounded as well.
Shares nothing with the compiler but the two files that it compares, and how a normalisation is folded.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.arithmetic.number_format import FLOAT32_FORMAT
from armlet.network.activation import Activation, activated, activation_error
from armlet.network.frozen import F32, F64
from armlet.network.layers import Dense
from armlet.network.network import Network
from armlet.network.normalise import fold_normalisation
from armlet.schedule.order import Order

_LINEAR, _RELU, _RELU6 = Activation.LINEAR, Activation.RELU, Activation.RELU6
_TOP = 6.0  # where ReLU6 is flat
_SLACK = 2.0**-44  # of float64 sums, relative to the sizes of their terms
_ONCE = FLOAT32_FORMAT.unit_roundoff
_LEAST = FLOAT32_FORMAT.smallest_subnormal  # what a rounding may lose below the normal numbers
_TINY = FLOAT32_FORMAT.smallest_normal
_FARTHEST = 2.0**24  # that scales may lie from 1


@dataclass(frozen=True, slots=True)
class _Units:
    """What interval arithmetic knows of one layer's values."""

    low: F64
    high: F64
    constant: NDArray[np.bool_]
    value: F64  # where constant
    size: F64  # at most what the terms of its sum come to, signs left out
    error: F64  # where constant: how far what a compiler rounds on the way may lie from `value`
    equals: Mapping[Activation, NDArray[np.bool_]]  # activations that are the same on every sum, and where
    bounded: bool = True  # whether the inputs have intervals; without them `low` and `high` mean nothing


@dataclass(frozen=True, slots=True)
class _Declared:
    """What a build declares of one layer, as a matrix."""

    node: NDArray[np.int64]  # (units,) the node that gives each unit's value, or -1
    home: NDArray[np.int64]  # (units,) the unit that this node is of
    scale: F64  # (units,) what a unit's value is multiplied by to give its node's
    weight: F32  # (units, units of the layer before), zero but at homes
    bias: F32  # (units,)
    activation: tuple[Activation | None, ...]
    slope: F32  # (units,)


def disagreement(order: Order, network: Network) -> str:
    """The first thing in which the declared arithmetic is not the network's, in words; empty where it agrees."""
    folded = fold_normalisation(network)
    try:
        declared = _layers(order, folded)
    except (IndexError, ValueError) as wrong:
        return f"it is no network of these widths: {wrong}"
    if wrong := _scales_disagreement(order):
        return wrong
    units = _inputs(folded)
    for number, layer in enumerate(folded.dense, 1):
        found = _layer_disagreement(number, layer, units, declared[number - 1], declared[number])
        if found:
            return found
        units = _next(layer, units)
    return _outputs_disagreement(order, declared[-1])


def constants_left_out(order: Order, network: Network) -> int:
    """How many of the neurons that `order` leaves out are constant on the declared inputs."""
    folded = fold_normalisation(network)
    units, declared, count = _inputs(folded), _layers(order, folded), 0
    for layer, mine in zip(folded.dense, declared[1:]):
        units = _next(layer, units)
        count += int(np.count_nonzero(units.constant & (mine.node < 0)))
    return count


def _scales_disagreement(order: Order) -> str:
    """Scales lie within their range; a twin's is that of its home times a power of two."""
    graph = order.graph
    far = np.flatnonzero((graph.scale < 1 / _FARTHEST) | (graph.scale > _FARTHEST))
    if len(far):
        n = int(far[0])
        return f"layer {graph.layer[n]}, neuron {graph.unit[n]}: scale {graph.scale[n]!s} lies beyond 2^-24 to 2^24"
    odd = np.flatnonzero(np.frexp(graph.twin_scale / graph.scale[graph.twins[:, 2]])[0] != 0.5)
    if len(odd):
        layer, unit, _ = graph.twins[int(odd[0])].tolist()
        return f"layer {layer}, neuron {unit}: is declared another neuron times no power of two"
    return ""


def _layers(order: Order, network: Network) -> list[_Declared]:
    """One entry a layer, inputs first. Raises `ValueError` where nodes or connections lie across layers."""
    graph, widths = order.graph, network.widths
    unit = np.concatenate((graph.used, graph.unit[graph.inputs :])).astype(np.int64)
    twins = [(int(k), int(u)) for k, u, _ in graph.twins]
    place = {(int(k), int(u)) for k, u in zip(graph.layer, unit)} | {*twins}
    if len(place) != graph.nodes + len(twins) or any(
        not (0 <= k < len(widths) and 0 <= u < widths[k]) for k, u in place
    ):
        raise ValueError("a neuron stands twice or in no layer")
    if (graph.layer[graph.source] + 1 != graph.layer[graph.target]).any():
        raise ValueError("a connection skips a layer")
    return [_declared(order, unit, k, width, widths[k - 1] if k else 0) for k, width in enumerate(widths)]


def _declared(order: Order, unit: NDArray[np.int64], k: int, width: int, before: int) -> _Declared:
    graph, kinds = order.graph, tuple(Activation)
    mine = np.flatnonzero(graph.layer == k)
    at, into = unit[mine], np.flatnonzero(graph.layer[graph.target] == k)
    node, home, scale = np.full(width, -1, np.int64), np.arange(width), np.ones(width)
    bias, slope, weight = (
        np.zeros(width, np.float32),
        np.zeros(width, np.float32),
        np.zeros((width, before), np.float32),
    )
    node[at], scale[at], bias[at], slope[at] = mine, graph.scale[mine], graph.bias[mine], graph.slope[mine]
    weight[unit[graph.target[into]], unit[graph.source[into]]] = graph.weight[into]
    activation = tuple(kinds[int(graph.activation[n])] if n >= 0 else None for n in node)
    twins = graph.twins[:, 0] == k
    also, giver = graph.twins[twins, 1], graph.twins[twins, 2]
    node[also], home[also], scale[also] = giver, unit[giver], graph.twin_scale[twins]
    return _Declared(node, home, scale, weight, bias, activation, slope)


def _layer_disagreement(number: int, layer: Dense, before: _Units, sources: _Declared, mine: _Declared) -> str:
    after, wanted = _next(layer, before), _wanted(layer, sources, mine)
    for u in np.flatnonzero(mine.node >= 0).tolist():
        wrong = _neuron_disagreement(u, layer, wanted[u], before, after, sources, mine)
        if wrong and not _is_that_constant(u, after, mine):
            return f"layer {number}, neuron {u}: {wrong}"
    return ""


def _wanted(layer: Dense, sources: _Declared, mine: _Declared) -> F32:
    """The layer's weights as they must stand at the homes of their sources, with the declared scales."""
    if (sources.scale == 1).all() and (mine.scale == 1).all() and (sources.home == np.arange(layer.inputs)).all():
        return layer.weight
    weight = layer.weight.astype(np.float64)
    for v in np.flatnonzero(sources.home != np.arange(layer.inputs)).tolist():
        home = sources.home[v]
        weight[:, home] += weight[:, v] * (sources.scale[home] / sources.scale[v])
        weight[:, v] = 0
    with np.errstate(all="ignore"):  # what leaves float32 is infinite, and no declared weight is
        weight = weight.astype(np.float32).astype(np.float64)
        return _with_all_digits(weight * (mine.scale[:, None] / sources.scale))


def _with_all_digits(scaled: F64) -> F32:
    """Rounded to float32; infinite, as no declared number is, where digits are lost below the normal numbers."""
    rounded = scaled.astype(np.float32)
    return np.where((np.abs(scaled) < _TINY) & (rounded != scaled), np.float32(np.inf), rounded)


def _is_that_constant(u: int, after: _Units, mine: _Declared) -> bool:
    """Whether a neuron stands as the number that it always is."""
    value = after.value[u] * mine.scale[u]
    close = abs(float(mine.bias[u]) - value) <= _rounded(value, after.error[u] * mine.scale[u])
    alone = not mine.weight[u].any() and mine.home[u] == u
    same = mine.activation[u] is _LINEAR or (mine.activation[u] is _RELU and mine.bias[u] >= 0)
    return bool(after.constant[u]) and alone and bool(close) and same


def _neuron_disagreement(
    u: int, layer: Dense, wanted: F32, before: _Units, after: _Units, sources: _Declared, mine: _Declared
) -> str:
    """Connections from declared neurons must stand to the bit; constants that were left out must be in the bias."""
    row, absent, home = layer.weight[u], sources.node < 0, mine.home[u]
    differs = np.flatnonzero(np.where(absent, mine.weight[home] != 0, mine.weight[home] != wanted))
    if len(differs):
        k = int(differs[0])
        return f"weight from {k} is declared {mine.weight[home, k]!s}, the network has {wanted[k]!s}"
    lost = np.flatnonzero(absent & (row != 0) & ~before.constant)
    if len(lost):
        return f"the connection from {int(lost[0])} is left out, and that is no constant"
    if wrong := _bias_disagreement(u, layer, absent, before, mine):
        return wrong
    kind = mine.activation[home]
    if kind is not layer.activation and (kind is None or kind not in after.equals or not after.equals[kind][u]):
        return "the activation is not the network's"
    if mine.slope[home] != (layer.slope if kind is Activation.LEAKY_RELU else 0):
        return f"the slope is declared {mine.slope[home]!s}, the network has {layer.slope!s}"
    return ""


def _bias_disagreement(u: int, layer: Dense, absent: NDArray[np.bool_], before: _Units, mine: _Declared) -> str:
    row, scale, bias = layer.weight[u].astype(np.float64), mine.scale[u], float(layer.bias[u])
    declared = float(mine.bias[mine.home[u]])
    if row[absent].any():
        terms = row[absent] * before.value[absent]
        wanted = (bias + terms.sum()) * scale
        passed = np.abs(row[absent]) @ before.error[absent] + _SLACK * (abs(bias) + np.abs(terms).sum())
        slack = _rounded(wanted, passed * scale)
    else:
        with np.errstate(all="ignore"):
            wanted, slack = float(_with_all_digits(np.array([bias * scale]))[0]), 0.0
    return (
        "" if abs(declared - wanted) <= slack else f"the bias is declared {declared!s}, the network gives {wanted:.9g}"
    )


def _rounded(value: float, passed: float) -> float:
    """How far a number may lie from `value` that is `passed` off before it is rounded, once more where it is scaled."""
    return 2 * _ONCE * (abs(value) + passed) + passed + 2 * _LEAST


def _outputs_disagreement(order: Order, last: _Declared) -> str:
    wrong = np.flatnonzero(order.graph.outputs != last.node)
    return f"output {int(wrong[0])} is another neuron" if len(wrong) else ""


def _inputs(network: Network) -> _Units:
    domain = network.domain
    if not domain.is_declared:  # no activation is decided, and only what has no way in is constant
        nothing = np.zeros(network.inputs)
        return _Units(nothing, nothing, nothing > 0, nothing, nothing, nothing, {}, bounded=False)
    low, high = domain.low.astype(np.float32).astype(np.float64), domain.high.astype(np.float32).astype(np.float64)
    never = np.zeros(len(low), bool)
    low, high = np.minimum(low, domain.low), np.maximum(high, domain.high)
    nothing = np.zeros(len(low))
    return _Units(low, high, never, nothing, np.maximum(np.abs(low), np.abs(high)), nothing, {})


def _next(layer: Dense, before: _Units) -> _Units:
    """Intervals and constants of the next layer; slack for rounding is added to each sum."""
    weight, bias = layer.weight.astype(np.float64), layer.bias.astype(np.float64)
    low_in = np.where(before.constant, before.value, before.low)
    high_in = np.where(before.constant, before.value, before.high)
    up, down = np.maximum(weight, 0), np.minimum(weight, 0)
    low, high = up @ low_in + down @ high_in + bias, up @ high_in + down @ low_in + bias
    size = np.abs(weight) @ before.size + np.abs(bias)
    fed = ((weight != 0) & ~before.constant).any(axis=1)
    flat = _flat(layer.activation, low, high, _SLACK * size) & before.bounded
    value = activated(layer.activation, layer.slope, low)
    equals = _equals(layer.activation, low, high, _SLACK * size) if before.bounded else {}
    ends = activated(layer.activation, layer.slope, np.stack((low, high)))
    slack = activation_error(layer.activation, ends)
    error = np.where(fed, _beyond(layer.activation, low, high), _folded_error(layer, before, low, value))
    size = np.maximum(size, np.abs(ends).max(axis=0)) + slack.max(axis=0) / _ONCE
    return _Units(ends[0] - slack[0], ends[1] + slack[1], flat | ~fed, value, size, error, equals, before.bounded)


def _folded_error(layer: Dense, before: _Units, total: F64, value: F64) -> F64:
    """Of neurons that constants alone feed: their errors, the rounding of their sum, and the activation program's."""
    weight = np.abs(layer.weight.astype(np.float64))
    terms = weight @ np.abs(before.value) + np.abs(layer.bias)
    passed = weight @ np.where(before.constant, before.error, 0) + _SLACK * terms
    return passed + _ONCE * (np.abs(total) + passed) + _LEAST + activation_error(layer.activation, value)


def _beyond(kind: Activation, low: F64, high: F64) -> F64:
    """How far the sums of a flat neuron reach beyond where it is flat: no further than float64 rounds."""
    top = np.maximum(_TOP - low, 0) if kind is _RELU6 else np.full(len(low), np.inf)
    return np.minimum(np.maximum(high, 0), top)


def _flat(kind: Activation, low: F64, high: F64, slack: F64) -> NDArray[np.bool_]:
    """Where an activation makes one number of every sum, which is what it makes of the lowest."""
    never = np.zeros(len(low), np.bool_)
    below = high <= slack if kind in (_RELU, _RELU6) else never
    return below | (low >= _TOP - slack if kind is _RELU6 else never)


def _equals(kind: Activation, low: F64, high: F64, slack: F64) -> Mapping[Activation, NDArray[np.bool_]]:
    """The simpler activations that are the same as `kind` on every sum, and where they are."""
    above, below = low >= -slack, high <= _TOP + slack
    match kind:
        case Activation.RELU | Activation.LEAKY_RELU:
            return {_LINEAR: above}
        case Activation.RELU6:
            return {_RELU: below, _LINEAR: above & below}
        case _:
            return {}
