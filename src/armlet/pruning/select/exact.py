"""Remove weights one after another, each time the one that truly costs the least distance.

What a removal leaves unchanged is cached: it changes one unit's sums by a multiple of a column, and only what lies
behind that unit is evaluated. Mathematics: docs/mathematics.md, section 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from armlet.errors import InvariantError
from armlet.pruning.geometry.functional import Masks, Point, masked
from armlet.pruning.geometry.metric import CENTRED, OutputMetric, Reference, Shape
from armlet.pruning.select.activation_cache import F32, empty_cache, estimate_costs, evaluate, flat_shape
from armlet.pruning.select.quadratics import fit_quadratics
from armlet.pruning.select.savings import LayerSavings
from armlet.pruning.select.search import BLOCK, cheapest

_SORTING = 32  # steps between two sortings of the samples by residual


@dataclass(frozen=True, slots=True)
class Removal:
    """One step: the weight that was removed, and the work of finding it."""

    layer: int
    unit: int
    input: int
    cost: float  # what it adds to d^2
    samples_read: float  # per candidate, on average


def remove_exactly(
    point: Point,
    masks: Masks,
    reference: Reference,
    shape: Shape,
    count: int,
    savings: Sequence[LayerSavings] | None = None,
) -> tuple[Point, Masks, tuple[Removal, ...]]:
    """Remove `count` survivors, one a step: each has the least d of all that leave a path, for what it saves.

    Ties go to the earlier weight. Costs are float32 sums, so costs that differ by less than about 1e-6 count as equal.
    Raises `InvariantError` if fewer than `count` can be removed.
    """
    names = [(kind.value, slope) for kind, slope in shape.architecture.chain]
    search = ExactSearch(point, masks, reference, names, shape.output, savings)
    done = tuple(search.step() for _ in range(count))
    left = tuple(jnp.asarray(alive, jnp.float32) for alive in search.alive)
    return masked(point, left), left, done


class ExactSearch:
    """The state between steps: surviving weights, cached activations, and the last known cost of each weight."""

    def __init__(
        self,
        point: Point,
        masks: Masks,
        reference: Reference,
        activations: list[tuple[str, float]],
        output: OutputMetric,
        savings: Sequence[LayerSavings] | None = None,
    ) -> None:
        self.savings = savings
        self.alive = [np.asarray(mask) > 0 for mask in masks]
        self.biases = [np.asarray(bias) for _, bias in point]
        self.dense = np.array(reference.dense)  # a copy, because sorting reorders it
        self.shape = flat_shape([mask.shape for mask in self.alive], activations)
        weights = [np.where(alive, np.asarray(w), np.float32(0)) for alive, (w, _) in zip(self.alive, point)]
        self.cache = empty_cache(self.shape, weights, np.asarray(reference.x), *_root(reference, output))
        self.scale = len(self.dense) * float(reference.spread)
        self.steps = 0
        evaluate(self.shape, self.cache, self.biases, self.dense, 0)
        fit_quadratics(self.shape, self.cache)
        self.costs = estimate_costs(self.shape, self.cache)  # by place; replaced by true costs as they are computed

    def step(self) -> Removal:
        """Remove the cheapest weight that leaves a path."""
        if self.steps % _SORTING == 0:
            self._sort()
        self.steps += 1
        fit_quadratics(self.shape, self.cache)
        order = self._candidates()
        layers = np.searchsorted(self.shape.weight_at, order, side="right") - 1
        place, samples_read = cheapest(
            self.shape, self.cache, order, layers, self._remaining(), self.costs, self._saved()
        )
        if place < 0:
            raise InvariantError("every weight that is left carries the last path")
        layer = int(np.searchsorted(self.shape.weight_at, place, side="right")) - 1
        j, i = divmod(int(place - self.shape.weight_at[layer]), int(self.shape.widths[layer]))
        self.alive[layer][j, i] = False
        self.cache.weights[place] = 0
        evaluate(self.shape, self.cache, self.biases, self.dense, layer, j)
        return Removal(layer, j, i, float(self.costs[place]) / self.scale, samples_read / len(order))

    def _candidates(self) -> NDArray[np.int64]:
        """The places that may be removed, the cheapest by their last known cost first."""
        free = np.concatenate([(alive & ~last).ravel() for alive, last in zip(self.alive, last_of_path(self.alive))])
        places = np.flatnonzero(free)
        return places[np.argsort(self.costs[places], kind="stable")]

    def _saved(self) -> NDArray[np.float64]:
        """What each removal saves, by place: 1 without prices."""
        if self.savings is None:
            return np.ones(len(self.costs))
        layers = zip(self.savings, self.alive, strict=True)
        return np.concatenate([np.where(s.in_block(a), s.beside, s.alone).ravel() for s, a in layers])

    def _remaining(self) -> NDArray[np.float64]:
        """Squared residuals of each block of samples and all later ones: the most that these could give back."""
        squares = (self.cache.residual.astype(np.float64) ** 2).sum(axis=0)
        blocks = np.add.reduceat(squares, np.arange(0, len(squares), BLOCK))
        return np.append(np.cumsum(blocks[::-1])[::-1], 0.0)

    def _sort(self) -> None:
        """Put samples of large residuals first, so that the remaining ones can give back little."""
        order = np.argsort(-(self.cache.residual**2).sum(axis=0), kind="stable")
        self.dense[:] = self.dense[order]
        cache = self.cache
        for array in (cache.values, cache.sums, cache.residual, cache.weigh, cache.centre):
            array[:] = array[:, order]


def _root(reference: Reference, output: OutputMetric) -> tuple[F32, F32]:
    """R of the output metric at each sample, as `ActivationCache` holds it."""
    if output is OutputMetric.LOGITS:
        nothing = np.empty((0, len(reference.x)), np.float32)
        return nothing, nothing.copy()
    q = np.array(reference.root_weights(output).T, order="C")
    if output is OutputMetric.VALUES:
        return q, np.zeros_like(q)
    return np.sqrt(q), np.float32(CENTRED[output]) * q


def last_of_path(alive: list[NDArray[np.bool_]]) -> list[NDArray[np.bool_]]:
    """Mark in each layer the weight without which no path from an input to an output is left, if there is one."""
    forth: list[NDArray[np.bool_]] = [np.ones(alive[0].shape[1], bool)]
    for open_ in alive:
        forth.append(np.any(open_ & forth[-1], axis=1, keepdims=False))
    back: list[NDArray[np.bool_]] = [np.ones(len(alive[-1]), bool)]
    for open_ in reversed(alive):
        back.append(np.any(open_ & back[-1][:, None], axis=0, keepdims=False))
    on_path = [open_ & f & b[:, None] for open_, f, b in zip(alive, forth, back[-2::-1])]
    return [on & (np.count_nonzero(on) == 1) for on in on_path]
