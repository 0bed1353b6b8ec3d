"""Turns a network with windows into a program in single precision: layouts, places, then layer after layer."""

from collections.abc import Mapping, Sequence

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.network.layers import Add, Conv, Dense, Depthwise, Pool, Reshape
from armlet.network.network import Network
from armlet.network.normalise import fold_into_windows
from armlet.select.floats.addition import AdditionTask, write_addition
from armlet.select.floats.border import write_border
from armlet.select.floats.lines import Machine, Writer
from armlet.select.floats.pool import PoolTask, write_pool
from armlet.select.floats.program import FloatProgram
from armlet.select.floats.task import Shape, SumsTask
from armlet.select.floats.window import write_sums
from armlet.tensors.floats.planes import PlacedPlanes, homes_of, lifetimes, plan_planes
from armlet.tensors.floats.sums import sums_of
from armlet.tensors.place import Lifetime, bound, place
from armlet.tensors.rows import WORD


def select_floats(
    network: Network, machine: Machine, arithmetic: Arithmetic, shapes: Sequence[Shape], symbol: str
) -> FloatProgram:
    """The program, each layer of weights in bodies of its shape; `symbol` is that of the constants.

    Raises `CapacityError` for what it cannot write.
    """
    (values, size, least), folded = placed_planes(network), fold_into_windows(network)
    writer = Writer(machine, symbol)
    for i in range(len(network.layers)):
        writer.layer = i
        if i == 0:
            write_border(writer, values[0], folded.border)
        if i + 1 in values:
            write_border(writer, values[i + 1])
        write_layer(writer, folded.network, arithmetic, values, i, shapes[i])
    return FloatProgram(machine, arithmetic, network, tuple(writer.lines), values, size, least, tuple(writer.constants))


def placed_planes(network: Network) -> tuple[Mapping[int, PlacedPlanes], int, int]:
    """Where each value lies that has a place of its own; the size of the block, and its bound."""
    plan, lives = plan_planes(network), lifetimes(network)
    pieces = [Lifetime(plan[home].size, *lives[home]) for home in plan]
    places = place(pieces)
    values = {home: PlacedPlanes(layout, at) for (home, layout), at in zip(plan.items(), places)}
    return values, max(at + piece.size for at, piece in zip(places, pieces)), bound(pieces)


def write_layer(
    writer: Writer,
    network: Network,
    arithmetic: Arithmetic,
    values: Mapping[int, PlacedPlanes],
    i: int,
    shape: Shape,
) -> None:
    """All lines of a layer."""
    homes, layer = homes_of(network), network.layers[i]
    taken = [values[homes[source]] for source in network.sources[i]]
    match layer:
        case Dense() | Conv() | Depthwise():
            task = sums_task(layer, i, taken[0], values[homes[i + 1]], arithmetic)
            write_sums(writer, task, shape)
        case Pool():
            write_pool(writer, PoolTask(layer, i, taken[0], values[homes[i + 1]]))
        case Add():
            write_addition(writer, AdditionTask(layer, i, (taken[0], taken[1]), values[homes[i + 1]]))
        case Reshape():
            pass


def sums_task(
    layer: Dense | Conv | Depthwise, number: int, taken: PlacedPlanes, made: PlacedPlanes, arithmetic: Arithmetic
) -> SumsTask:
    """A layer of weights on tensors that have their places."""
    sums, layout = sums_of(layer, taken.layout.shape), made.layout
    if isinstance(layer, Dense):
        places = tuple(made.places.tolist())
        return SumsTask(sums, number, taken, (1, 1), places, 0, arithmetic.is_fused)
    places = tuple(made.start + layout.at(0, j, 0) for j in range(layout.channels))
    positions = layout.height, layout.width
    return SumsTask(sums, number, taken, positions, places, layout.row * WORD, arithmetic.is_fused)
