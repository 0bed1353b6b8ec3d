"""The shape and the format of every value of a network in integers, checked layer by layer."""

from collections.abc import Sequence

import numpy as np

from armlet.integer.formats import IntegerFormat
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerLayer, IntegerPool
from armlet.network.activation import Activation
from armlet.network.layers import Add, Dense, Layer, Reshape
from armlet.network.shapes import Shape, Wiring, tensor_shapes


def integer_shapes(layers: Sequence[IntegerLayer], wiring: Wiring, shape: Shape) -> tuple[Shape, ...]:
    """The shape of every value, that of the network's input first. Raises `InputError` that names the layer."""
    adding = {i for i, layer in enumerate(layers) if isinstance(layer, IntegerConv) and layer.residual is not None}
    return tensor_shapes([outline(layer) for layer in layers], wiring, shape, adding)


def stored_formats(layers: Sequence[IntegerLayer], wiring: Wiring, given: IntegerFormat) -> tuple[IntegerFormat, ...]:
    """In which each value is stored, that of the network's input first."""
    found = [given]
    for layer, taken in zip(layers, wiring):
        match layer:
            case IntegerDense(stored=stored) | IntegerAdd(stored=stored):
                found.append(stored)
            case IntegerConv(body):
                found.append(body.stored)
            case IntegerPool() | Reshape():
                found.append(found[taken[0]])
    return tuple(found)


def outline(layer: IntegerLayer) -> Layer:
    """A layer of real numbers that takes and gives the same shapes."""
    match layer:
        case IntegerDense(weight, bias):
            return Dense(weight.astype(np.float32), bias.astype(np.float32), Activation.LINEAR)
        case IntegerConv() | IntegerPool():
            return layer.outline
        case IntegerAdd():
            return Add()
        case Reshape():
            return layer
