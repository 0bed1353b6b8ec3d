"""Writes a layer for Cortex-M4 by products of halves: any weights, which come from the pool in the order of their use.

Words hold two values of 16 bits, and so do the words of weights: SMLAD multiplies and adds both halves of a word at
once, SMLAxy any half by any half. Inputs and weights come in one run of loads, each of one cycle but for the first; or
weights come by LDM, which takes a cycle more for several of them and four bytes for all.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.pack.layer_code import WordOp
from armlet.select.integer.closing import close_neuron
from armlet.select.integer.constants import write_constant
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.scaling import scaling_obstacle
from armlet.select.integer.writer import Writer

_HALF, _WORD = 16, 4
_REACH = 4088  # bytes from the pool's register: LDR and ADDW reach 4095 (ARM DDI 0403, A7.7.43, T3, and A7.7.3, T4)
_PRODUCTS = (  # by the half of the word, then that of the weights
    (Does.MULTIPLY_LOW_LOW, Does.MULTIPLY_LOW_HIGH),
    (Does.MULTIPLY_HIGH_LOW, Does.MULTIPLY_HIGH_HIGH),
)


def streamed_obstacle(task: LayerTask) -> str:
    """Why the layer's values are no signed halves, or its scaling fails; empty where neither is so."""
    low, high = int(task.bounds.taken_low.min(initial=0)), int(task.bounds.taken_high.max(initial=0))
    if low < -(1 << _HALF - 1) or high >= 1 << _HALF - 1:
        return f"it takes values from {low} to {high}, beyond {_HALF} bits"
    return scaling_obstacle(task)


def instructions_of(task: LayerTask) -> float:
    """For the connections of a layer: a product each, and half a load; some products serve two."""
    return 1.45 * int(np.count_nonzero(task.layer.weight))


def words_of_weights(taken: NDArray[np.int64]) -> int:
    """Registers for the weights of items that take so many sources each: a pair fills one, the others share."""
    pairs = int(np.count_nonzero(taken == 2))
    return pairs + (len(taken) - pairs + 1) // 2


@dataclass(slots=True)
class _Batch:
    """Weights that are fetched together, and the words of them that are given out."""

    registers: list[int]
    words: list[list[int]] = field(default_factory=list)  # halves
    open: int | None = None  # the word whose upper half is free

    def pair(self, low: int, high: int) -> int:
        """The register of a word of both weights."""
        self.words.append([low, high])
        return self.registers[len(self.words) - 1]

    def single(self, weight: int) -> tuple[int, int]:
        """The register, and which half of it."""
        if self.open is not None:
            at, self.open = self.open, None
            self.words[at][1] = weight
            return self.registers[at], 1
        self.open = len(self.words)
        self.words.append([weight, 0])
        return self.registers[self.open], 0


def write_streamed(writer: Writer, task: LayerTask) -> None:
    """All lines of the layer, its weights at the end of the writer's pool, loaded one by one."""
    _write(writer, task, False)


def write_listed(writer: Writer, task: LayerTask) -> None:
    """The same with weights loaded in lists."""
    _write(writer, task, True)


def _write(writer: Writer, task: LayerTask, in_lists: bool) -> None:
    writer.layer = task.number
    rows = task.code.rows.tolist()
    held: set[int] = set()
    at = 0
    while at < len(rows):
        op, a, _, what = rows[at]
        match op:
            case WordOp.LOAD:
                at = _load(writer, task, rows, at, in_lists)
                continue
            case WordOp.FETCH:
                at = _multiplied(writer, task, rows, at, held, in_lists)
                continue
            case WordOp.OPEN:
                _open(writer, task, a, what, held)
            case WordOp.CLOSE:
                close_neuron(writer, task, what, a, 32, held)
                held.remove(a)
            case _:
                raise AssertionError("weights are fetched before they are used")
        at += 1


def _load(writer: Writer, task: LayerTask, rows: list[list[int]], at: int, in_pairs: bool) -> int:
    """The loads from row `at` on, those of words side by side as one where bytes matter; gives the row behind."""
    loads: list[tuple[int, int]] = []  # offset, register
    while at < len(rows) and rows[at][0] == WordOp.LOAD:
        loads.append((int(task.words[rows[at][3]]), rows[at][1]))
        at += 1
    paired = _pair_numbers(writer) if in_pairs else range(0)
    if in_pairs:
        loads.sort()
    while loads:
        offset, register = loads.pop(0)
        if loads and loads[0][0] == offset + _WORD and offset in paired:
            writer.add(Does.LOAD_PAIR, register, writer.target.base, loads.pop(0)[1], number=offset)
        else:
            writer.add(Does.LOAD, register, writer.target.base, number=offset)
    return at


def _pair_numbers(writer: Writer) -> range:
    """Offsets of loads of pairs that save bytes: where a single load is not short anyway."""
    numbers, single = (writer.target.templates[op] for op in (Does.LOAD_PAIR, Does.LOAD))
    return range(single.short.numbers.stop if single.short else 0, numbers.numbers.stop, _WORD)


def _open(writer: Writer, task: LayerTask, a: int, neuron: int, held: set[int]) -> None:
    write_constant(writer, a, int(task.bias[neuron]))
    held.add(a)


def _multiplied(writer: Writer, task: LayerTask, rows: list[list[int]], at: int, held: set[int], in_lists: bool) -> int:
    """The fetches from row `at` on and the products that use them; gives the row behind."""
    batch = _Batch([])
    while rows[at][0] == WordOp.FETCH:
        batch.registers.append(rows[at][1])
        at += 1
    batch.registers.sort()  # as lists are loaded
    writer.fetch(batch.registers, _REACH, in_lists)
    while at < len(rows) and rows[at][0] in (WordOp.ADD, WordOp.OPEN):
        op, a, x, what = rows[at]
        if op == WordOp.OPEN:
            _open(writer, task, a, what, held)
        else:
            _product(writer, task, batch, a, x, what)
        at += 1
    writer.fill([half for word in batch.words for half in word])
    return at


def _product(writer: Writer, task: LayerTask, batch: _Batch, a: int, x: int, item: int) -> None:
    neuron, taken = int(task.code.items[item, 0]), task.weights(item)
    if len(taken) == 2:
        register = batch.pair(taken[0][2], taken[1][2])
        writer.connect(Does.MULTIPLY_BOTH, a, x, register, 0, (taken[0][1], neuron))
        return
    half, source, weight = taken[0]
    register, upper = batch.single(weight)
    writer.connect(_PRODUCTS[half][upper], a, x, register, 0, (source, neuron))
