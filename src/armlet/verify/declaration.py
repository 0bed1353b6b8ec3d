"""Whether the arithmetic that a build declares is the network's: every connection once, each weight to the bit.

What the compiler left out must be constant on the declared inputs, by interval bounds that are worked out here again:
its value must stand in the biases that it feeds. Shares nothing with the compiler but the two files that it compares.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.network.network import F32, F64, Activation, Layer, Network
from armlet.network.normalise import fold_normalisation
from armlet.schedule.order import Order

_LINEAR = Activation.LINEAR
_SLACK = 2.0**-44  # of float64 sums, relative to the sizes of their terms
_ONCE = 2.0**-23  # a folded bias is rounded to float32, and what it is made of was


@dataclass(frozen=True, slots=True)
class _Units:
    """What interval arithmetic knows of one layer's values."""

    low: F64
    high: F64
    constant: NDArray[np.bool_]
    value: F64  # where constant
    size: F64  # at most what the terms of its sum come to, signs left out
    never_clips: NDArray[np.bool_]  # ReLUs that change nothing


@dataclass(frozen=True, slots=True)
class _Declared:
    """What a build declares of one layer, as a matrix."""

    node: NDArray[np.int64]  # (units,) the node that computes each unit, or -1
    weight: F32  # (units, units of the layer before)
    bias: F32  # (units,)
    activation: tuple[Activation | None, ...]


def disagreement(order: Order, network: Network) -> str:
    """The first thing in which the declared arithmetic is not the network's, in words; empty where it agrees."""
    folded = fold_normalisation(network)
    try:
        declared = _layers(order, folded)
    except (IndexError, ValueError) as wrong:
        return f"it is no network of these widths: {wrong}"
    units = _inputs(folded)
    for number, layer in enumerate(folded.layers, 1):
        found = _layer_disagreement(number, layer, units, declared[number - 1], declared[number])
        if found:
            return found
        units = _next(layer, units)
    return _outputs_disagreement(order, declared[-1])


def _layers(order: Order, network: Network) -> list[_Declared]:
    """One entry a layer, inputs first. Raises `ValueError` where nodes or connections lie across layers."""
    graph, widths = order.graph, network.widths
    kinds = tuple(Activation)
    unit = np.concatenate((graph.used, graph.unit[graph.inputs :])).astype(np.int64)
    place = {(int(k), int(u)) for k, u in zip(graph.layer, unit)}
    if len(place) != graph.nodes or any(not 0 <= u < widths[k] for k, u in place):
        raise ValueError("a neuron stands twice or in no layer")
    if (graph.layer[graph.source] + 1 != graph.layer[graph.target]).any():
        raise ValueError("a connection skips a layer")
    found: list[_Declared] = []
    for k, width in enumerate(widths):
        mine = np.flatnonzero(graph.layer == k)
        node = np.full(width, -1, np.int64)
        node[unit[mine]] = mine
        bias = np.zeros(width, np.float32)
        bias[unit[mine]] = graph.bias[mine]
        weight = np.zeros((width, widths[k - 1] if k else 0), np.float32)
        into = np.flatnonzero(graph.layer[graph.target] == k)
        weight[unit[graph.target[into]], unit[graph.source[into]]] = graph.weight[into]
        activation = tuple(kinds[int(graph.activation[n])] if n >= 0 else None for n in node)
        found.append(_Declared(node, weight, bias, activation))
    return found


def _layer_disagreement(number: int, layer: Layer, before: _Units, sources: _Declared, mine: _Declared) -> str:
    after = _next(layer, before)
    for u in np.flatnonzero(mine.node >= 0).tolist():
        wrong = _neuron_disagreement(u, layer, before, after, sources, mine)
        if wrong and not _is_that_constant(u, after, mine):
            return f"layer {number}, neuron {u}: {wrong}"
    return ""


def _is_that_constant(u: int, after: _Units, mine: _Declared) -> bool:
    """Whether a neuron stands as the number that it always is."""
    close = abs(float(mine.bias[u]) - after.value[u]) <= 8 * _ONCE * after.size[u] + 2.0**-148
    alone = not mine.weight[u].any()
    return bool(after.constant[u]) and alone and bool(close) and (mine.bias[u] >= 0 or mine.activation[u] is _LINEAR)


def _neuron_disagreement(
    u: int, layer: Layer, before: _Units, after: _Units, sources: _Declared, mine: _Declared
) -> str:
    """Connections from declared neurons must stand to the bit; constants that were left out must be in the bias."""
    row, absent = layer.weight[u], sources.node < 0
    differs = np.flatnonzero(np.where(absent, mine.weight[u] != 0, mine.weight[u] != row))
    if len(differs):
        k = int(differs[0])
        return f"weight from {k} is declared {mine.weight[u, k]!s}, the network has {row[k]!s}"
    lost = np.flatnonzero(absent & (row != 0) & ~before.constant)
    if len(lost):
        return f"the connection from {int(lost[0])} is left out, and that is no constant"
    terms = row[absent].astype(np.float64) * before.value[absent]
    wanted, own = float(layer.bias[u]) + terms.sum(), abs(float(layer.bias[u]))
    slack = 8 * _ONCE * (own + np.abs(row[absent].astype(np.float64)) @ before.size[absent]) + 2.0**-148
    if abs(float(mine.bias[u]) - wanted) > (slack if row[absent].any() else 0.0):
        return f"the bias is declared {mine.bias[u]!s}, the network gives {wanted:.9g}"
    if mine.activation[u] is not layer.activation and not after.never_clips[u]:
        return "the activation is not the network's"
    return ""


def _outputs_disagreement(order: Order, last: _Declared) -> str:
    wrong = np.flatnonzero(order.graph.outputs != last.node)
    return f"output {int(wrong[0])} is another neuron" if len(wrong) else ""


def _inputs(network: Network) -> _Units:
    domain = network.domain
    low, high = domain.low.astype(np.float32).astype(np.float64), domain.high.astype(np.float32).astype(np.float64)
    never = np.zeros(len(low), bool)
    low, high = np.minimum(low, domain.low), np.maximum(high, domain.high)
    return _Units(low, high, never, np.zeros(len(low)), np.maximum(np.abs(low), np.abs(high)), never)


def _next(layer: Layer, before: _Units) -> _Units:
    """Intervals and constants of the next layer; slack for rounding is added to each sum."""
    weight, bias = layer.weight.astype(np.float64), layer.bias.astype(np.float64)
    low_in = np.where(before.constant, before.value, before.low)
    high_in = np.where(before.constant, before.value, before.high)
    up, down = np.maximum(weight, 0), np.minimum(weight, 0)
    low, high = up @ low_in + down @ high_in + bias, up @ high_in + down @ low_in + bias
    size = np.abs(weight) @ before.size + np.abs(bias)
    fed = ((weight != 0) & ~before.constant).any(axis=1)
    if layer.activation is _LINEAR:
        return _Units(low, high, ~fed, low, size, np.zeros(len(bias), bool))
    off = high <= _SLACK * size
    value = np.where(off, 0.0, np.maximum(low, 0))
    return _Units(np.maximum(low, 0), np.maximum(high, 0), off | ~fed, value, size, low >= -_SLACK * size)
