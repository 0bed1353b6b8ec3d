"""Random networks with windows in real numbers as they are compiled: sparse, with unit weights and biases of zero."""

from dataclasses import replace

import numpy as np

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.arithmetic.float32 import FLOAT32, FLOAT32_FUSED
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.frozen import F32
from armlet.network.layers import Add, Conv, Depthwise, Pool, Reduction, Weighted
from armlet.network.network import Network
from armlet.select.floats.choose import shapes_of
from armlet.select.floats.select import placed_planes, sums_task
from armlet.select.floats.task import Shape
from armlet.tensors.floats.planes import homes_of

SPECIAL = np.array([0.0, -0.0, 1e-45, -1e-40, 1e18], np.float32)


def thinned(network: Network, random: np.random.Generator) -> Network:
    """The network with some weights and biases zero, some weights 1 or -1."""
    kept, layers = float(random.choice((1, 1, 0.5, 0.2))), []
    for layer in network.layers:
        if isinstance(layer, Weighted):
            weight = np.where(random.random(layer.weight.shape) < kept, layer.weight, 0)
            weight = np.where(random.random(weight.shape) < 0.1, np.sign(weight), weight)
            layer = replace(layer, weight=weight, bias=np.where(random.random(layer.bias.shape) < 0.5, layer.bias, 0))
        layers.append(layer)
    return replace(network, layers=tuple(layers))


def random_shapes(network: Network, random: np.random.Generator) -> list[Shape]:
    """A shape for the bodies of each layer."""
    (values, _, _), homes, found = placed_planes(network), homes_of(network), list[Shape]()
    for i, layer in enumerate(network.layers):
        shapes = [Shape(0, 0)]
        if isinstance(layer, Weighted):
            taken, made = values[homes[network.sources[i][0]]], values[homes[i + 1]]
            shapes = shapes_of(sums_task(layer, i, taken, made, FLOAT32))
        found.append(shapes[int(random.integers(len(shapes)))])
    return found


def random_arithmetic(random: np.random.Generator) -> Arithmetic:
    """Products rounded before they are added, or not."""
    return FLOAT32_FUSED if random.random() < 0.3 else FLOAT32


def random_rows(network: Network, random: np.random.Generator, count: int = 3) -> F32:
    """Inputs, some of them zeros of both signs, denormals and large ones."""
    rows = random.standard_normal((count, network.inputs)).astype(np.float32)
    special = random.choice(SPECIAL, rows.shape)
    return np.where((random.random(rows.shape) < 0.3) & (np.arange(count)[:, None] % 2 == 1), special, rows)


SIDES = (1, 1, 1, 1)
SHAPES = [Shape(4, 2), Shape(6, 1), Shape(0, 0), Shape(0, 0), Shape(3, 2), Shape(0, 0)]  # of the bodies of `small`


def small(random: np.random.Generator) -> Network:
    """One layer of each kind, with memory that is used again."""
    weights = [_normal(random, *shape) for shape in ((3, 2, 3, 3), (3, 3, 3), (3, 3, 1, 1))]
    layers = (
        Conv(
            np.where(random.random(weights[0].shape) < 0.4, weights[0], np.float32(0)),
            _normal(random, 3),
            Activation.RELU,
            padding=SIDES,
        ),
        Depthwise(weights[1], np.zeros(3, np.float32), Activation.RELU6, padding=SIDES),
        Add(Activation.LEAKY_RELU, 0.2),
        Pool(Reduction.MAX, (2, 2), (2, 2)),
        Conv(weights[2], _normal(random, 3), Activation.LINEAR),
        Pool(Reduction.AVERAGE),
    )
    return Network(layers, InputDomain.undeclared(72), (2, 6, 6), wiring=((0,), (1,), (1, 2), (3,), (4,), (5,)))


def _normal(random: np.random.Generator, *shape: int) -> F32:
    return random.standard_normal(shape).astype(np.float32)
