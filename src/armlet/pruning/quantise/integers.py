"""A network whose weights lie on their grid, to the network in integers that computes it.

Of a layer that takes q of unit g, `sum = step g (bias + n q)` with whole n. What the zero of q adds, and half of the
last place that the shift drops, is in the bias. Steps and units of hidden layers are powers of two, so sums are scaled
back by shifts; the last layer keeps its sums. Mathematics: docs/mathematics.md, section 8.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.integer.bounds import integer_bounds
from armlet.integer.formats import INT32
from armlet.integer.layers import SLOPE_BITS, IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Shift
from armlet.network.activation import Activation, activated
from armlet.network.frozen import F64
from armlet.network.layers import Dense
from armlet.network.network import Network
from armlet.network.normalise import fold_normalisation
from armlet.pruning.quantise.prepare import Prepared
from armlet.pruning.quantise.snap import Snapped, has_free_steps
from armlet.pruning.quantise.stored import TOP, Stored, is_scalable

Whole: TypeAlias = NDArray[Any]  # whole numbers, in 64 bits until they are known to fit

_SHARE = 0.49  # of the room, for a neuron's bias and weights
_FIELD = 1 << 23  # final sums of two bytes in one word lie between its negative and it
_COARSEST = {Activation.SIGMOID: 2.0**-4, Activation.TANH: 2.0**-5}  # unit of what a table is asked for
_ASKED = 127  # units, the most that a table is asked for


def integer_network(dense: Network, at: Snapped, prepared: Prepared, provenance: Mapping[str, Any]) -> IntegerNetwork:
    """The integers at a point all of whose weights are snapped. Raises `InputError` for a sum that could overflow."""
    layers: list[IntegerDense] = []
    x, scale = np.asarray(prepared.inputs.scoring.x, np.float64), np.ones(dense.outputs)
    zero: Whole = np.zeros(dense.outputs, np.int64)
    for i, (layer, (w, b), step) in enumerate(zip(dense.dense, at.point, at.steps, strict=True)):
        weight, bias, taken = np.asarray(w, np.float64), np.asarray(b, np.float64), prepared.stored[i]
        last, unit = i + 1 == len(dense.dense), step * taken.unit
        whole: Whole = np.rint(weight / step[:, None]).astype(np.int64)
        start: Whole = np.rint(bias / unit).astype(np.int64) - taken.zero * whole.sum(axis=1)
        if last and has_free_steps(prepared):
            layers.append(_sums(whole, start))
            scale = unit
            break
        sums = x @ weight.T + bias
        to = prepared.stored[i + 1]
        x = activated(layer.activation, layer.slope, sums)
        units = _units(layer, x, to) if last else np.full(len(bias), to.unit)
        room = _FIELD if prepared.grid.powers and taken.format.bytes == 1 else INT32.high
        largest = float(np.abs(sums).max())
        layers.append(_layer(layer, whole, start, unit, to, units, largest, taken.format.high, room))
        if last:
            scale, zero = units, np.full(len(bias), to.zero)
    taken, domain = prepared.input, fold_normalisation(dense).domain
    inputs = (prepared.stored[0].format, taken.scale, taken.zero)
    network = IntegerNetwork(tuple(layers), domain, dense.shape, *inputs, scale, zero, provenance, dense.output)
    _require_fields(network, prepared)
    return network


def _sums(whole: Whole, start: Whole) -> IntegerDense:
    """The last layer: its sums are the outputs."""
    low: Whole = np.full(len(start), INT32.low)
    high: Whole = np.full(len(start), INT32.high)
    return IntegerDense(whole, start, None, Activation.LINEAR, INT32, low, high)


def coarser_units(whole: Whole, start: Whole, shift: Whole, top: int, room: int) -> tuple[Whole, Whole, Whole]:
    """Weights and biases of neurons whose sums would leave `room`, in coarser units; values taken go up to `top`.

    Such a neuron's bias dwarfs its weights: what is rounded away of these is below what its stored values show.
    """
    size = np.abs(start) + np.abs(whole).sum(axis=1) * top
    least = np.ceil(np.log2(np.maximum(size, 1) / (room * _SHARE))).astype(np.int64)
    excess = np.maximum(least, shift - (room.bit_length() - 2))  # half a step is added to the bias
    excess = np.clip(excess, 0, np.maximum(shift, 0))
    share = np.exp2(excess.astype(np.float64))
    coarse: Whole = np.rint(whole / share[:, None]).astype(np.int64)
    return coarse, np.rint(start / share).astype(np.int64), shift - excess


def _layer(
    layer: Dense,
    whole: Whole,
    start: Whole,
    unit: F64,
    to: Stored,
    stored: F64,
    largest: float,
    top: int,
    room: int,
) -> IntegerDense:
    """A layer whose sums of `unit` are stored in units of `stored`; `largest` is what a table may be asked for.

    Values taken go up to `top`, and sums stay within `room`.
    """
    table: Whole | None = None
    wanted = stored
    if (coarsest := _COARSEST.get(layer.activation)) is not None:
        asked = min(coarsest, float(np.exp2(np.ceil(np.log2(max(largest, 1e-9) / _ASKED)))))
        wanted = np.full(len(start), asked)
        values = activated(layer.activation, 0.0, np.arange(-128, 128) * asked)
        table = np.clip(np.rint(values / to.unit) + to.zero, to.format.low, to.format.high).astype(np.int64)
    shift = np.rint(np.log2(wanted / unit)).astype(np.int64)
    up = np.maximum(-shift, 0)  # sums coarser than what is stored
    whole, start, shift = whole << up[:, None], start << up, np.maximum(shift, 0)
    whole, start, shift = coarser_units(whole, start, shift, top, room)
    start = start + np.where(shift > 0, np.int64(1) << np.maximum(shift - 1, 0), 0)
    low: Whole = np.full(len(start), to.format.low)
    high: Whole = np.full(len(start), to.format.high)
    if layer.activation in (Activation.RELU, Activation.RELU6):
        low = np.maximum(low, to.zero)
    if layer.activation is Activation.RELU6:
        high = np.minimum(high, to.zero + round(TOP / to.unit))
    slope = round(layer.slope * (1 << SLOPE_BITS)) if layer.activation is Activation.LEAKY_RELU else 0
    return IntegerDense(whole, start, Shift(shift), layer.activation, to.format, low, high, to.zero, slope, table)


def _units(layer: Dense, values: F64, to: Stored) -> F64:
    """Units of outputs that are stored: powers of two that hold what the inputs drawn gave."""
    if not is_scalable(layer.activation):
        return np.full(values.shape[1], to.unit)
    return to.unit * to.powers(values.min(axis=0), values.max(axis=0))


def _require_fields(network: IntegerNetwork, prepared: Prepared) -> None:
    """Every sum fits 32 bits, and sums of powers of two on bytes the field of a word that holds two of them."""
    for i, bounds in enumerate(integer_bounds(network)):
        narrow = prepared.grid.powers and prepared.stored[i].format.bytes == 1
        over = (bounds.sum_low < -_FIELD) | (bounds.sum_high >= _FIELD)
        if narrow and over.any():
            neuron = int(np.argmax(over))
            span = f"{bounds.sum_low[neuron]} to {bounds.sum_high[neuron]}"
            raise InputError(
                f"layer {i}, neuron {neuron}", f"has sums from {span}, beyond 24 bits", "take --weights int8"
            )
