"""The connections of a layer as words of a table, and the classes of neurons that one loop serves.

A word holds two connections, each the distance of its source from the one before, in bytes of memory, and its weight.
A distance that no byte holds is gone in several steps, whose weights are zero. A loop takes so many words a trip; what
is left of a neuron comes before its loop, or is filled up with steps of nothing. Neurons are of one class that close
alike, have as much left, and are all with or all without a loop.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.integer.formats import INT8, IntegerFormat
from armlet.integer.network import IntegerLayer
from armlet.integer.requantise import Multiplier, Shift
from armlet.pack.layer_code import LayerCode

_STEP = 255  # bytes
_ENTRIES = 2  # of a word


@dataclass(frozen=True, slots=True)
class CompactForm:
    """How the loops of a layer are cut."""

    words: int  # that a trip takes
    rest: bool  # whether what is left of a neuron has lines of its own, or is filled up


def table_words(weight: NDArray[np.int16], order: NDArray[np.int32], size: int, form: CompactForm) -> list[list[int]]:
    """The words of each neuron; its sources lie in memory in this order, each of so many bytes."""
    steps = _STEP - _STEP % size
    found: list[list[int]] = []
    for row in weight[:, order]:
        entries: list[int] = []
        at = 0
        for place in np.flatnonzero(row).tolist():
            while place * size - at > steps:
                entries.append(steps)
                at += steps
            entries.append(place * size - at | (int(row[place]) & 0xFF) << 8)
            at = place * size
        words = -(-len(entries) // _ENTRIES)
        words += 0 if form.rest else -words % form.words
        entries += [0] * (_ENTRIES * words - len(entries))
        found.append([low | high << 16 for low, high in zip(entries[::2], entries[1::2])])
    return found


def plan_compact(
    form: CompactForm, layer: IntegerLayer, before: NDArray[np.int32] | None, source: IntegerFormat
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


def class_of(form: CompactForm, layer: IntegerLayer, neuron: int, words: int) -> tuple[int, ...]:
    """What neurons have in common that one loop serves: scaling, clamp, words before their loops, and having one."""
    return (*scaling_of(layer, neuron), words % form.words, int(words >= form.words))


def scaling_of(layer: IntegerLayer, neuron: int) -> tuple[int, ...]:
    """What makes the value of a neuron of its sum."""
    ends = int(layer.low[neuron]), int(layer.high[neuron])
    match layer.requantisation:
        case None:
            return ends
        case Shift(shift):
            return (*ends, int(shift[neuron]))
        case Multiplier(multiplier, exponent):
            return (*ends, int(multiplier[neuron]), int(exponent[neuron]))


def holds_weights(layer: IntegerLayer) -> bool:
    """Whether a byte holds each weight."""
    return bool((layer.weight >= INT8.low).all() and (layer.weight <= INT8.high).all())
