"""Turns a network with windows into a program for Cortex-M4: layouts, places, then layer after layer."""

from collections.abc import Sequence

import numpy as np

from armlet.errors import CapacityError
from armlet.integer.formats import INT8
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerPool
from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.isa.integer_target import IntegerTarget
from armlet.network.layers import Reshape
from armlet.select.integer.program import lines_of
from armlet.select.integer.writer import Writer
from armlet.select.tensors.addition import AdditionTask, write_addition
from armlet.select.tensors.dense import DenseTask, write_dense
from armlet.select.tensors.frame import BASE, BLOCK, FACTOR
from armlet.select.tensors.outputs import write_outputs
from armlet.select.tensors.pool import PoolTask, write_pool
from armlet.select.tensors.program import TensorProgram
from armlet.select.tensors.rows import PlacedTensor, border_rows, laid_rows, write_columns, write_row
from armlet.select.tensors.window import Convolution, Shape, groups_of, write_convolution
from armlet.tensors.layout import WORD
from armlet.tensors.place import Lifetime, bound, place
from armlet.tensors.plan import TensorPlan, plan_tensors, windows_of


def select_tensors(network: IntegerNetwork, target: IntegerTarget, shapes: Sequence[Shape]) -> TensorProgram:
    """The program, each convolution in bodies of its shape. Raises `CapacityError` for what it cannot write."""
    plan, homes = plan_tensors(network), homes_of(network)
    values, taken, outputs, size, least = _placed(network, plan, homes)
    writer = Writer(target, FACTOR)
    writer.add(Does.STORE_STACK, BASE, number=BLOCK)
    if any(network.input_format is not INT8 for _ in values[:1]):
        raise CapacityError(f"inputs in {network.input_format.name} are not written for tensors yet")
    _Selection(writer, network, values, taken, outputs, homes, shapes).write()
    pool = np.frombuffer(bytes(writer.pool), np.uint8)
    return TensorProgram(target, network, lines_of(writer.rows), values, taken, outputs, size, least, pool)


def homes_of(network: IntegerNetwork) -> tuple[int, ...]:
    """For each value the one in whose place it lies: a reshape moves nothing."""
    homes = [0]
    for k, (layer, sources) in enumerate(zip(network.layers, network.sources), 1):
        homes.append(homes[sources[0]] if isinstance(layer, Reshape) else k)
    return tuple(homes)


def _placed(
    network: IntegerNetwork, plan: TensorPlan, homes: tuple[int, ...]
) -> tuple[tuple[PlacedTensor | None, ...], tuple[PlacedTensor | None, ...], int, int, int]:
    """All tensors in the block, the outputs among them; its size, and the least that it could have."""
    steps = len(network.layers)
    last = dict[int, int]()
    for i, sources in enumerate(network.sources):
        for source in sources:
            last[homes[source]] = i
    final = homes[-1]
    is_direct = isinstance(network.layers[final - 1], IntegerDense) if final else False
    kept = [k for k in range(steps + 1) if homes[k] == k and not (k == final and is_direct)]
    last.setdefault(final, steps)
    pieces = [Lifetime(plan.values[k].size, k - 1, last[k]) for k in kept]
    anew = [i for i in range(steps) if plan.taken[i]]
    pieces += [Lifetime(layout.size, i, i) for i in anew if (layout := plan.taken[i])]
    given = network.outputs * network.result_format.bytes
    pieces.append(Lifetime(given + (-given) % WORD, final - 1, steps))
    places = place(pieces)
    values: list[PlacedTensor | None] = [None] * (steps + 1)
    taken: list[PlacedTensor | None] = [None] * steps
    for k, at in zip(kept, places):
        values[k] = PlacedTensor(plan.values[k], at)
    for i, at in zip(anew, places[len(kept) :]):
        layout = plan.taken[i]
        assert layout is not None
        taken[i] = PlacedTensor(layout, at)
    size = max(at + piece.size for at, piece in zip(places, pieces))
    return tuple(values), tuple(taken), places[-1], size, bound(pieces)


class _Selection:
    """One program on its way."""

    def __init__(
        self,
        writer: Writer,
        network: IntegerNetwork,
        values: tuple[PlacedTensor | None, ...],
        taken: tuple[PlacedTensor | None, ...],
        outputs: int,
        homes: tuple[int, ...],
        shapes: Sequence[Shape],
    ) -> None:
        self.writer, self.network, self.values, self.taken = writer, network, values, taken
        self.outputs, self.homes, self.shapes = outputs, homes, shapes

    def write(self) -> None:
        for i in range(len(self.network.layers)):
            self.writer.layer = i
            self._layer(i)
        final = self.values[self.homes[-1]]
        if final is not None:
            write_outputs(self.writer, final, self.outputs)

    def _tensor(self, value: int) -> PlacedTensor:
        found = self.values[self.homes[value]]
        assert found is not None
        return found

    def _layer(self, i: int) -> None:
        layer, sources = self.network.layers[i], self.network.sources[i]
        match layer:
            case IntegerConv():
                taken, made = self._prepared(i, layer.border), self._tensor(i + 1)
                task = Convolution(layer, i, taken.layout, made.layout, taken.start, made.start)
                write_convolution(self.writer, task, groups_of(layer, self.shapes[i].channels), self.shapes[i])
            case IntegerPool():
                write_pool(self.writer, PoolTask(layer, i, self._prepared(i, 0), self._tensor(i + 1)))
            case IntegerAdd():
                both = (self._tensor(sources[0]), self._tensor(sources[1]))
                write_addition(self.writer, AdditionTask(layer, i, both, self._tensor(i + 1)))
            case IntegerDense():
                made = self.values[i + 1]
                layout, result = (made.layout, made.start) if made else (None, self.outputs)
                write_dense(self.writer, DenseTask(layer, i, self._tensor(sources[0]), layout, result))
            case Reshape():
                pass

    def _prepared(self, i: int, border: int) -> PlacedTensor:
        """What a layer takes, its border written."""
        source, anew = self._tensor(self.network.sources[i][0]), self.taken[i]
        layer = self.network.layers[i]
        tensor = source if anew is None else anew
        windows, layout = windows_of(layer, source.layout.shape), tensor.layout
        if windows is None:
            return source
        if any(windows.padding[1::2]):
            write_columns(self.writer, source, border)
        if anew is not None or windows.size[0] > 1:
            last = layout.at(layout.split + layout.bottom - 1, 0, -layout.left) + tensor.start
            for row in border_rows(tensor) if anew is None else laid_rows(source, anew):
                write_row(self.writer, row, layout.row + layout.left * (row.to == last), border)
        return tensor
