"""Activations to lines, all of one kind at once: each FINISH whose value stays in its register."""

import numpy as np
from numpy.typing import NDArray

from armlet.graph.graph import ACTIVATIONS, Graph, Index
from armlet.isa.target import Operation, RegisterPartition
from armlet.network.frozen import F32
from armlet.schedule.code import Op
from armlet.select.lines import Lines
from armlet.select.lowering import CONSTANT, lower, temporaries

_FLOATING = (Operation.MULTIPLY, Operation.ADD, Operation.SUBTRACT, Operation.DIVIDE)


def with_room_for_constants(rows: Index, marked: NDArray[np.bool_], graph: Graph) -> tuple[Index, NDArray[np.bool_]]:
    """A FINISH whose activation wants several constants stands once for each, since they come one after another."""
    wanted = np.array([max(1, lower(kind).constants) for kind in ACTIVATIONS])
    times = np.ones(len(rows), np.int64)
    at = np.flatnonzero(rows[:, 0] == Op.ACTIVATE)
    times[at] = wanted[graph.activation[rows[at, 3]]]
    return (rows, marked) if (times == 1).all() else (np.repeat(rows, times, axis=0), np.repeat(marked, times))


def _finished(rows: Index, graph: Graph, code: int) -> NDArray[np.int64]:
    """Where each FINISH of an activation first stands."""
    at = np.flatnonzero(rows[:, 0] == Op.ACTIVATE)
    return at[graph.activation[rows[at, 3]] == code][:: max(1, lower(ACTIVATIONS[code]).constants)]


def constants_of(rows: Index, graph: Graph) -> tuple[NDArray[np.int64], F32]:
    """The constants of activations, and the rows that want them."""
    wanted, values = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    for code, kind in enumerate(ACTIVATIONS):
        at = _finished(rows, graph, code)
        used = [move.constant for move in lower(kind).moves if move.b == CONSTANT]
        for k, constant in enumerate(used if len(at) else []):
            slope = graph.slope[rows[at, 3]]
            wanted.append(at + k)
            values.append(slope if constant is None else np.full(len(at), constant, np.float32))
    return np.concatenate(wanted), np.concatenate(values)


def add_activations(
    lines: Lines, rows: Index, graph: Graph, clamped: NDArray[np.bool_], partition: RegisterPartition, constant: Index
) -> None:
    """Add the lines of each FINISH whose value stays in its register. `constant`: registers by row."""
    spare = partition.values + partition.constants - temporaries(graph) - 1
    for code, kind in enumerate(ACTIVATIONS):
        first = _finished(rows, graph, code)
        first = first[~clamped[first]]
        if len(first) == 0:
            continue
        homes = [rows[first, 1], *(spare + k for k in range(1, temporaries(graph) + 1))]
        used = 0
        for move in lower(kind).moves:
            at = first + max(0, used - (move.b != CONSTANT))
            used += move.b == CONSTANT
            d, a, b = move.d, move.a, move.b
            if move.op in (Operation.TO_GPR, *_FLOATING):
                a = homes[a]
            if move.op in (Operation.FROM_GPR, *_FLOATING):
                d, b = homes[d], constant[at] if b == CONSTANT else homes[b]
            lines.add(at, op=move.op, what=-1, d=d, a=a, b=b, offset=move.bits)
