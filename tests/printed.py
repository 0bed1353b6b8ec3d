"""Graphs and code as text, for golden tests. Floats print as C hex literals, so no bit of a weight is lost."""

import numpy as np

from armlet.graph.graph import ACTIVATIONS, Graph
from armlet.schedule.code import Code, Op


def show_graph(graph: Graph) -> str:
    """One line for each input and neuron, one for each connection below its neuron, then the outputs."""
    lines = [f"graph inputs={graph.inputs}/{graph.network_inputs} nodes={graph.nodes} connections={graph.connections}"]
    lines += [f"  %{i} = input {index}" for i, index in enumerate(graph.used)]
    ends = np.searchsorted(graph.target, np.arange(graph.nodes + 1))
    for node in range(graph.inputs, graph.nodes):
        kind = ACTIVATIONS[graph.activation[node]].value
        kind += f" {float(graph.slope[node]).hex()}" if graph.slope[node] else ""
        place = f"layer {graph.layer[node]} unit {graph.unit[node]}"
        place += f" times {graph.scale[node]:g}" if graph.scale[node] != 1 else ""
        place += "".join(
            f", unit {unit} times {s:g}" for (_, unit, of), s in zip(graph.twins, graph.twin_scale) if of == node
        )
        lines.append(f"  %{node} = {kind} bias {float(graph.bias[node]).hex()}  ; {place}")
        mine = range(ends[node], ends[node + 1])
        lines += [f"       + {float(graph.weight[e]).hex()} * %{graph.source[e]}" for e in mine]
    lines.append("  yield " + ", ".join(f"%{o}" for o in graph.outputs))
    return "\n".join(lines) + "\n"


def show_code(code: Code) -> str:
    """One line an instruction, for people and for golden tests."""
    nodes = code.order.graph.nodes
    graph = code.order.graph
    lines = [f"code registers={code.registers} loads={code.loads} stores={code.stores}"]
    for op, a, x, what in code.instructions.tolist():
        match Op(op):
            case Op.LOAD:
                lines.append(f"  r{a} = load %{what}")
            case Op.STORE:
                place = f"%{what}" if what < nodes else f"output {what - nodes}"
                lines.append(f"  store r{a} -> {place}")
            case Op.INIT | Op.ACCUMULATE:
                start = float(graph.bias[graph.target[what]]).hex() if op == Op.INIT else f"r{a}"
                lines.append(f"  r{a} = {start} + {float(graph.weight[what]).hex()} * r{x}  ; %{graph.target[what]}")
            case Op.ACTIVATE:
                lines.append(f"  r{a} = finish r{a}  ; %{what}")
            case Op.BIAS:
                lines.append(f"  r{a} = {float(graph.bias[what]).hex()}  ; %{what}")
    return "\n".join(lines) + "\n"
