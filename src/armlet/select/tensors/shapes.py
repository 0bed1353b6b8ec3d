"""Chooses how much the body of each convolution does at once, by what each way costs in cycles and bytes.

Many positions and few weights want wide bodies, which make each weight's constant and each word's load serve more
products; many weights want several channels in a body, whose loops and constants are fewer bytes.

Of a layer of many groups a few are written, from the one of the fewest weights to that of the most; what the others
cost lies between, by their numbers of weights.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from armlet.integer.layers import IntegerConv
from armlet.integer.network import IntegerNetwork
from armlet.integer.signed import with_signed_inputs
from armlet.isa.integer_target import IntegerTarget
from armlet.select.integer.program import bytes_of, cycles_of, lines_of
from armlet.select.integer.writer import Writer
from armlet.select.tensors.bodies.convolution import Convolution, Shape, groups_of
from armlet.select.tensors.frame import FACTOR
from armlet.select.tensors.rows import PlacedTensor
from armlet.select.tensors.window import write_convolution
from armlet.select.tradeoff import ShapeCost, front
from armlet.tensors.plan import plan_tensors

_WRITTEN = 4  # groups of a layer
_SIZES = ((4, 1), (3, 1), (2, 2), (2, 1), (1, 4), (1, 3), (1, 2), (1, 1))
SHAPES = tuple(Shape(*size, raised) for size in _SIZES for raised in (True, False))


def shape_costs(network: IntegerNetwork, target: IntegerTarget) -> tuple[tuple[ShapeCost[Shape], ...], ...]:
    """For each layer the shapes of which none is both smaller and faster than another; none where it has no bodies.

    Raises `CapacityError` for a layer that no shape can write.
    """
    network = with_signed_inputs(network)
    plan = plan_tensors(network)
    found = list[tuple[ShapeCost[Shape], ...]]()
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        if isinstance(layer, IntegerConv):
            taken, made = plan.taken[i] or plan.values[sources[0]], plan.values[i + 1]
            other = None if layer.residual is None else PlacedTensor(plan.values[sources[1]], taken.size + made.size)
            task = Convolution(layer, i, taken, made, 0, 0, other)
            found.append(front(list(_costs(task, target))))
        else:
            found.append(())
    return tuple(found)


def _costs(task: Convolution, target: IntegerTarget) -> Iterator[ShapeCost[Shape]]:
    groups = dict[int, tuple[tuple[int, ...], ...]]()
    for shape in _fitting(task):
        if shape.channels not in groups:
            groups[shape.channels] = groups_of(task.layer, shape.channels)
        yield _cost(task, target, groups[shape.channels], shape)


def _cost(
    task: Convolution, target: IntegerTarget, groups: Sequence[tuple[int, ...]], shape: Shape
) -> ShapeCost[Shape]:
    left = np.count_nonzero(task.layer.body.weight, axis=1)
    weights = np.array([left[list(group)].sum() for group in groups])
    _, first = np.unique(weights, return_index=True)
    if len(groups) > _WRITTEN:
        first = first[np.linspace(0, len(first) - 1, min(_WRITTEN, len(first))).round().astype(int)]
        written = [_written(task, target, groups[k], shape) for k in first.tolist()]
        cycles, size = (np.interp(weights, weights[first], each).sum() for each in zip(*written))
    else:
        cycles, size = (sum(each) for each in zip(*(_written(task, target, group, shape) for group in groups)))
    return ShapeCost(shape, round(cycles), round(size))


def _written(task: Convolution, target: IntegerTarget, group: tuple[int, ...], shape: Shape) -> tuple[int, int]:
    """Cycles and bytes of a group."""
    writer = Writer(target, FACTOR)
    write_convolution(writer, task, (group,), shape)
    lines = lines_of(writer.rows)
    return cycles_of(target, lines), bytes_of(target, lines) + len(writer.pool)


def _fitting(task: Convolution) -> Iterator[Shape]:
    """Shapes that are no wider than a row, and have no more channels than the layer."""
    for shape in SHAPES:
        if shape.across <= task.made.width and shape.channels <= len(task.layer.body.bias):
            yield shape
