"""NAME_order.npz: the arithmetic that a build declares, so that it can be run and proved without this compiler.

Arrays: `used` (the network input of each input node), `bias`, `activation`, `slope`, `layer`, `unit` (by node),
`source`, `target`, `weight` (by connection, in the order in which they are summed) and `outputs` (the node of each
output). `scale` (by node) is what the neuron's value in the network is multiplied by to give the node's; `twins`
(layer, unit, node) and `twin_scale` say which other neurons' values nodes give, and by which scale.
"""

from pathlib import Path

import numpy as np

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.errors import InputError, InvariantError
from armlet.formats.arrays import read_npz, write_npz
from armlet.graph.graph import Graph
from armlet.schedule.order import Order

_NODES = ("used", "bias", "activation", "layer", "unit", "slope", "scale", "outputs", "twins", "twin_scale")
_CONNECTIONS = ("source", "target", "weight")
_NAMES = (*_NODES, *_CONNECTIONS)


def write_order(order: Order) -> bytes:
    """The bytes of NAME_order.npz."""
    graph, time = order.graph, order.connections
    by_connection = {name: getattr(graph, name)[time] for name in _CONNECTIONS}
    arrays = {name: by_connection.get(name, getattr(graph, name)) for name in _NAMES}
    return write_npz({"network_inputs": np.array([graph.network_inputs], np.int32), **arrays}, packed=False)


def read_order(path: Path, arithmetic: Arithmetic) -> Order:
    """The order that a build declares, checked; the manifest says in which arithmetic. Raises `InputError`."""
    arrays = read_npz(path)
    if missing := sorted({*_NAMES, "network_inputs"} - set(arrays)):
        raise InputError(path, f"has no array {missing[0]}", "compile the network again")
    try:
        columns = {name: arrays[name] for name in _NAMES}
        time = np.lexsort((columns["source"], columns["target"]))
        for name in _CONNECTIONS:
            columns[name] = columns[name][time]
        graph = Graph(network_inputs=int(arrays["network_inputs"].ravel()[0]), arithmetic=arithmetic, **columns)
        graph.check()
        order = Order(graph, np.argsort(time))
        order.check()
    except (InvariantError, ValueError, IndexError, TypeError) as wrong:
        raise InputError(path, f"declares no order ({wrong})", "compile the network again") from wrong
    return order
