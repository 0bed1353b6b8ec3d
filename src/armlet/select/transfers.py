"""Loads and stores to lines: moves of a batch that lie side by side, in memory and in registers, go in one transfer.

A value whose activation is worked on in a core register goes to memory from there.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from armlet.graph.graph import ACTIVATIONS, Graph, Index
from armlet.isa.target import Operation, Target
from armlet.layout.layout import Layout
from armlet.schedule.code import Op
from armlet.select.addresses import Block, Fields
from armlet.select.lines import Lines
from armlet.select.lowering import lower
from armlet.select.program import LINE, Line

_FIELDS = Line._fields[:-1]
NOT_MADE = -1  # stored as it is


class _Run(NamedTuple):
    """Neighbours in memory of one batch and one kind."""

    at: int  # where the batch begins
    loads: bool
    made: int  # the activation that its values get on their way
    cell: int
    word: int
    registers: list[int]


def add_transfers(
    lines: Lines, rows: Index, clamped: NDArray[np.bool_], layout: Layout, graph: Graph, target: Target
) -> None:
    """Add the lines of all loads and stores among `rows`; those marked in `clamped` finish a value on its way."""
    inputs, nodes = graph.inputs, graph.nodes
    stores = np.where(rows[:, 0] == Op.STORE, rows[:, 3], 0)
    node = np.where(stores < nodes, stores, graph.outputs[np.maximum(stores - nodes, 0)])
    made = np.where(clamped, graph.activation[node], NOT_MADE)
    blocks = Block.of(target, "inputs", "inputs_cursor"), Block.of(target, "work", "work_cursor")
    at: list[int] = []
    parts: list[tuple[int, ...]] = []
    for run in _runs(rows, made, layout.words, inputs):
        for line in _lines(blocks[run.cell >= inputs], run, target):
            at.append(run.at)
            parts.append((*[line.get(name, 0) for name in _FIELDS], run.cell))
    part = np.array(parts, LINE)
    lines.add(np.array(at, np.int64), **{name: part[name] for name in Line._fields})


def _lines(block: Block, run: _Run, target: Target) -> Iterator[Fields]:
    count = len(run.registers)
    if run.loads:
        yield from block.load(run.registers[0], run.word, count)
    elif run.made == NOT_MADE:
        yield from block.store(run.registers[0], run.word, count)
    else:
        most = len(target.roles.scratch)
        for begin in range(0, count, most):
            chunk = run.registers[begin : begin + most]
            for k, register in enumerate(chunk):
                yield {"op": Operation.TO_GPR, "d": k, "a": register}
                for move in lower(ACTIVATIONS[run.made]).moves[1:-1]:
                    yield {"op": move.op, "d": k, "offset": move.bits}
            yield from block.store_core(0, run.word + begin, len(chunk))


def _runs(rows: Index, made: Index, words: Index, inputs: int) -> Iterator[_Run]:
    """All runs, batch by batch; within a batch by word."""
    moves = np.flatnonzero(rows[:, 0] <= Op.STORE)
    if len(moves) == 0:
        return
    kind = rows[moves, 0] + 2 * (rows[moves, 3] < inputs)
    starts = np.concatenate([[True], (np.diff(moves) > 1) | (np.diff(kind) != 0)])
    batch = np.cumsum(starts) - 1
    begins = moves[starts][batch]
    word = words[rows[moves, 3]]
    sorted_ = np.lexsort((word, batch))
    moves, word, register = moves[sorted_], word[sorted_], rows[moves[sorted_], 1]
    made = made[moves]
    joined = (np.diff(word) == 1) & (np.diff(batch) == 0) & (made[1:] == made[:-1])
    joined &= (np.diff(register) == 1) | (made[1:] != NOT_MADE)
    ends = np.concatenate([[0], np.flatnonzero(~joined) + 1, [len(moves)]])
    first = ends[:-1]
    kinds = rows[moves[first], 0] == Op.LOAD, made[first], rows[moves[first], 3]
    registers, spans = register.tolist(), zip(first.tolist(), ends[1:].tolist())
    for at, loads, finish, cell, where, (begin, end) in zip(begins[first], *kinds, word[first], spans):
        yield _Run(int(at), bool(loads), int(finish), int(cell), int(where), registers[begin:end])
