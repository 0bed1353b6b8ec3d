"""A small convolutional network for square images, trained as perceptrons are: what `armlet demo --conv` begins with.

Windows become rows of a matrix, so that the compiled loop over batches does products of matrices alone: convolutions
in such a loop are several times slower on a CPU.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np

from armlet.data.dataset import DataSet
from armlet.errors import InputError
from armlet.network.activation import Activation
from armlet.network.frozen import F32
from armlet.network.layers import Conv, Dense, Depthwise, Layer, Pair, Pool, Reduction, Reshape, Weighted
from armlet.network.network import Network
from armlet.network.shapes import Shape, chain, tensor_shapes
from armlet.train.options import TrainOptions, Watch, unwatched
from armlet.train.perceptron import FUNCTIONS, Parameters
from armlet.train.trainer import fitted, interval_of


@dataclass(frozen=True, slots=True)
class Stack:
    """Layers one after the other, of which only the parameters are trained; their logits as a function of these."""

    layers: tuple[Layer, ...]
    shape: Shape

    def __call__(self, parameters: Parameters, x: jax.Array) -> jax.Array:
        """(samples, classes) of (samples, inputs)."""
        values, rest = x.reshape(-1, *self.shape), iter(parameters)
        for layer in self.layers:
            values = _given(layer, values, rest)
        return values

    def start(self, random: np.random.Generator) -> Parameters:
        """He's, as that of perceptrons: a weight's variance is 2 over the weights of its sum."""
        made = Parameters()
        for layer in self.layers:
            if isinstance(layer, Weighted):
                drawn = random.standard_normal(layer.weight.shape, np.float32)
                weight = drawn * np.float32((2 / layer.weight[0].size) ** 0.5)
                made.append((jnp.asarray(weight), jnp.zeros(len(weight))))
        return made


def small_stack(side: int, classes: int) -> Stack:
    """3x3x8, 3x3x16 at every other position, 3x3 depthwise and 1x1x32, the mean of each plane, and a dense layer."""
    kind, around = Activation.RELU, (1, 1, 1, 1)
    first = Conv(_zeros(8, 1, 3, 3), _zeros(8), kind, padding=around)
    second = Conv(_zeros(16, 8, 3, 3), _zeros(16), kind, stride=(2, 2), padding=around)
    alone = Depthwise(_zeros(16, 3, 3), _zeros(16), kind, padding=around)
    mixed = Conv(_zeros(32, 16, 1, 1), _zeros(32), kind)
    last = Dense(_zeros(classes, 32), _zeros(classes), Activation.LINEAR)
    return Stack((first, second, alone, mixed, Pool(Reduction.AVERAGE), Reshape(), last), (1, side, side))


def _zeros(*shape: int) -> F32:
    return np.zeros(shape, np.float32)


def train_stack(
    data: DataSet, stack: Stack, options: TrainOptions = TrainOptions(), watch: Watch = unwatched
) -> Network:
    """The trained network, on raw inputs in the interval that the rows fill. Raises `InputError` if it diverges."""
    (classes,) = tensor_shapes(stack.layers, chain(len(stack.layers)), stack.shape)[-1]
    if data.inputs != int(np.prod(stack.shape)) or int(data.train_labels.max()) >= classes:
        problem = f"has {data.inputs} inputs and classes to {data.train_labels.max()}"
        raise InputError("data set", problem, f"this network takes {stack.shape} and gives {classes}")
    best, told = fitted(data, options, stack.start, stack, watch)
    trained = iter(best)
    layers = tuple(_with(layer, trained) if isinstance(layer, Weighted) else layer for layer in stack.layers)
    return Network(layers, interval_of(data), stack.shape, told)


def _with(layer: Weighted, parameters: Iterator[tuple[jax.Array, jax.Array]]) -> Weighted:
    weight, bias = next(parameters)
    return replace(layer, weight=np.asarray(weight), bias=np.asarray(bias))


def _given(layer: Layer, values: jax.Array, parameters: Iterator[tuple[jax.Array, jax.Array]]) -> jax.Array:
    match layer:
        case Pool(Reduction.AVERAGE, None):
            return values.mean(axis=(2, 3), keepdims=True)
        case Reshape(None):
            return values.reshape(len(values), -1)
        case Dense():
            weight, bias = next(parameters)
            return FUNCTIONS[layer.activation](values @ weight.T + bias, layer.slope)
        case Conv(dilation=(1, 1), groups=1) | Depthwise(dilation=(1, 1)):
            weight, bias = next(parameters)
            seen = _windows(layer, values, (weight.shape[-2], weight.shape[-1]))
            sums = "ncthw,oct->nohw" if isinstance(layer, Conv) else "ncthw,ct->nchw"
            flat = weight.reshape(*weight.shape[:-2], -1)
            return FUNCTIONS[layer.activation](jnp.einsum(sums, seen, flat) + bias[:, None, None], layer.slope)
        case _:
            raise AssertionError(f"{layer} is not trained")


def _windows(layer: Conv | Depthwise, planes: jax.Array, size: Pair) -> jax.Array:
    """(samples, channels, taps, down, across)."""
    top, left, bottom, right = layer.padding
    wide = jnp.pad(planes, ((0, 0), (0, 0), (top, bottom), (left, right)))
    ends = [wide.shape[2] - size[0] + 1, wide.shape[3] - size[1] + 1]
    down, across = layer.stride
    seen = [
        wide[:, :, j : j + ends[0] : down, k : k + ends[1] : across] for j in range(size[0]) for k in range(size[1])
    ]
    return jnp.stack(seen, axis=2)
