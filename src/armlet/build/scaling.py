"""Reads the scales that a build declares: by what each unit's value is larger than the network's.

Results do not depend on them but for rounding: weights are rounded once more, and subnormals and overflow begin
at other values. What is wrong with them is found in `verify/declaration.py`.
"""

from dataclasses import dataclass

import numpy as np

from armlet.arithmetic.number_format import FLOAT32_FORMAT, NumberFormat
from armlet.network.frozen import F64
from armlet.network.network import Network
from armlet.schedule.order import Order


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """For each layer, inputs first, what the value of each unit is multiplied by; and whether anything is."""

    layers: tuple[F64, ...]
    format: NumberFormat  # of the program
    rounds: bool  # whether weights may differ from the network's, by the rounding of a product or of a sum


def unscaled(network: Network, format: NumberFormat = FLOAT32_FORMAT) -> Scaling:
    """Every value as the network has it."""
    return Scaling(tuple(np.ones(width) for width in network.widths), format, False)


def scaling_of(order: Order, network: Network) -> Scaling:
    """What `order` declares of the units of `network`; of units that it does not have, nothing."""
    graph, layers = order.graph, unscaled(network).layers
    unit = np.concatenate((graph.used, graph.unit[graph.inputs :]))
    twins = graph.twins
    places = (*zip(graph.layer, unit, graph.scale), *zip(twins[:, 0], twins[:, 1], graph.twin_scale))
    for layer, at, scale in places:
        if 0 <= layer < len(layers) and 0 <= at < len(layers[layer]):
            layers[layer][at] = scale
    return Scaling(layers, graph.arithmetic.format, bool((graph.scale != 1).any() or len(twins)))
