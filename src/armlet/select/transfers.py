"""Selects operations for loads and stores: neighbours in memory and in registers go in one transfer.

A value whose activation is worked on in a core register goes to memory from there.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from armlet.graph.graph import ACTIVATIONS, Graph, Index
from armlet.isa.operation import Operation
from armlet.isa.target import Target
from armlet.layout.layout import Layout
from armlet.schedule.code import MOVES, Op
from armlet.select.addresses import Block
from armlet.select.instructions import Instructions
from armlet.select.lines import Lines
from armlet.select.lowering import lower
from armlet.select.program import Line

NOT_MADE = -1  # stored as it is


class _Run(NamedTuple):
    """Neighbours in memory of one batch and one kind."""

    at: int  # where the batch begins
    loads: bool
    made: int  # the activation that its values get on their way
    cell: int
    word: int
    registers: list[int]


def add_transfers(lines: Lines, instructions: Instructions, layout: Layout, graph: Graph, target: Target) -> None:
    """Add the lines of all loads and stores; those that are deferred activations apply them on the way."""
    inputs, nodes = graph.inputs, graph.nodes
    stores = np.where(instructions.op == Op.STORE, instructions.what, 0)
    node = np.where(stores < nodes, stores, graph.outputs[np.maximum(stores - nodes, 0)])
    made = np.where(instructions.deferred, graph.activation[node], NOT_MADE)
    word = graph.arithmetic.format.bytes
    blocks = Block.of(target, word, "inputs", "inputs_cursor"), Block.of(target, word, "work", "work_cursor")
    at: list[int] = []
    found: list[Line] = []
    for run in _runs(instructions, made, layout.words, inputs):
        for line in _lines(blocks[run.cell >= inputs], run, target):
            at.append(run.at)
            found.append(line)
    lines.extend(at, found)


def _lines(block: Block, run: _Run, target: Target) -> Iterator[Line]:
    count = len(run.registers)
    if run.loads:
        yield from block.load(run.registers[0], run.word, count)
    elif run.made == NOT_MADE:
        yield from block.store(run.registers[0], run.word, count)
    else:
        most = len(target.roles.scratch)
        for begin in range(0, count, most):
            chunk = run.registers[begin : begin + most]
            for core, register in enumerate(chunk):
                yield Line(Operation.TO_GPR, core=core, a=register)
                for move in lower(ACTIVATIONS[run.made]).in_core:
                    yield Line(move.op, core=core, addend=move.addend)
            yield from block.store_core(0, run.word + begin, len(chunk))


def _runs(instructions: Instructions, made: Index, words: Index, inputs: int) -> Iterator[_Run]:
    """All runs, batch by batch; within a batch by word."""
    op, what = instructions.op, instructions.what
    moves = np.flatnonzero(MOVES[op])
    if len(moves) == 0:
        return
    kind = op[moves] + 2 * (what[moves] < inputs)
    starts = np.concatenate([[True], (np.diff(moves) > 1) | (np.diff(kind) != 0)])
    batch = np.cumsum(starts) - 1
    begins = moves[starts][batch]
    word = words[what[moves]]
    sorted_ = np.lexsort((word, batch))
    moves, word, register = moves[sorted_], word[sorted_], instructions.register[moves[sorted_]]
    made = made[moves]
    joined = (np.diff(word) == 1) & (np.diff(batch) == 0) & (made[1:] == made[:-1])
    joined &= (np.diff(register) == 1) | (made[1:] != NOT_MADE)
    ends = np.concatenate([[0], np.flatnonzero(~joined) + 1, [len(moves)]])
    first = ends[:-1]
    kinds = op[moves[first]] == Op.LOAD, made[first], what[moves[first]]
    registers, spans = register.tolist(), zip(first.tolist(), ends[1:].tolist())
    for at, loads, finish, cell, where, (begin, end) in zip(begins[first], *kinds, word[first], spans):
        yield _Run(int(at), bool(loads), int(finish), int(cell), int(where), registers[begin:end])
