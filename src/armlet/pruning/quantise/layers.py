"""A network with windows whose weights lie on their grid, to the network in integers that computes it.

A tensor's q stands for unit (q - zero). Of a channel that takes such, `sum = step unit (bias + n q)` with whole n; what
the zero of q adds is in the bias, and padding is the zero itself. Sums are scaled back by a multiplier of each channel,
rounded once. Mathematics: docs/mathematics.md, section 8.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.integer.bounds import tensor_bounds
from armlet.integer.formats import INT32, IntegerFormat
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerLayer, IntegerPool, PoolScaling
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier
from armlet.network.activation import Activation
from armlet.network.frozen import F64
from armlet.network.layers import Add, Conv, Dense, Depthwise, Pool, Reshape, Weighted
from armlet.network.network import Network
from armlet.network.shapes import Shape
from armlet.pruning.geometry.functional import network_at
from armlet.pruning.quantise.prepare import Prepared
from armlet.pruning.quantise.residuals import Addition, additions_of, with_residual
from armlet.pruning.quantise.snap import Snapped
from armlet.pruning.quantise.stored import TOP, Stored

Whole: TypeAlias = NDArray[Any]  # whole numbers, in 64 bits until they are known to fit

_RAISED = 16  # places by which an addition raises what it takes
_COARSEST = 2.0**-2  # of a stored unit: what one unit of a sum is less than


def integer_windows(dense: Network, at: Snapped, prepared: Prepared, provenance: Mapping[str, Any]) -> IntegerNetwork:
    """The integers at a point all of whose weights are snapped. Raises `InputError` for a sum that could overflow."""
    lowering = Lowering(network_at(at.point, dense, {}), at, prepared)
    fused = lowering.fused()
    gone = {way.convolution for way, _ in fused.values()}
    layers, wiring, numbers = list[IntegerLayer](), list[tuple[int, ...]](), {0: 0}
    for k, sources in enumerate(dense.sources, 1):
        if k in gone:
            continue
        if k in fused:
            way, layer = fused[k]
            sources = dense.sources[way.convolution - 1][0], way.other
        else:
            layer = lowering.layer(k)
        layers.append(layer)
        wiring.append(tuple(numbers[source] for source in sources))
        numbers[k] = len(layers)
    given, size = prepared.input, len(dense.domain.mean)
    assert given.stored is not None
    domain = replace(dense.domain, mean=np.zeros(size), std=np.ones(size))
    ends = (given.stored.format, given.scale, given.zero, *lowering.outputs())
    made = IntegerNetwork(tuple(layers), domain, dense.shape, *ends, provenance, dense.output, wiring=tuple(wiring))
    tensor_bounds(made)
    return made


@dataclass(frozen=True, slots=True, eq=False)
class Lowering:
    """A network whose weights are on their grid, and its layers in integers one by one, by the values they make."""

    network: Network
    at: Snapped
    prepared: Prepared

    @property
    def steps(self) -> dict[int, F64]:
        """Of each layer of weights."""
        weighted = (k for k, layer in enumerate(self.network.layers, 1) if isinstance(layer, Weighted))
        return dict(zip(weighted, self.at.steps, strict=True))

    def fused(self) -> dict[int, tuple[Addition, IntegerConv]]:
        """The additions that are part of a convolution, each as that."""
        found = dict[int, tuple[Addition, IntegerConv]]()
        for k, ways in additions_of(self.network).items():
            for way in ways:
                if k not in found and (layer := self._fused(k, way)) is not None:
                    found[k] = way, layer
        return found

    def _fused(self, k: int, way: Addition) -> IntegerConv | None:
        stored, layer, sum = self.prepared.stored, self.network.layers[way.convolution - 1], self.network.layers[k - 1]
        assert isinstance(layer, Conv | Depthwise)
        assert isinstance(sum, Add)
        taken, other, to = stored[self.network.sources[way.convolution - 1][0]], stored[way.other], stored[k]
        step = _narrowed(self.steps[way.convolution], taken, to)
        made = _weighted(replace(layer, activation=sum.activation), step, taken, to)
        assert isinstance(made, IntegerConv)
        return with_residual(made, other.unit / (step * taken.unit), other.zero)

    def layer(self, k: int) -> IntegerLayer:
        """The one that makes a value."""
        stored, sources = self.prepared.stored, self.network.sources[k - 1]
        layer, taken = self.network.layers[k - 1], stored[sources[0]]
        match layer:
            case Dense() if self._is_sum(k):
                whole, bias = _whole(layer, self.steps[k], taken)
                return IntegerDense(whole, bias, None, Activation.LINEAR, INT32, *_filled(len(bias), INT32))
            case Dense() | Conv() | Depthwise():
                return _weighted(layer, self.steps[k], taken, stored[k])
            case Pool():
                return _pool(layer, taken, stored[k], self.prepared.inputs.shape.architecture.shapes[sources[0]])
            case Add():
                return _addition(layer, taken, stored[sources[1]], stored[k])
            case Reshape():
                return layer

    def _is_sum(self, k: int) -> bool:
        """Whether the sums of a layer are the outputs."""
        layer = self.network.layers[k - 1]
        return k == len(self.network.layers) and isinstance(layer, Dense) and layer.activation is Activation.LINEAR

    def outputs(self) -> tuple[F64, Whole]:
        """The units of all outputs, and their zeros."""
        last, count, stored = len(self.network.layers), self.network.outputs, self.prepared.stored
        if self._is_sum(last):
            taken = stored[self.network.sources[last - 1][0]]
            return self.steps[last] * taken.unit, np.zeros(count, np.int64)
        return np.full(count, stored[-1].unit), np.full(count, stored[-1].zero)


def _narrowed(step: F64, taken: Stored, to: Stored) -> F64:
    """Steps by powers of two so small that a unit of a sum is finer than what is stored."""
    wide = np.maximum(np.floor(np.log2(step * taken.unit / to.unit / _COARSEST)) + 1, 0)
    return step * np.exp2(-wide)


def _weighted(layer: Weighted, step: F64, taken: Stored, to: Stored) -> IntegerLayer:
    """A layer whose sums are stored in bytes."""
    step = _narrowed(step, taken, to)  # of weights that are multiples of a power of two
    whole, bias = _whole(layer, step, taken)
    ends = _filled(len(bias), to.format, *_ends(layer.activation, to))
    by = multiplier_of(step * taken.unit / to.unit)
    body = IntegerDense(whole, bias, by, layer.activation, to.format, *ends, to.zero)
    match layer:
        case Dense():
            return body
        case Conv(groups=groups):
            kernel = layer.weight.shape[2:]
        case Depthwise(weight):
            groups, kernel = len(weight), weight.shape[1:]
    return IntegerConv(body, kernel, layer.stride, layer.padding, layer.dilation, groups, taken.zero)


def _whole(layer: Weighted, step: F64, taken: Stored) -> tuple[Whole, Whole]:
    """Weights (out, weights of a unit) and biases in steps."""
    weight = layer.weight.astype(np.float64).reshape(len(step), -1)
    whole: Whole = np.rint(weight / step[:, None]).astype(np.int64)
    bias: Whole = np.rint(layer.bias / (step * taken.unit)).astype(np.int64)
    return whole, bias - taken.zero * whole.sum(axis=1)


def _pool(layer: Pool, taken: Stored, to: Stored, shape: Shape) -> IntegerPool:
    """The average in its own unit, where it has one."""
    windows = layer.size, layer.stride, layer.padding
    if to == taken:
        return IntegerPool(layer.reduction, *windows)
    count = layer.count(*shape[1:])
    by = multiplier_of(np.array([taken.unit / (count * to.unit)]))
    numbers = int(by.multiplier[0]), int(by.exponent[0]), to.zero, by.once
    scaling = PoolScaling(-taken.zero * count, *numbers)
    return IntegerPool(layer.reduction, *windows, to.format.low, to.format.high, scaling)


def _addition(layer: Add, one: Stored, other: Stored, to: Stored) -> IntegerAdd:
    """As TensorFlow Lite has it: both are raised, and scaled to twice the larger unit."""
    units = np.array([one.unit, other.unit])
    common = 2 * float(units.max())
    low, high = _ends(layer.activation, to)
    scaling = multiplier_of(units / common)
    back = multiplier_of(np.array([common / to.unit * 2.0**-_RAISED]))
    return IntegerAdd((-one.zero, -other.zero), _RAISED, scaling, back, to.format, low, high, to.zero)


def _ends(activation: Activation, to: Stored) -> tuple[int, int]:
    """The least and greatest number that is stored: the activation as a clamp."""
    low, high = to.format.low, to.format.high
    if activation in (Activation.RELU, Activation.RELU6):
        low = max(low, to.zero)
    if activation is Activation.RELU6:
        high = min(high, to.zero + round(TOP / to.unit))
    return low, high


def _filled(units: int, stored: IntegerFormat, low: int | None = None, high: int | None = None) -> tuple[Whole, Whole]:
    """The ends of what each unit stores: those of the format where none are given."""
    return np.full(units, stored.low if low is None else low), np.full(units, stored.high if high is None else high)


def multiplier_of(real: F64) -> Multiplier:
    """Multipliers of 31 bits for positive numbers below 2^30."""
    part, exponent = np.frexp(real)
    whole = np.rint(part * 2.0**31).astype(np.int64)
    over = whole == 1 << 31
    return Multiplier(np.where(over, 1 << 30, whole), exponent + over, once=True)
