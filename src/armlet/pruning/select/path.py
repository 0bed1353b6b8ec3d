"""The strongest path from an input to an output, which no removal may break.

The width of a path is the cost of its cheapest weight. Behind windows a path is one of channels.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from armlet.network.layers import Add, Pool, Reshape
from armlet.network.shapes import Shape
from armlet.pruning.geometry.architecture import Architecture, Step, Sums, Windows

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
Place = tuple[int, tuple[int, ...]]  # the number of a layer of weights, and a place in its weight


class _Reached(NamedTuple):
    """The widest path to each unit of a value: a channel of planes, or one number of a row."""

    width: NDArray[np.floating]  # (units,)
    value: I64  # (units,) the number of the value that it comes from
    unit: I64  # (units,) the unit there
    layer: int | None = None  # of the weights that it takes
    place: I64 | None = None  # (units,) in the flat weight


def strongest_path(costs: Sequence[F32], alive: Sequence[NDArray[np.bool_]], architecture: Architecture) -> list[Place]:
    """The path whose cheapest weight is most expensive: a weight in each layer that it takes; empty if none is left."""
    shapes = architecture.shapes or _rows_of(costs)
    units, nowhere = shapes[0][0], np.zeros(shapes[0][0], np.int64)
    values, layer = [_Reached(np.full(units, np.inf), nowhere, nowhere)], 0
    for k, (step, sources) in enumerate(zip(architecture.steps, architecture.wiring)):
        if isinstance(step, Sums | Windows):
            cost = np.where(alive[layer], costs[layer], -np.inf)
            values.append(_through_weights(step, cost, values[sources[0]], sources[0], shapes[sources[0]], layer))
            layer += 1
        else:
            values.append(_around_weights(step, values, sources, shapes, shapes[k + 1]))
    return _backwards(values, [cost.shape for cost in costs])


def _rows_of(costs: Sequence[F32]) -> tuple[Shape, ...]:
    return ((costs[0].shape[1],), *((len(cost),) for cost in costs))


def _through_weights(
    step: Sums | Windows, cost: NDArray[np.floating], taken: _Reached, value: int, shape: Shape, layer: int
) -> _Reached:
    outputs = len(cost)
    if isinstance(step, Sums):
        source = np.broadcast_to(_units(shape), cost.shape)
    else:
        inputs = 1 if cost.ndim == 3 else cost.shape[1]
        taps, groups = cost.shape[-2] * cost.shape[-1], np.arange(outputs) // (outputs // step.groups)
        source = np.repeat(groups[:, None] * inputs + np.arange(inputs), taps, axis=1)
    width = np.minimum(cost.reshape(outputs, -1), taken.width[source])
    best = width.argmax(axis=1)
    rows = np.arange(outputs)
    place = rows * width.shape[1] + best
    return _Reached(width[rows, best], np.full(outputs, value), source[rows, best], layer, place)


def _around_weights(
    step: Step, values: Sequence[_Reached], sources: tuple[int, ...], shapes: Sequence[Shape], shape: Shape
) -> _Reached:
    one = values[sources[0]]
    same, value = np.arange(len(one.width)), np.full(len(one.width), sources[0])
    match step:
        case Add():
            other = values[sources[1]].width > one.width
            width = np.where(other, values[sources[1]].width, one.width)
            return _Reached(width, np.where(other, sources[1], sources[0]), same)
        case Reshape():
            source = _units(shapes[sources[0]]).reshape(shape[0], -1)
            width = one.width[source]
            best, rows = width.argmax(axis=1), np.arange(shape[0])
            return _Reached(width[rows, best], np.full(shape[0], sources[0]), source[rows, best])
        case Pool() | Sums() | Windows():
            return _Reached(one.width, value, same)


def _units(shape: Shape) -> I64:
    """The unit of each number of a value, channels first."""
    return np.repeat(np.arange(shape[0]), int(np.prod(shape[1:], dtype=np.int64)))


def _backwards(values: Sequence[_Reached], sizes: Sequence[tuple[int, ...]]) -> list[Place]:
    if values[-1].width.max() == -np.inf:
        return []
    path: list[Place] = []
    at, unit = len(values) - 1, int(values[-1].width.argmax())
    while at:
        here = values[at]
        if here.layer is not None and here.place is not None:
            place = np.unravel_index(int(here.place[unit]), sizes[here.layer])
            path.append((here.layer, tuple(map(int, place))))
        at, unit = int(here.value[unit]), int(here.unit[unit])
    return path[::-1]
