"""Removals one after another, each the one that truly costs the least distance.

What a removal does not disturb is cached: it changes one unit's sums by a multiple of a column, and only what lies
behind that unit is evaluated. Mathematics: docs/mathematics.md, section 3.
"""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from armlet.errors import InvariantError
from armlet.manifold.functional import Masks, Point, masked
from armlet.manifold.metric import CENTRED, OutputMetric, Reference, Shape
from armlet.manifold.select.rest import evaluate, guess, plan_of, still_of
from armlet.manifold.select.search import BLOCK, cheapest
from armlet.manifold.select.still import F32, foretell

_SORTING = 32  # steps between two sortings of the samples, widest residuals first


@dataclass(frozen=True, slots=True)
class Removal:
    """One step: the place that was removed, and what it took to find it."""

    layer: int
    unit: int
    input: int
    cost: float  # what it adds to d^2
    looked: float  # samples looked at for each candidate, on average


def remove_exactly(
    point: Point, masks: Masks, reference: Reference, shape: Shape, count: int
) -> tuple[Point, Masks, tuple[Removal, ...]]:
    """The point without `count` survivors, one a step: each has the least d of all that leave a path.

    Ties fall to the earlier weight. Costs are sums of float32: such as differ by less than about 1e-6 are alike.
    Raises `InvariantError` where fewer than `count` can go.
    """
    names = [(kind.value, slope) for kind, slope in shape.activations]
    search = Search(point, masks, reference, names, shape.output)
    done = tuple(search.step() for _ in range(count))
    left = tuple(jnp.asarray(alive, jnp.float32) for alive in search.alive)
    return masked(point, left), left, done


class Search:
    """What stays from one step to the next: the weights left, the samples at rest, and what each weight last cost."""

    def __init__(
        self,
        point: Point,
        masks: Masks,
        reference: Reference,
        activations: list[tuple[str, float]],
        output: OutputMetric,
    ) -> None:
        self.alive = [np.asarray(mask) > 0 for mask in masks]
        self.biases = [np.asarray(bias) for _, bias in point]
        self.home = np.array(reference.home)  # a copy, in an order of its own
        self.plan = plan_of([mask.shape for mask in self.alive], activations)
        weights = [np.where(alive, np.asarray(w), np.float32(0)) for alive, (w, _) in zip(self.alive, point)]
        self.still = still_of(self.plan, weights, np.asarray(reference.x), *_root(reference, output))
        self.scale = len(self.home) * float(reference.spread)
        self.steps = 0
        evaluate(self.plan, self.still, self.biases, self.home, 0)
        foretell(self.plan, self.still)
        self.costs = guess(self.plan, self.still)  # by place; the true ones as they are met

    def step(self) -> Removal:
        """Remove the cheapest weight that leaves a path."""
        if self.steps % _SORTING == 0:
            self._sort()
        self.steps += 1
        foretell(self.plan, self.still)
        order = self._candidates()
        layers = np.searchsorted(self.plan.weight_at, order, side="right") - 1
        place, looked = cheapest(self.plan, self.still, order, layers, self._left(), self.costs)
        if place < 0:
            raise InvariantError("every weight that is left carries the last path")
        layer = int(np.searchsorted(self.plan.weight_at, place, side="right")) - 1
        j, i = divmod(int(place - self.plan.weight_at[layer]), int(self.plan.widths[layer]))
        self.alive[layer][j, i] = False
        self.still.rows[place] = 0
        evaluate(self.plan, self.still, self.biases, self.home, layer, j)
        return Removal(layer, j, i, float(self.costs[place]) / self.scale, looked / len(order))

    def _candidates(self) -> NDArray[np.int64]:
        """Places that may go, those that were cheap before first."""
        free = np.concatenate([(alive & ~last).ravel() for alive, last in zip(self.alive, last_of_path(self.alive))])
        places = np.flatnonzero(free)
        return places[np.argsort(self.costs[places], kind="stable")]

    def _left(self) -> NDArray[np.float64]:
        """Squared residuals of each block of samples and all later ones: what these could give back at most."""
        squares = (self.still.residual.astype(np.float64) ** 2).sum(axis=0)
        blocks = np.add.reduceat(squares, np.arange(0, len(squares), BLOCK))
        return np.append(np.cumsum(blocks[::-1])[::-1], 0.0)

    def _sort(self) -> None:
        """Samples of wide residuals first, so that little can be given back by the rest."""
        order = np.argsort(-(self.still.residual**2).sum(axis=0), kind="stable")
        self.home[:] = self.home[order]
        for array in (self.still.values, self.still.columns, self.still.residual, self.still.weigh, self.still.centre):
            array[:] = array[:, order]


def _root(reference: Reference, output: OutputMetric) -> tuple[F32, F32]:
    """R of the output metric at each sample, as `Still` holds it."""
    if output is OutputMetric.LOGITS:
        nothing = np.empty((0, len(reference.x)), np.float32)
        return nothing, nothing.copy()
    q = np.array(reference.weighed(output).T, order="C")
    if output is OutputMetric.VALUES:
        return q, np.zeros_like(q)
    return np.sqrt(q), np.float32(CENTRED[output]) * q


def last_of_path(alive: list[NDArray[np.bool_]]) -> list[NDArray[np.bool_]]:
    """In each layer the weight without which no path from an input to an output is left, if there is one."""
    forth: list[NDArray[np.bool_]] = [np.ones(alive[0].shape[1], bool)]
    for open_ in alive:
        forth.append(np.any(open_ & forth[-1], axis=1, keepdims=False))
    back: list[NDArray[np.bool_]] = [np.ones(len(alive[-1]), bool)]
    for open_ in reversed(alive):
        back.append(np.any(open_ & back[-1][:, None], axis=0, keepdims=False))
    walked = [open_ & f & b[:, None] for open_, f, b in zip(alive, forth, back[-2::-1])]
    return [on & (np.count_nonzero(on) == 1) for on in walked]
