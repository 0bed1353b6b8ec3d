"""Selects operations for activations: each ACTIVATE whose value stays in its register, all of one kind at once."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from armlet.graph.graph import ACTIVATIONS, Graph, Index
from armlet.isa.target import RegisterPartition
from armlet.network.frozen import F32
from armlet.schedule.code import Op
from armlet.select.instructions import Instructions
from armlet.select.lines import Lines
from armlet.select.lowering import FROM_POOL, MicroOperation, lower, temporaries


def _parts_of(instructions: Instructions, graph: Graph, code: int, part: int) -> NDArray[np.int64]:
    """Where one part of one activation stands."""
    at = np.flatnonzero((instructions.op == Op.ACTIVATE) & (instructions.part == part))
    return at[graph.activation[instructions.what[at]] == code]


def constants_of(instructions: Instructions, graph: Graph) -> tuple[NDArray[np.int64], F32]:
    """The constants of activations, and the pseudo-instructions that want them."""
    wanted, values = [np.zeros(0, np.int64)], [np.zeros(0, graph.bias.dtype)]
    for code, kind in enumerate(ACTIVATIONS):
        for number, part in enumerate(lower(kind).parts):
            if part.takes_constant:
                at = _parts_of(instructions, graph, code, number)
                slope = graph.slope[instructions.what[at]]
                wanted.append(at)
                values.append(slope if part.constant is None else np.full(len(at), part.constant, slope.dtype))
    return np.concatenate(wanted), np.concatenate(values)


def add_activations(
    lines: Lines, instructions: Instructions, graph: Graph, partition: RegisterPartition, constant: Index
) -> None:
    """Add the lines of each ACTIVATE that no store carries out. `constant`: registers by pseudo-instruction."""
    taken = temporaries(graph)
    free = partition.values + partition.constants - taken
    for code, kind in enumerate(ACTIVATIONS):
        for number, part in enumerate(lower(kind).parts):
            at = _parts_of(instructions, graph, code, number)
            at = at[~instructions.deferred[at]]
            floats = {0: instructions.register[at], FROM_POOL: constant[at]}
            floats |= {k + 1: np.full(len(at), free + k) for k in range(taken)}
            for operation in part.operations if len(at) else ():
                lines.add(at, op=operation.op, **_columns(operation, floats))


def _columns(operation: MicroOperation, floats: dict[int, Index]) -> dict[str, ArrayLike]:
    """The operands of a micro-operation in columns of lines, its float registers as given."""
    names = operation.op.operands.names
    placed: dict[str, ArrayLike] = {name: floats[getattr(operation, name)] for name in names & {"d", "a", "b"}}
    return placed | {name: getattr(operation, name) for name in names & {"core", "other", "addend"}}
