"""The connections of a layer as words of a table, and the classes of neurons that one loop serves.

A word holds two connections, each the distance of its source from the one before, in bytes of memory, and its weight.
A distance that no byte holds is gone in several steps, whose weights are zero. A loop takes so many words a trip; what
is left of a neuron comes before its loop, or is filled up with steps of nothing. Neurons are of one class that close
alike, have as much left, and are all with or all without a loop.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.integer.formats import INT8, IntegerFormat
from armlet.integer.layers import IntegerDense
from armlet.integer.requantise import Multiplier, Shift
from armlet.pack.layer_code import LayerCode
from armlet.select.integer.compact.symbols import coded_words
from armlet.select.integer.layer_task import LayerTask

_Entry: TypeAlias = tuple[int, int]  # a place or a distance, in bytes, and a weight

_STEP = 255  # bytes
_ENTRIES = 2  # of a word
_SCALINGS = 16  # each has its own loop
_TAKEN = {(1, False), (1, True), (2, True)}  # sources: bytes, signed


@dataclass(frozen=True, slots=True)
class CompactForm:
    """How the loops of a layer are cut."""

    words: int  # that a trip takes
    rest: bool  # whether what is left of a neuron has lines of its own, or is filled up
    coded: bool = False  # whether words hold symbols of a code book
    together: int = 0  # words whose distances are from one place, the last source before; 0: each from the one before


def table_words(weight: NDArray[np.int16], order: NDArray[np.int32], size: int, form: CompactForm) -> list[list[int]]:
    """The words of each neuron; its sources lie in memory in this order, each of so many bytes."""
    if form.coded:
        return coded_words(weight[:, order], size, form.words)[1]
    return [_words(_connections(row, size), form) for row in weight[:, order]]


def _connections(row: NDArray[np.int16], size: int) -> list[_Entry]:
    """Those of a neuron, and between them steps without a weight where no byte holds a distance."""
    steps, found, at = _STEP - _STEP % size, list[_Entry](), 0
    for source in np.flatnonzero(row).tolist():
        place = source * size
        while place - at > steps:
            at += steps
            found.append((at, 0))
        found.append((place, int(row[source]) & 0xFF))
        at = place
    return found


def _words(connections: list[_Entry], form: CompactForm) -> list[int]:
    """Two connections in each; what fills up the first words comes before, elsewhere it would move a trip's end."""
    if not form.together:
        words = -(-len(connections) // _ENTRIES)
        words += 0 if form.rest else -words % form.words
        places = [0, *(place for place, _ in connections)]
        entries = [(place - before, weight) for before, (place, weight) in zip(places, connections)]
        entries += [(0, 0)] * (_ENTRIES * words - len(entries))
    else:
        entries = _together(connections, form)
    codes = [distance | weight << 8 for distance, weight in entries]
    return [low | high << 16 for low, high in zip(codes[::2], codes[1::2])]


def _together(connections: list[_Entry], form: CompactForm) -> list[_Entry]:
    """Distances from the last source of the group before, by groups that are full but the first one, from behind."""
    groups, end, full = list[list[_Entry]](), len(connections), _ENTRIES * form.together
    while end:
        begin = end - 1
        while begin and end - begin < full and connections[end - 1][0] - _place(connections, begin - 1) <= _STEP:
            begin -= 1
        before = _place(connections, begin)
        group = [(place - before, weight) for place, weight in connections[begin:end]]
        short = full - len(group) if begin or not form.rest else -len(group) % _ENTRIES
        groups.insert(0, [(0, 0)] * short + group)
        end = begin
    words = sum(map(len, groups)) // _ENTRIES
    if not form.rest and words % form.words:
        groups.insert(0, [(0, 0)] * _ENTRIES * (form.words - words % form.words))
    return [entry for group in groups for entry in group]


def _place(connections: list[_Entry], at: int) -> int:
    """The place of the source before one."""
    return connections[at - 1][0] if at else 0


def plan_compact(
    form: CompactForm, layer: IntegerDense, before: NDArray[np.int32] | None, source: IntegerFormat
) -> LayerCode:
    """Sources one after the other, and the row of neurons by classes. It has no rows: loops are not word code.

    `before` tells in which order the sources are closed, None for inputs; what is closed last lies first.
    """
    order = np.arange(layer.inputs, dtype=np.int32) if before is None else before[::-1]
    words = table_words(layer.weight, order, source.bytes, form)
    keys = [class_of(form, layer, neuron, len(words[neuron])) for neuron in range(layer.neurons)]
    row = sorted(range(layer.neurons), key=lambda neuron: (keys[neuron], -neuron))
    fields = np.stack((order, np.full(len(order), -1)), axis=1)
    none = np.zeros((0, 4), np.int32)
    return LayerCode(fields.astype(np.int32), none[:, :2], none, np.array(row, np.int32))


def class_of(form: CompactForm, layer: IntegerDense, neuron: int, words: int) -> tuple[int, ...]:
    """What neurons have in common that one loop serves: scaling, clamp, words before their loops, and having one."""
    return (*scaling_of(layer, neuron), words % form.words, int(words >= form.words))


def scaling_of(layer: IntegerDense, neuron: int) -> tuple[int, ...]:
    """What makes the value of a neuron of its sum."""
    ends = int(layer.low[neuron]), int(layer.high[neuron])
    match layer.requantisation:
        case None:
            return ends
        case Shift(shift):
            return (*ends, int(shift[neuron]))
        case Multiplier(multiplier, exponent):
            return (*ends, int(multiplier[neuron]), int(exponent[neuron]))


def common_obstacle(task: LayerTask) -> str:
    """Why no loop can take such weights or sources, or each neuron needs code of its own."""
    layer, low = task.layer, task.source.low
    if (task.source.bytes, low < 0) not in _TAKEN:
        return f"no loop takes {task.source.name}"
    if (layer.weight < INT8.low).any() or (layer.weight > INT8.high).any():
        return "its weights are beyond bytes"
    scalings = len({scaling_of(layer, neuron) for neuron in range(layer.neurons)})
    return f"its sums are scaled in {scalings} ways" if scalings > _SCALINGS else ""
