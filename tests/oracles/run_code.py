"""The meaning of code: an R-register machine, many samples at a time. The judge of the allocator."""

import numpy as np
from numpy.typing import ArrayLike

from armlet.graph.graph import ACTIVATIONS
from armlet.network.frozen import F32
from armlet.schedule.code import Code, Op


def run_code(code: Code, x: ArrayLike) -> F32:
    """Outputs (samples, outputs) for raw network inputs (samples, network inputs), bit for bit those of the order."""
    graph, arithmetic = code.order.graph, code.order.graph.arithmetic
    on = arithmetic.numbers
    rows = np.atleast_2d(np.asarray(x, np.float32))
    register = np.zeros((code.registers, len(rows)), np.float32)
    cell = {i: rows[:, used] for i, used in enumerate(graph.used.tolist())}
    for op, a, b, what in code.instructions.tolist():
        match op:
            case Op.LOAD:
                register[a] = cell[what]
            case Op.STORE:
                cell[what] = register[a].copy()
            case Op.INIT:
                bias = graph.bias[graph.target[what]]
                register[a] = arithmetic.begin(on, None if bias == 0 else bias, graph.weight[what], register[b])
            case Op.ACCUMULATE:
                register[a] = arithmetic.accumulate(on, register[a], graph.weight[what], register[b])
            case Op.ACTIVATE:
                kind = ACTIVATIONS[graph.activation[what]]
                register[a] = arithmetic.activate(on, kind, graph.slope[what], register[a])
            case Op.BIAS:
                register[a] = graph.bias[what]
            case Op.KEEP:
                register[a] = register[b].copy()
            case _:
                pass
    if len(code.kept):
        return register[code.kept].T.copy()
    return np.stack([cell[graph.nodes + j] for j in range(len(graph.outputs))], axis=1)
