"""Runs code on R registers, many samples at a time: what it means, and the judge of the allocator in the tests."""

import numpy as np
from numpy.typing import ArrayLike

from armlet.arithmetic.activation_program import RECIPES
from armlet.arithmetic.float32 import MultiplyAdd, multiply, multiply_add
from armlet.graph.graph import ACTIVATIONS
from armlet.network.frozen import F32
from armlet.schedule.code import Code, Op


def run_code(code: Code, x: ArrayLike, how: MultiplyAdd) -> F32:
    """Outputs (samples, outputs) for raw network inputs (samples, network inputs), bit for bit those of the order."""
    graph = code.order.graph
    rows = np.atleast_2d(np.asarray(x, np.float32))
    register = np.zeros((code.registers, len(rows)), np.float32)
    cell = {i: rows[:, used] for i, used in enumerate(graph.used.tolist())}
    for op, a, b, what in code.instructions.tolist():
        match op:
            case Op.LOAD:
                register[a] = cell[what]
            case Op.STORE:
                cell[what] = register[a].copy()
            case Op.INIT if graph.bias[graph.target[what]] == 0:
                register[a] = multiply(graph.weight[what], register[b])
            case Op.INIT | Op.ACCUMULATE:
                start = graph.bias[graph.target[what]] if op == Op.INIT else register[a]
                register[a] = multiply_add(start, graph.weight[what], register[b], how)
            case Op.ACTIVATE:
                register[a] = RECIPES[ACTIVATIONS[graph.activation[what]]](register[a], graph.slope[what])
            case Op.BIAS:
                register[a] = graph.bias[what]
            case _:
                pass
    return np.stack([cell[graph.nodes + j] for j in range(len(graph.outputs))], axis=1)
