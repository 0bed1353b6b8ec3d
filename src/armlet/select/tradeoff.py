"""Trades cycles for bytes: bodies of one shape for each layer, from the fastest program to the smallest.

Each step from one program to the next saves the bytes that cost fewest cycles. The first steps may save many bytes for
a few cycles, fewer than the estimate of cycles is off by: these steps are always taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

SHAPE = TypeVar("SHAPE")
_AS_FAST = 1.002  # cycles of whole networks, counted by some groups of channels, are off by 0.2 %


@dataclass(frozen=True, slots=True)
class ShapeCost(Generic[SHAPE]):
    """What a layer costs in bodies of one shape."""

    shape: SHAPE
    cycles: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Mix(Generic[SHAPE]):
    """A shape for each layer, and what all bodies cost."""

    shapes: tuple[SHAPE, ...]
    cycles: int
    bytes: int


def front(costs: Sequence[ShapeCost[SHAPE]]) -> tuple[ShapeCost[SHAPE], ...]:
    """From the fastest on, those of which none is both smaller and no slower than another."""
    best = list[ShapeCost[SHAPE]]()
    for cost in sorted(costs, key=lambda cost: (cost.cycles, cost.bytes)):
        if not best or cost.bytes < best[-1].bytes:
            best.append(cost)
    return tuple(best)


def mixes_of(costs: Sequence[Sequence[ShapeCost[SHAPE]]], none: SHAPE) -> list[Mix[SHAPE]]:
    """From the fastest to the smallest; `costs` are fronts, `none` is the shape of a layer that has no bodies."""
    at, found = [0] * len(costs), list[Mix[SHAPE]]()
    while True:
        chosen = [some[k] if some else ShapeCost(none, 0, 0) for some, k in zip(costs, at)]
        shapes, cycles, sizes = zip(*((each.shape, each.cycles, each.bytes) for each in chosen))
        found.append(Mix(shapes, sum(cycles), sum(sizes)))
        steps = {
            (i, k): (some[k].cycles - some[at[i]].cycles) / (some[at[i]].bytes - some[k].bytes)
            for i, some in enumerate(costs)
            for k in range(at[i] + 1, len(some))
        }
        if not steps:
            return found
        i, k = min(steps, key=lambda step: (steps[step], step))
        at[i] = k


def from_fastest(mixes: Sequence[Mix[SHAPE]]) -> list[Mix[SHAPE]]:
    """The mixes from the smallest on that is as fast as the first, within the error of the estimate."""
    return [*mixes[sum(mix.cycles <= _AS_FAST * mixes[0].cycles for mix in mixes) - 1 :]]
