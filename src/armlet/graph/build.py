"""Builds the graph of a network: one connection for each weight that is not zero."""

import numpy as np

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.arithmetic.float32 import FLOAT32
from armlet.graph.graph import ACTIVATIONS, Graph
from armlet.network.activation import Activation
from armlet.network.network import Network


def build_graph(network: Network, arithmetic: Arithmetic = FLOAT32) -> Graph:
    """Lower a network that takes raw inputs (see `fold_normalisation`); every input and neuron is kept."""
    assert network.domain.is_normalised, "fold the normalisation first"
    starts = np.concatenate([[0], np.cumsum(network.widths)])
    source, target, weight = [], [], []
    for i, layer in enumerate(network.dense):
        rows, columns = np.nonzero(layer.weight)
        source.append(columns + starts[i])
        target.append(rows + starts[i + 1])
        weight.append(layer.weight[rows, columns])
    linear = ACTIVATIONS.index(Activation.LINEAR)
    codes = [linear, *(ACTIVATIONS.index(layer.activation) for layer in network.dense)]
    slopes = [layer.slope if layer.activation.has_slope else 0.0 for layer in network.dense]
    return Graph(
        network_inputs=network.inputs,
        used=np.arange(network.inputs),
        bias=np.concatenate([np.zeros(network.inputs, np.float32), *(layer.bias for layer in network.dense)]),
        activation=np.repeat(codes, network.widths),
        layer=np.repeat(np.arange(len(network.widths)), network.widths),
        unit=np.concatenate([np.arange(width) for width in network.widths]),
        source=np.concatenate(source),
        target=np.concatenate(target),
        weight=np.concatenate(weight),
        outputs=np.arange(starts[-2], starts[-1]),
        slope=np.repeat([0.0, *slopes], network.widths),
        scale=np.ones(starts[-1]),
        twins=np.zeros((0, 3), np.int32),
        twin_scale=np.zeros(0),
        arithmetic=arithmetic,
    )
