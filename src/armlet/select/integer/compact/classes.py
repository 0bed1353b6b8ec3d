"""The neurons of a layer that one loop serves, and where their values go."""

from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from armlet.errors import CapacityError
from armlet.select.integer.compact.table import CompactForm, class_of
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.writer import Writer

_BIAS = 1 << 23  # what is less has 24 bits with its sign
_TRIPS = 1 << 8


@dataclass(frozen=True, slots=True)
class NeuronClass:
    """Neurons that one loop serves, in the order in which they are closed."""

    neurons: tuple[int, ...]
    rest: int  # words before the loop
    loops: bool
    high: bool  # whether their values are the high fields of words


def classes_of(form: CompactForm, task: LayerTask, words: list[list[int]]) -> list[NeuronClass]:
    """Low fields first: their stores write whole words."""
    stored = [neuron for neuron in task.code.row.tolist() if neuron in task.stores]

    def key(neuron: int) -> tuple[int, ...]:
        return (int(task.stores[neuron].high), *class_of(form, task.layer, neuron, len(words[neuron])))

    found: list[NeuronClass] = []
    for (high, *_, rest, loops), neurons in groupby(sorted(stored, key=key), key):
        found.append(NeuronClass(tuple(neurons), rest, bool(loops), bool(high)))
    return found


def last_place(task: LayerTask, neurons: tuple[int, ...]) -> int | None:
    """Where the value of the last of them lies, if they lie one after the other, the last first."""
    places = [task.stores[neuron].word for neuron in neurons]
    size = task.stored_bytes
    regular = all(one - two == size for one, two in pairwise(places))
    return places[-1] if regular and not task.stored_high else None


def is_short(
    form: CompactForm,
    task: LayerTask,
    words: list[list[int]],
    classes: list[NeuronClass],
    bias: NDArray[np.int64],
) -> bool:
    """Whether places follow from the order, and a word holds each bias and the trips."""
    if any(last_place(task, one.neurons) is None for one in classes):
        return False
    small = int(bias.min()) >= -_BIAS and int(bias.max()) < _BIAS
    return small and max(map(len, words)) // form.words < _TRIPS


def header_of(bias: int, trips: int, place: int, short: bool) -> list[int]:
    """The words of the table that a neuron begins with: its bias, the trips of its loop, the place of its value."""
    return [bias << 8 | trips] if short else [bias, place << 8 | trips]


def fill_coded(
    form: CompactForm,
    writer: Writer,
    task: LayerTask,
    classes: list[NeuronClass],
    words: list[list[int]],
    bias: list[int],
    placed: bool,
) -> None:
    """The table: of each neuron its bias and trips, its symbols, and where its value goes if that is `placed`."""
    for neuron in (neuron for one in classes for neuron in one.neurons):
        trips = len(words[neuron]) // form.words
        if not -_BIAS <= bias[neuron] < _BIAS or trips >= _TRIPS:
            raise CapacityError(f"layer {task.number}: no word holds the bias and the trips of neuron {neuron}")
        writer.fill_words([bias[neuron] << 8 | trips, *words[neuron]])
        writer.fill_words([task.stores[neuron].word] if placed else [])
