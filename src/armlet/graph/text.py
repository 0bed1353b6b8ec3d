"""Prints a graph as text, and parses it back.

    graph float32 separate inputs=2/3 nodes=4 connections=3
      %0 = input 0
      %1 = input 2
      %2 = relu bias 0x1p-2, layer 1 unit 0 times 0x1p+1, also unit 3 times 0x1p+0
           + 0x1p+0 * %0
           + -0x1p-1 * %1
      %3 = linear bias 0x0p+0, layer 2 unit 0
           + 0x1.8p+1 * %2
      yield %3

Used inputs and all inputs of the network; a line for each node, and below it one for each connection into it; then the
node of each output. `times` is a scale; `also` names another neuron of the layer whose value the node gives.
"""

import re

import numpy as np

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.arithmetic.arithmetics import ARITHMETICS
from armlet.graph.graph import ACTIVATIONS, Graph
from armlet.graph.text_reader import HEX, NUMBER, TextReader, read_float, show_float

_ARITHMETICS = {f"{each.format.name} {each.rounding}": each for each in ARITHMETICS}
_HEAD = rf"graph ({'|'.join(_ARITHMETICS)}) inputs=({NUMBER})/({NUMBER}) nodes=({NUMBER}) connections=({NUMBER})"
_KINDS = "|".join(kind.value for kind in ACTIVATIONS)
_ALSO = rf", also unit ({NUMBER}) times ({HEX})"
_NODE = (
    rf"  %({NUMBER}) = ({_KINDS})(?: ({HEX}))? bias ({HEX}), layer ({NUMBER}) unit ({NUMBER})"
    rf"(?: times ({HEX}))?((?:, also unit {NUMBER} times {HEX})*)"
)
_CONNECTION = rf"       \+ ({HEX}) \* %({NUMBER})"


def show_graph(graph: Graph) -> str:
    """The text of a graph."""
    head = f"graph {graph.arithmetic.format.name} {graph.arithmetic.rounding}"
    sizes = f"inputs={graph.inputs}/{graph.network_inputs} nodes={graph.nodes} connections={graph.connections}"
    lines = [f"{head} {sizes}"]
    lines += [f"  %{i} = input {index}" for i, index in enumerate(graph.used)]
    ends = np.searchsorted(graph.target, np.arange(graph.nodes + 1))
    also = _equivalents(graph)
    for node in range(graph.inputs, graph.nodes):
        kind = ACTIVATIONS[graph.activation[node]].value
        kind += f" {show_float(graph.slope[node])}" if graph.slope[node] else ""
        place = f"layer {graph.layer[node]} unit {graph.unit[node]}"
        place += f" times {show_float(graph.scale[node])}" if graph.scale[node] != 1 else ""
        lines.append(f"  %{node} = {kind} bias {show_float(graph.bias[node])}, {place}{also.get(node, '')}")
        mine = range(ends[node], ends[node + 1])
        lines += [f"       + {show_float(graph.weight[e])} * %{graph.source[e]}" for e in mine]
    lines.append("  yield " + ", ".join(f"%{o}" for o in graph.outputs))
    return "\n".join(lines) + "\n"


def _equivalents(graph: Graph) -> dict[int, str]:
    """By node, the other neurons whose values it gives, in words."""
    found: dict[int, str] = {}
    for (_, unit, node), scale in zip(graph.twins.tolist(), graph.twin_scale.tolist()):
        found[node] = found.get(node, "") + f", also unit {unit} times {show_float(scale)}"
    return found


def parse_graph(text: str) -> Graph:
    """The graph of a text, not yet checked. Raises `InputError` with the line."""
    reader = TextReader(text, "graph")
    head = reader.expect(_HEAD, "graph FORMAT ROUNDING inputs=USED/ALL nodes=N connections=N")
    arithmetic, (inputs, network_inputs, nodes, connections) = _ARITHMETICS[head[1]], map(int, head.groups()[1:])
    used = [int(reader.expect(rf"  %{i} = input ({NUMBER})", f"%{i} = input N")[1]) for i in range(inputs)]
    read = _Nodes(used)
    while (found := reader.take(_NODE)) is not None:
        if int(found[1]) != len(read.bias):
            raise reader.wrong(f"is node %{found[1]}", f"write %{len(read.bias)}: nodes are numbered as they come")
        read.add_node(found)
        while (found := reader.take(_CONNECTION)) is not None:
            read.add_connection(found)
    outputs = reader.expect(rf"  yield (%{NUMBER}(?:, %{NUMBER})*)", "a node, a connection into it, or yield %N, ...")
    if (len(read.bias), len(read.weight)) != (nodes, connections):
        raise reader.wrong(
            f"ends {len(read.bias)} nodes and {len(read.weight)} connections", "write as many in the first line"
        )
    reader.end("yield once")
    graph = read.graph(arithmetic, network_inputs, [int(node) for node in re.findall(NUMBER, outputs[1])])
    reader.confirm(show_graph(graph))
    return graph


class _Nodes:
    """The columns of a graph as they are read; the inputs are there from the beginning."""

    def __init__(self, used: list[int]) -> None:
        count = len(used)
        self.used, self.unit = used, [*used]
        self.bias, self.slope, self.scale = [0.0] * count, [0.0] * count, [1.0] * count
        self.activation, self.layer = [0] * count, [0] * count
        self.source: list[int] = []
        self.target: list[int] = []
        self.weight: list[float] = []
        self.also: list[tuple[int, int, int, float]] = []  # layer, unit, node and scale

    def add_node(self, found: re.Match[str]) -> None:
        node, kind, slope, bias, layer, unit, scale, also = found.groups()
        self.activation.append([kind.value for kind in ACTIVATIONS].index(kind))
        self.slope.append(read_float(slope or "0"))
        self.bias.append(read_float(bias))
        self.layer.append(int(layer))
        self.unit.append(int(unit))
        self.scale.append(read_float(scale or "1"))
        self.also += [(int(layer), int(k), int(node), read_float(s)) for k, s in re.findall(_ALSO, also)]

    def add_connection(self, found: re.Match[str]) -> None:
        self.weight.append(read_float(found[1]))
        self.source.append(int(found[2]))
        self.target.append(len(self.bias) - 1)

    def graph(self, arithmetic: Arithmetic, network_inputs: int, outputs: list[int]) -> Graph:
        also = sorted(self.also)
        with np.errstate(over="ignore"):  # what its format does not hold is infinite, and for the check to refuse
            return Graph(
                network_inputs=network_inputs,
                used=np.array(self.used, np.int32),
                bias=np.array(self.bias),
                activation=np.array(self.activation),
                layer=np.array(self.layer),
                unit=np.array(self.unit),
                source=np.array(self.source, np.int32),
                target=np.array(self.target, np.int32),
                weight=np.array(self.weight),
                outputs=np.array(outputs),
                slope=np.array(self.slope),
                scale=np.array(self.scale),
                twins=np.array([each[:3] for each in also], np.int32).reshape(-1, 3),
                twin_scale=np.array([each[3] for each in also]),
                arithmetic=arithmetic,
            )
