"""The order of dense layers by their shapes, where their names do not tell it: input, hidden, output."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

_MOST = 12  # layers, and steps enough for them
_STEPS = 10_000

Shapes: TypeAlias = Sequence[tuple[int, ...]]  # of weights


def orders_by_shapes(shapes: Shapes, biases: Sequence[int | None], layouts: Sequence[bool]) -> list[list[int]]:
    """The orders in which each layer takes what the one before gives, for each of the layouts (inputs first, or not).

    A layout gives its order if just one fits, or if the order that the layers have does. `biases` are their lengths.
    """
    found = list[list[int]]()
    for inputs_first in layouts:
        turned = [shape[::-1] if inputs_first else shape for shape in shapes]
        if any(bias is not None and bias != shape[0] for shape, bias in zip(turned, biases)):
            continue
        if all(after[1] == before[0] for before, after in pairwise(turned)):
            found.append([*range(len(shapes))])
        elif len(turned) <= _MOST and (order := _only_order(turned)):
            found.append(order)
    return found


def _only_order(shapes: Shapes) -> list[int] | None:
    """The one order of layers, outputs x inputs, in which they meet; None where there is none or another."""
    found, roads, steps = list[tuple[int, ...]](), [(i,) for i in range(len(shapes))], 0
    while roads and len(found) < 2 and steps < _STEPS:
        road, steps = roads.pop(), steps + 1
        if len(road) == len(shapes):
            found.append(road)
        roads += [(*road, i) for i in range(len(shapes)) if i not in road and shapes[i][1] == shapes[road[-1]][0]]
    return [*found[0]] if len(found) == 1 and steps < _STEPS else None
