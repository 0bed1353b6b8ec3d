"""What a network computes, without its parameters: hashable, so that one compiled function serves all points.

Tensors are (samples, height, width, channels) in here, as XLA takes them on a processor; rows (samples, values) are in
the network's own order, channels first.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from armlet.errors import InputError
from armlet.network.activation import Activation
from armlet.network.layers import Add, Conv, Dense, Depthwise, Layer, Pair, Pool, Reduction, Reshape, Sides, describe
from armlet.network.network import Network
from armlet.network.shapes import Shape, Wiring

FUNCTIONS: Mapping[Activation, Callable[[jax.Array, float], jax.Array]] = MappingProxyType(
    {
        Activation.LINEAR: lambda x, _: x,
        Activation.RELU: lambda x, _: jax.nn.relu(x),
        Activation.LEAKY_RELU: lambda x, slope: jax.nn.leaky_relu(x, slope),
        Activation.RELU6: lambda x, _: jax.nn.relu6(x),
        Activation.SIGMOID: lambda x, _: jax.nn.sigmoid(x),
        Activation.TANH: lambda x, _: jnp.tanh(x),
    }
)


class Sums(NamedTuple):
    """A dense layer."""

    activation: Activation
    slope: float  # that leaky_relu has


class Windows(NamedTuple):
    """A convolution, depthwise or not: as many groups as channels where it is."""

    activation: Activation
    slope: float
    stride: Pair
    padding: Sides
    dilation: Pair
    groups: int


Step: TypeAlias = Sums | Windows | Pool | Add | Reshape


class Architecture(NamedTuple):
    """The layers in the order of computing, and what each takes."""

    steps: tuple[Step, ...]
    wiring: Wiring
    shapes: tuple[Shape, ...] = ()  # of all values, the input's first; empty for a chain of dense layers of any widths

    @property
    def is_chain(self) -> bool:
        """Whether all layers are dense, and so form a chain."""
        return all(isinstance(step, Sums) for step in self.steps)

    @property
    def size(self) -> int:
        """The numbers in all values of one sample."""
        return sum(map(math.prod, self.shapes))

    @property
    def chain(self) -> tuple[Sums, ...]:
        """The layers of a chain of dense ones."""
        steps = tuple(step for step in self.steps if isinstance(step, Sums))
        assert len(steps) == len(self.steps), "the layers are no chain of dense ones"
        return steps


def architecture_of(network: Network) -> Architecture:
    """The architecture of `network`."""
    made = Architecture(tuple(map(_step, network.layers)), network.sources)
    if made.is_chain:
        return made
    return made._replace(shapes=network.shapes)


def require_dense(network: Network, place: str, needs: str, hint: str) -> None:
    """Raises `InputError` at `place`, which `needs` says of, where a layer is not dense."""
    for i, layer in enumerate(network.layers):
        if not isinstance(layer, Dense):
            raise InputError(place, f"{needs}, layer {i} is {describe(layer)}", hint)


def _step(layer: Layer) -> Step:
    match layer:
        case Dense():
            return Sums(layer.activation, layer.slope)
        case Conv(groups=groups):
            return Windows(layer.activation, layer.slope, layer.stride, layer.padding, layer.dilation, groups)
        case Depthwise(weight):
            return Windows(layer.activation, layer.slope, layer.stride, layer.padding, layer.dilation, len(weight))
        case Pool() | Add() | Reshape():
            return layer


def activate(kind: tuple[Activation, float] | Step, z: jax.Array) -> jax.Array:
    """Apply an activation with its slope to the sums z."""
    assert not isinstance(kind, Pool | Reshape)
    activation, slope = (kind.activation, kind.slope) if isinstance(kind, Add) else kind[:2]
    return FUNCTIONS[activation](z, slope)


def as_planes(rows: jax.Array, shape: Shape) -> jax.Array:
    """Rows of values as tensors (samples, height, width, channels)."""
    return rows.reshape(-1, *shape).transpose(0, 2, 3, 1)


def as_rows(values: jax.Array) -> jax.Array:
    """Tensors as rows of their values, channels first; rows as they are."""
    return values if values.ndim == 2 else values.transpose(0, 3, 1, 2).reshape(len(values), -1)


def convolved(planes: jax.Array, weight: jax.Array, step: Windows) -> jax.Array:
    """Sums over windows of tensors, without the bias."""
    top, left, bottom, right = step.padding
    return jax.lax.conv_general_dilated(
        planes,
        as_kernel(weight).transpose(2, 3, 1, 0),
        step.stride,
        ((top, bottom), (left, right)),
        rhs_dilation=step.dilation,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=step.groups,
    )


def as_kernel(weight: jax.Array) -> jax.Array:
    """The weight as (outputs, inputs / groups, height, width), of depthwise layers too."""
    return weight if weight.ndim == 4 else weight[:, None]


def pooled(planes: jax.Array, pool: Pool) -> jax.Array:
    """The largest or the mean of each window; padding takes no part."""
    if pool.size is None:
        reduce = jnp.max if pool.reduction is Reduction.MAX else jnp.mean
        return reduce(planes, axis=(1, 2), keepdims=True)
    top, left, bottom, right = pool.padding
    window, stride = (1, *pool.size, 1), (1, *pool.stride, 1)
    around = ((0, 0), (top, bottom), (left, right), (0, 0))
    if pool.reduction is Reduction.MAX:
        return jax.lax.reduce_window(planes, -jnp.inf, jax.lax.max, window, stride, around)
    ones = np.ones((1, *planes.shape[1:3], 1), np.float32)
    sums, counts = (jax.lax.reduce_window(of, 0.0, jax.lax.add, window, stride, around) for of in (planes, ones))
    return sums / counts


def windows_of(planes: jax.Array, size: Pair, step: Windows) -> jax.Array:
    """The windows of a convolution, (samples, positions, taps, channels)."""
    top, left, bottom, right = step.padding
    padded = jnp.pad(planes, ((0, 0), (top, bottom), (left, right), (0, 0)))
    down, across = (
        (extent - (taps - 1) * apart - 1) // stride + 1
        for extent, taps, apart, stride in zip(padded.shape[1:3], size, step.dilation, step.stride)
    )
    taps: list[jax.Array] = []
    for y in range(0, size[0] * step.dilation[0], step.dilation[0]):
        for x in range(0, size[1] * step.dilation[1], step.dilation[1]):
            end = y + (down - 1) * step.stride[0] + 1, x + (across - 1) * step.stride[1] + 1
            taps.append(padded[:, y : end[0] : step.stride[0], x : end[1] : step.stride[1]])
    return jnp.stack(taps, axis=3).reshape(len(planes), down * across, len(taps), -1)
