"""Writes a dense layer on a tensor: its values are loaded one by one, each for a group of neurons at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from armlet.integer.formats import INT8
from armlet.integer.layers import IntegerDense
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.select.integer.constants import write_constant
from armlet.select.integer.writer import Writer
from armlet.select.tensors.closing import scaling_of, write_scaled
from armlet.select.tensors.frame import BASE, FACTOR, Pointer, write_place, write_table
from armlet.select.tensors.rows import PlacedTensor
from armlet.tensors.layout import LIFT, LaneLayout
from armlet.tensors.rows import WORD

_VALUE, _SCALE, _START = 2, 3, 4
_SUMS = (5, 6, 7, 8, 9, 10, 11, 12, 14)
_CONSTANTS = 3  # words of a neuron: the start of its sum, the factor, what it is given before the shift


@dataclass(frozen=True, slots=True, eq=False)
class DenseTask:
    """A dense layer, what it takes, and where it stores: words of a tensor, or the outputs as C has them."""

    layer: IntegerDense
    number: int
    taken: PlacedTensor
    made: LaneLayout | None  # None: the outputs
    result: int


def write_dense(writer: Writer, task: DenseTask) -> None:
    """All lines of a layer."""
    writer.layer = task.number
    neurons = range(task.layer.neurons)
    for first in range(0, len(neurons), len(_SUMS)):
        _write_group(writer, task, neurons[first : first + len(_SUMS)])


def _write_group(writer: Writer, task: DenseTask, group: Sequence[int]) -> None:
    layer, layout = task.layer, task.taken.layout
    places, lifts = layout.places.ravel(), layout.lifts.ravel()
    weight = layer.weight[group[0] : group[-1] + 1].astype(np.int64)
    starts = layer.bias[group[0] : group[-1] + 1] - weight @ lifts
    table = len(writer.pool)
    for j, neuron in enumerate(group):
        writer.fill_words(_ends(task, neuron, int(starts[j])))
    write_table(writer, FACTOR, table)
    for j in range(len(group)):
        writer.add(Does.LOAD, _SUMS[j], FACTOR, number=j * _CONSTANTS * WORD)
    write_place(writer, BASE, task.taken.start)
    pointer = Pointer(writer, BASE)
    for source in sorted(np.flatnonzero(weight.any(axis=0)).tolist(), key=lambda k: int(places[k])):
        op = Does.LOAD_BYTE if lifts[source] else Does.LOAD_SIGNED_BYTE
        writer.add(op, _VALUE, BASE, number=pointer.offset(int(places[source])))
        for j, neuron in enumerate(group):
            if factor := int(weight[j, source]):
                write_constant(writer, FACTOR, factor)
                writer.connect(Does.MULTIPLY_ADD, _SUMS[j], _VALUE, FACTOR, 0, (source, neuron))
    _write_end(writer, task, group, table)


def _ends(task: DenseTask, neuron: int, start: int) -> list[int]:
    if task.layer.requantisation is None:
        return [start, 0, 0]
    scaling, lift = scaling_of(task.layer, neuron, f"layer {task.number}, neuron {neuron}"), _lift(task)
    end = scaling.start + (lift << scaling.shift)
    return [start, scaling.factor, end] if scaling.factor else [start + end, 0, 0]


def _lift(task: DenseTask) -> int:
    return 0 if task.made is None else LIFT


def _write_end(writer: Writer, task: DenseTask, group: Sequence[int], table: int) -> None:
    scaled = task.layer.requantisation is not None
    if scaled:
        write_table(writer, FACTOR, table)
    for j, neuron in enumerate(group):
        if scaled:
            scaling = scaling_of(task.layer, neuron, "")
            if scaling.factor:
                for k, register in enumerate((_SCALE, _START), 1):
                    writer.add(Does.LOAD, register, FACTOR, number=(j * _CONSTANTS + k) * WORD)
            if scaling.twice:
                writer.add(Does.LEFT, _SUMS[j], _SUMS[j], by=1)
            write_scaled(writer, scaling, _SUMS[j], _SCALE, _START, lifted=task.made is not None)
    write_place(writer, BASE, task.result)
    pointer = Pointer(writer, BASE)
    for j, neuron in enumerate(group):
        if task.made is not None:
            place, op = task.made.at(0, neuron, 0), Does.STORE
        else:
            size = task.layer.stored.bytes
            place, op = neuron * size, Does.STORE_BYTE if task.layer.stored is INT8 else Does.STORE
        writer.add(op, _SUMS[j], BASE, number=pointer.offset(place))
