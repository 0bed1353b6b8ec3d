"""Turns a network with windows into a program for Cortex-M4: layouts, places, then layer after layer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from armlet.errors import CapacityError
from armlet.integer.formats import INT8, UINT8, IntegerFormat
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerPool
from armlet.integer.network import IntegerNetwork
from armlet.integer.signed import with_signed_inputs
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.isa.integer_target import IntegerTarget
from armlet.network.layers import Reshape
from armlet.select.integer.program import lines_of
from armlet.select.integer.writer import Writer
from armlet.select.tensors.addition import AdditionTask, write_addition
from armlet.select.tensors.bodies.convolution import Convolution, Shape, groups_of
from armlet.select.tensors.dense import DenseTask, write_dense
from armlet.select.tensors.frame import BASE, BLOCK, FACTOR
from armlet.select.tensors.outputs import write_answer, write_outputs
from armlet.select.tensors.pool import PoolTask, write_pool
from armlet.select.tensors.program import TensorProgram
from armlet.select.tensors.rows import PlacedTensor, border_rows, laid_rows, write_columns, write_row
from armlet.select.tensors.window import write_convolution
from armlet.tensors.layout import LIFT
from armlet.tensors.place import Lifetime, bound, place
from armlet.tensors.plan import TensorPlan, plan_tensors, windows_of
from armlet.tensors.rows import WORD


def select_tensors(network: IntegerNetwork, target: IntegerTarget, shapes: Sequence[Shape]) -> TensorProgram:
    """The program, each convolution in bodies of its shape. Raises `CapacityError` for what it cannot write."""
    signed = with_signed_inputs(network)
    if signed.input_format is not INT8:
        raise CapacityError(f"inputs in {network.input_format.name} are not written for tensors yet")
    homes = homes_of(network)
    task = _placed(signed, plan_tensors(signed), homes)
    writer = Writer(target, FACTOR)
    writer.add(Does.STORE_STACK, BASE, number=BLOCK)
    for i in range(len(network.layers)):
        writer.layer = i
        _write_layer(writer, task, i, shapes[i])
    final = task.values[homes[-1]]
    if final is not None:
        write_outputs(writer, final, task.outputs)
    if network.argmax is not None:
        write_answer(writer, network.argmax, network.formats[-1], task.outputs)
    pool = np.frombuffer(bytes(writer.pool), np.uint8)
    values = tuple(_as_given(tensor, kind) for tensor, kind in zip(task.values, network.formats))
    taken = tuple(_as_given(tensor, network.source(i)) for i, tensor in enumerate(task.taken))
    places = (values, taken, task.outputs, task.size, task.bound)
    return TensorProgram(target, network, lines_of(writer.rows), *places, pool)


def _as_given(tensor: PlacedTensor | None, kind: IntegerFormat) -> PlacedTensor | None:
    """Where a tensor lies, and what its values are more than those in the words."""
    if tensor is None or kind is not UINT8:
        return tensor
    return replace(tensor, layout=replace(tensor.layout, above=LIFT))


@dataclass(frozen=True, slots=True, eq=False)
class _Placed:
    """A network and where its tensors lie."""

    network: IntegerNetwork
    homes: tuple[int, ...]
    values: tuple[PlacedTensor | None, ...]
    taken: tuple[PlacedTensor | None, ...]
    outputs: int
    size: int
    bound: int

    def tensor(self, value: int) -> PlacedTensor:
        """Where a value lies."""
        found = self.values[self.homes[value]]
        assert found is not None
        return found


def homes_of(network: IntegerNetwork) -> tuple[int, ...]:
    """For each value the one in whose place it lies: a reshape moves nothing."""
    homes = [0]
    for k, (layer, sources) in enumerate(zip(network.layers, network.sources), 1):
        homes.append(homes[sources[0]] if isinstance(layer, Reshape) else k)
    return tuple(homes)


def _placed(network: IntegerNetwork, plan: TensorPlan, homes: tuple[int, ...]) -> _Placed:
    """All tensors in the block, the outputs among them."""
    steps = len(network.layers)
    last = dict[int, int]()
    for i, sources in enumerate(network.sources):
        for source in sources:
            last[homes[source]] = i
    final = homes[-1]
    is_direct = isinstance(network.layers[final - 1], IntegerDense) if final else False
    kept = [k for k in range(steps + 1) if homes[k] == k and not (k == final and is_direct)]
    last.setdefault(final, steps)
    roots = {k: k for k in kept}
    for k in sorted(plan.over):  # a value lies where that does which is added to it
        roots[k] = roots[plan.over[k]]
    own = [k for k in kept if roots[k] == k]
    pieces = [Lifetime(plan.values[k].size, k - 1, max(last[j] for j in kept if roots[j] == k)) for k in own]
    anew = [i for i in range(steps) if plan.taken[i]]
    pieces += [Lifetime(layout.size, i, i) for i in anew if (layout := plan.taken[i])]
    pieces.append(Lifetime(network.output_bytes + (-network.output_bytes) % WORD, final - 1, steps))
    places = place(pieces)
    values: list[PlacedTensor | None] = [None] * (steps + 1)
    taken: list[PlacedTensor | None] = [None] * steps
    for k in kept:
        values[k] = PlacedTensor(plan.values[k], places[own.index(roots[k])])
    for i, at in zip(anew, places[len(own) :]):
        layout = plan.taken[i]
        assert layout is not None
        taken[i] = PlacedTensor(layout, at)
    size = max(at + piece.size for at, piece in zip(places, pieces))
    return _Placed(network, homes, tuple(values), tuple(taken), places[-1], size, bound(pieces))


def _write_layer(writer: Writer, task: _Placed, i: int, shape: Shape) -> None:
    layer, sources = task.network.layers[i], task.network.sources[i]
    match layer:
        case IntegerConv():
            taken, made = _prepared(writer, task, i, layer.border), task.tensor(i + 1)
            other = None if layer.residual is None else task.tensor(sources[1])
            convolution = Convolution(layer, i, taken.layout, made.layout, taken.start, made.start, other)
            write_convolution(writer, convolution, groups_of(layer, shape.channels), shape)
        case IntegerPool():
            write_pool(writer, PoolTask(layer, i, _prepared(writer, task, i, 0), task.tensor(i + 1)))
        case IntegerAdd():
            both = (task.tensor(sources[0]), task.tensor(sources[1]))
            write_addition(writer, AdditionTask(layer, i, both, task.tensor(i + 1)))
        case IntegerDense():
            made = task.values[i + 1]
            layout, result = (made.layout, made.start) if made else (None, task.outputs)
            write_dense(writer, DenseTask(layer, i, task.tensor(sources[0]), layout, result))
        case Reshape():
            pass


def _prepared(writer: Writer, task: _Placed, i: int, border: int) -> PlacedTensor:
    """What a layer with windows takes, its border written."""
    source, anew = task.tensor(task.network.sources[i][0]), task.taken[i]
    windows = windows_of(task.network.layers[i], source.layout.shape)
    if windows is None:
        return source
    tensor = source if anew is None else anew
    if any(windows.padding[1::2]) and isinstance(task.network.layers[i], IntegerConv):  # a pool takes no padding
        write_columns(writer, source, border)
    if anew is not None or windows.size[0] > 1:
        layout = tensor.layout
        last = layout.at(layout.split + layout.bottom - 1, 0, -layout.left) + tensor.start
        for row in border_rows(tensor) if anew is None else laid_rows(source, anew):
            write_row(writer, row, layout.row + layout.left * (row.to == last), border)
    return tensor
